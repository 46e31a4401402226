//! `flarekeep fix`.

use crate::support::{Local, block_on, shows};

#[test]
fn the_value_stays_and_the_check_passes() {
    let local = Local::start();
    let value = local.narrow_token();
    let before = local.tokens().remove(0);
    shows!("fix", local.run("fix --recipe saas-platform --yes").ended(0));
    assert_eq!(local.value_in(".env"), value);
    assert!(local.is_alive(&value));
    local.run("check --recipe saas-platform").ended(0);
    let after = local.tokens().remove(0);
    assert_eq!((after.id, &after.name, &after.condition), (before.id, &before.name, &before.condition));
    shows!("fix_again", local.run("fix --recipe saas-platform --yes").ended(0));
    assert_eq!(local.tokens().remove(0).policies.len(), after.policies.len());
}

#[test]
fn as_a_document() {
    let local = Local::start();
    local.narrow_token();
    let document = local.run("fix --recipe saas-platform --yes --json").ended(0).json();
    assert_eq!(document["added"].as_array().map(Vec::len), Some(6), "{document:#}");
    assert_eq!(document["check"]["passed"], 8);
    let document = local.run("fix --recipe saas-platform --yes --json").ended(0).json();
    assert_eq!(document["added"], serde_json::json!([]));
}

#[test]
fn dry_run_and_nobody_to_ask() {
    let local = Local::start();
    local.narrow_token();
    let before = local.emulator.state_hash();
    shows!("fix_dry_run", local.run("fix --recipe saas-platform --dry-run").ended(0));
    shows!("fix_without_yes", local.run("fix --recipe saas-platform").failed(2));
    let document = local.run("fix --recipe saas-platform --dry-run --json").ended(0).json();
    assert_eq!(document["dry_run"], true);
    assert_eq!(local.emulator.state_hash(), before);
    local.run("fix --yes").failed(2);
}

#[test]
fn an_accounts_token() {
    let local = Local::start();
    let value = local.token("--name shared --owner account --operation 'POST /accounts/{account_id}/r2/buckets'");
    let line = "fix --operation 'PUT /accounts/{account_id}/workers/scripts/{script_name}' --yes";
    shows!("fix_account", local.run(line).ended(0));
    assert_eq!(local.value_in(".env"), value);
    assert!(local.is_alive(&value));
}

#[test]
fn by_a_token_that_may_not() {
    let mut local = Local::start();
    local.narrow_token();
    local.forget_the_key();
    let before = local.emulator.state_hash();
    shows!("fix_not_allowed", local.run("fix --recipe saas-platform --yes").ended(1));
    assert_eq!(local.emulator.state_hash(), before);
}

#[test]
fn what_no_token_can_be_given() {
    let local = Local::start();
    local.token("--name shared --owner account --operation 'POST /accounts/{account_id}/r2/buckets'");
    shows!("fix_impossible", local.run("fix --operation 'GET /user/tokens' --yes").ended(2));
}

#[test]
fn with_a_token_kept_for_managing() {
    let mut local = Local::start();
    local.run("token create --name minter --permission 'User:API Tokens:Edit' --to env:minter.env --yes").ended(0);
    let minter = local.value_in("minter.env");
    let value = local.narrow_token();
    local.forget_the_key();
    let run = local.type_("fix --recipe saas-platform --yes").env("FLAREKEEP_ADMIN_TOKEN", &minter).run();
    run.ended(0);
    assert_eq!(local.value_in(".env"), value);
    local.run("check --recipe saas-platform").ended(0);
}

#[test]
fn what_a_policy_withholds() {
    let local = Local::start();
    local.token("--name dns --operation 'POST /zones/{zone_id}/dns_records'");
    let token = local.tokens().remove(0);
    let mut update = flarekeep_cloudflare::TokenUpdate::from(&token);
    let mut deny = update.policies[0].clone();
    deny.effect = flarekeep_cloudflare::Effect::Deny;
    update.policies.push(deny);
    let tokens = local.admin().tokens(flarekeep_cloudflare::Owner::User);
    crate::support::block_on(tokens.update(token.id, &update)).unwrap();
    let before = local.emulator.state_hash();
    let run = local.run("fix --operation 'POST /zones/{zone_id}/dns_records' --yes").ended(2);
    assert_eq!(local.emulator.state_hash(), before);
    shows!("fix_withheld", run);
}

/// What somebody took away between the showing and the making is not brought back.
#[test]
fn a_change_that_somebody_made_meanwhile_is_kept() {
    use flarekeep_catalogue::operation;
    use flarekeep_cloudflare::{Owner, TokenUpdate};
    use flarekeep_planner::{Need, Options, Target, plan};
    use flarekeep_policy::UnixSeconds;
    use flarekeep_tokens::Wish;

    let local = Local::start();
    local.token("--name x --permission 'DNS Write'");
    let token = local.tokens().pop().unwrap();
    let zone = crate::support::ZONE.parse().ok();
    let resource = Target { account: Some(local.facts.account_id), zone, ..Target::default() };
    let operation = operation("GET /zones/{zone_id}/workers/routes").unwrap();
    let need = Need { operation, resource, why: String::new(), origin: String::new() };
    let owner = flarekeep_policy::Owner::User(local.facts.user_id);
    let work = plan(&[need], &Options::new(owner));
    let admin = local.admin();
    let now = UnixSeconds(jiff::Timestamp::now().as_second());
    let fix = block_on(flarekeep_tokens::propose(&admin, Owner::User, token.id, &Wish::of(&work), now)).unwrap();
    let renamed = TokenUpdate { name: "y".to_owned(), ..TokenUpdate::from(&token) };
    block_on(admin.tokens(Owner::User).update(token.id, &renamed)).unwrap();
    let refused = block_on(flarekeep_tokens::settle(&admin, &fix));
    assert!(matches!(refused, Err(flarekeep_tokens::Error::Changed(_))), "{refused:?}");
    assert_eq!(local.tokens().pop().unwrap().name, "y");
}

/// Groups of the user take effect at that user's own id, which is asked for.
#[test]
fn what_is_missing_at_the_user() {
    let local = Local::start();
    local.token("--name x --permission 'DNS Write'");
    let missed = local.run("check --operation 'GET /user/tokens'").ended(1);
    assert!(missed.shown().contains("add API Tokens Read at the user"), "{}", missed.shown());
    local.run("fix --operation 'GET /user/tokens' --yes").ended(0);
    local.run("check --operation 'GET /user/tokens'").ended(0);
}
