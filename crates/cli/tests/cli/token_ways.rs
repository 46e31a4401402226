//! The ways to a new token: with the Global API key, with a token that may make tokens, by hand; its name on each.

use flarekeep_cloudflare::Owner;
use flarekeep_emulator::{Ceiling, Options};

use crate::support::{ACCOUNT, Local, ZONE, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";
const DNS: &str = "--operation 'POST /zones/{zone_id}/dns_records'";

/// A home where nothing but the address of the API is known.
fn bare() -> Local {
    let mut local = Local::start();
    for name in ["CLOUDFLARE_EMAIL", "CLOUDFLARE_API_KEY", "CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_ZONE_ID"] {
        local.set(name, "");
    }
    local
}

#[test]
fn with_the_options_of_the_guide() {
    let local = bare();
    let key = local.facts.global_key.clone();
    let line = format!(
        "token create --recipe saas-platform --email ada@example.com --global-key {key} --account-id {ACCOUNT} --zone-id {ZONE} \
         --name 'GETAIPAGE SaaS Token' --to env:.env --yes"
    );
    shows!("token_create_guide_options", local.type_(&line).hiding(&key).run().ended(0));
    assert!(local.is_alive(&local.value_in(".env")));
    assert_eq!(local.tokens()[0].name, "GETAIPAGE SaaS Token");
}

#[test]
fn with_the_variables_of_the_guide() {
    let local = bare();
    let run = local
        .type_("token create --recipe saas-platform --name 'GETAIPAGE SaaS Token' --to env:.env --yes")
        .env("CLOUDFLARE_EMAIL", "ada@example.com")
        .env("CLOUDFLARE_GLOBAL_KEY", &local.facts.global_key)
        .env("CLOUDFLARE_ACCOUNT_ID", ACCOUNT)
        .env("CLOUDFLARE_ZONE_ID", ZONE)
        .run();
    run.ended(0);
    assert!(local.is_alive(&local.value_in(".env")));
}

#[test]
fn with_a_users_token_that_makes_tokens() {
    let mut local = Local::start();
    // The guide's own spelling of the permission.
    local.run("token create --name a-b-c --permission 'User:API Tokens:Edit' --to env:minter.env --yes").ended(0);
    let minter = local.value_in("minter.env");
    local.forget_the_key();
    let line = format!(
        "token create --account-id {ACCOUNT} --zone-id {ZONE} --name 'GETAIPAGE Token' {R2} --to env:.env --yes"
    );
    local.type_(&line).env("CLOUDFLARE_API_TOKEN", &minter).run().ended(0);
    assert!(local.is_alive(&local.value_in(".env")));
}

#[test]
fn with_an_accounts_token_that_makes_tokens() {
    let mut local = Local::start();
    let minting = "--permission 'Account API Tokens Write' --permission 'Workers R2 Storage Write'";
    local.run(&format!("token create --owner account --name a-b-c {minting} --to env:minter.env --yes")).ended(0);
    let minter = local.value_in("minter.env");
    assert!(minter.starts_with("cfat_"));
    local.forget_the_key();
    let line = format!("token create --owner account --name shop-r2-prod {R2} --to env:.env --yes");
    local.type_(&line).env("CLOUDFLARE_API_TOKEN", &minter).run().ended(0);
    let child = local.value_in(".env");
    assert!(child.starts_with("cfat_") && local.is_alive(&child));
    assert_eq!(local.account_tokens().len(), 2);
    // A token without Account API Tokens Write is told what it lacks.
    let line = format!("token create --owner account --name shop-x-prod {R2} --to env:x.env --yes");
    let run = local.type_(&line).env("CLOUDFLARE_API_TOKEN", &child).run();
    shows!("token_create_account_by_narrow_token", run.failed(3));
}

#[test]
fn what_its_maker_does_not_hold_is_explained() {
    for (ceiling, name) in
        [(Ceiling::Observed, "token_create_ceiling"), (Ceiling::Strict, "token_create_ceiling_strict")]
    {
        let mut local = Local::with(Options { ceiling, ..Options::default() });
        let minting = "--permission 'Account API Tokens Write'";
        local.run(&format!("token create --owner account --name a-b-c {minting} --to env:minter.env --yes")).ended(0);
        let minter = local.value_in("minter.env");
        local.forget_the_key();
        let line = format!("token create --owner account --name shop-dns-prod {DNS} --to env:.env --yes");
        let run = local.type_(&line).env("CLOUDFLARE_API_TOKEN", &minter).run();
        shows!(name, run.failed(3).says("Permission group: \"DNS Write\""));
        assert_eq!(local.account_tokens().len(), 1);
        assert!(!local.path(".env").exists());
    }
}

#[test]
fn one_token_too_many_is_explained() {
    let local = Local::with(Options { tokens_per_user: 1, ..Options::default() });
    local.narrow_token();
    let run = local.run(&format!("token create --name shop-r2-prod {R2} --to env:.env --yes"));
    shows!("token_create_quota", run.failed(2));
}

#[test]
fn a_name_is_built_of_its_parts() {
    let local = Local::start();
    let make = |rest: &str| local.run(&format!("token create {R2} --to env:.env --yes {rest}"));
    make("--project shop --purpose media-upload --environment prod").ended(0);
    assert_eq!(local.tokens()[0].name, "shop-media-upload-prod");
    // The purpose is the recipe's name unless one is given.
    local
        .run("token create --recipe saas-platform --project shop --environment dev --dry-run")
        .ended(0)
        .says("shop-saas-platform-dev");
    // A name that is typed goes before, and one that is not by custom is remarked on.
    shows!(
        "token_create_name_overrides",
        make("--name Mine --project shop --purpose x --environment prod --dry-run").ended(0)
    );
    shows!("token_create_bad_part", make("--project Shop --purpose x --environment prod").failed(2));
    shows!("token_create_part_missing", make("--project shop --purpose x").ended(2));
    shows!("token_create_no_purpose", make("--project shop --environment prod").failed(2));
    assert_eq!(local.tokens().len(), 1);
}

#[test]
fn ci_is_advised_to_take_an_accounts_token() {
    let local = Local::start();
    local.write(
        ".github/workflows/deploy.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n          curl -X POST \
         https://api.cloudflare.com/client/v4/zones/$ZONE/purge_cache -H \"Authorization: Bearer $TOKEN\"\n",
    );
    let line = "token create --workflow .github/workflows/deploy.yml --name shop-deploy-ci --dry-run";
    local.run(line).ended(0).says("--owner account");
    let run = local.run(&format!("{line} --owner account")).ended(0);
    assert!(!run.stderr.contains("ends with its user's membership"), "{}", run.shown());
    let run = local.run(&format!("token create {R2} --name shop-r2-dev --dry-run")).ended(0);
    assert!(!run.stderr.contains("ends with its user's membership"), "{}", run.shown());
}

#[test]
fn by_hand_shows_the_steps() {
    let local = Local::start();
    let before = local.emulator.state_hash();
    shows!(
        "token_create_by_hand",
        local.run(&format!("token create --by-hand {R2} --project shop --purpose r2 --environment prod")).ended(0)
    );
    assert_eq!(local.emulator.state_hash(), before);
    local.run("token create --by-hand --permission 'DNS Read' --name a-b-c").failed(2);
    local.run("token create --value-from - --recipe saas-platform").ended(2);
}

#[test]
fn by_hand_a_value_is_checked_and_delivered() {
    let mut local = Local::start();
    let value = local.narrow_token();
    local.forget_the_key();
    std::fs::remove_file(local.path(".env")).unwrap();
    let take = |work: &str| {
        let line = format!("token create --by-hand --value-from - {work} --to env:.env --yes");
        local.type_(&line).stdin(&format!("{value}\n")).run()
    };
    shows!("token_create_by_hand_taken", take(R2).ended(0));
    assert_eq!(local.value_in(".env"), value);
    std::fs::remove_file(local.path(".env")).unwrap();
    shows!("token_create_by_hand_lacking", take(DNS).ended(1));
    assert!(!local.path(".env").exists());
    let tokens = local.tokens_of(Owner::User);
    assert_eq!(tokens.len(), 1);
    crate::support::block_on(local.admin().tokens(Owner::User).delete(tokens[0].id)).unwrap();
    shows!("token_create_by_hand_dead", take(R2).failed(3));
    shows!(
        "token_create_by_hand_nothing",
        local.type_(&format!("token create --by-hand --value-from - {R2} --to env:.env --yes")).run().failed(2)
    );
    assert!(!local.path(".env").exists());
}
