//! `flarekeep token create`.

use std::os::unix::fs::PermissionsExt;

use flarekeep_cloudflare::{Effect, Token};

use crate::support::{Local, shows};

const R2: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";

/// The groups that a token holds, in order.
fn groups(token: &Token) -> Vec<String> {
    let groups = token.policies.iter().flat_map(|policy| &policy.permission_groups);
    let mut names: Vec<String> = groups.filter_map(|group| group.name.clone()).collect();
    names.sort();
    names
}

#[test]
fn for_a_recipe() {
    let local = Local::start();
    shows!(
        "token_create_recipe",
        local.run("token create --recipe saas-platform --to env:.env --yes --expires 2999-01-31").ended(0)
    );
    let [token] = &local.tokens()[..] else { panic!("one token was made") };
    assert_eq!(token.name, "flarekeep-saas-platform", "the mark is off");
    assert_eq!(token.expires_on.unwrap().to_string(), "2999-01-31T00:00:00Z");
    assert_eq!(groups(token).len(), 7);
    assert!(token.policies.iter().all(|policy| policy.effect == Effect::Allow));
    let value = local.value_in(".env");
    assert!(value.starts_with("cfut_") && local.is_alive(&value));
    assert_eq!(std::fs::metadata(local.path(".env")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn of_an_account() {
    let local = Local::start();
    shows!(
        "token_create_account",
        local.run(&format!("token create --owner account --name r2 {R2} --to file:value --yes")).ended(0)
    );
    assert!(local.tokens().is_empty());
    assert_eq!(local.account_tokens().len(), 1);
    let value = local.read("value");
    assert!(value.starts_with("cfat_") && value.ends_with('\n') && value.len() == 54);
    assert!(local.is_alive(value.trim()));
}

#[test]
fn as_a_document() {
    let local = Local::start();
    let run = local.run(&format!("token create --name r2 {R2} --to env:.env --yes --json")).ended(0);
    let document = run.json();
    assert_eq!(document["token"]["id"], local.tokens()[0].id.to_string());
    shows!("token_create_json", run);
}

#[test]
fn dry_run_shows_and_does_nothing() {
    let local = Local::start();
    let before = local.emulator.state_hash();
    shows!("token_create_dry_run", local.run("token create --recipe saas-platform --dry-run").ended(0));
    let run = local.run(&format!("token create --name r2 {R2} --to env:.env --dry-run --json")).ended(0);
    assert_eq!(run.json()["dry_run"], true);
    shows!("token_create_dry_run_json", run);
    assert_eq!(local.emulator.state_hash(), before);
    assert!(!local.path(".env").exists());
}

#[test]
fn nobody_can_be_asked() {
    let local = Local::start();
    shows!("token_create_without_yes", local.run(&format!("token create --name r2 {R2} --to env:.env")).failed(2));
    shows!("token_create_without_sink", local.run(&format!("token create --name r2 {R2} --yes")).failed(2));
    shows!(
        "token_create_stdout_and_json",
        local.run(&format!("token create --name r2 {R2} --to - --json --yes")).failed(2)
    );
    shows!("token_create_without_name", local.run(&format!("token create {R2} --to env:.env --yes")).failed(2));
    shows!("token_create_without_work", local.run("token create --name x --to env:.env --yes").failed(2));
    let long = "x".repeat(121);
    local.run(&format!("token create --name {long} {R2} --to env:.env --yes")).ended(2);
    assert!(local.tokens().is_empty() && !local.path(".env").exists());
}

#[test]
fn on_standard_output_there_is_the_value_alone() {
    let local = Local::start();
    let run = local.type_(&format!("token create --name r2 {R2} --to - --yes")).asking_for_the_value().run().ended(0);
    let value = run.stdout.strip_suffix('\n').unwrap();
    assert!(value.len() == 53 && value.starts_with("cfut_") && local.is_alive(value));
    assert!(!run.stderr.contains(value));
    shows!("token_create_stdout", run);
}

#[test]
fn a_command_reads_the_value_on_its_standard_input() {
    let local = Local::start();
    let run = local.run(&format!("token create --name r2 {R2} --to 'command:cat > taken' --yes")).ended(0);
    shows!("token_create_command", run);
    let value = local.read("taken");
    assert!(local.is_alive(value.trim_end()));
    // What the command prints goes to standard error: standard output belongs to the document.
    let run = local
        .run(&format!("token create --name r2b {R2} --to 'command:echo hello; cat > taken' --yes --json"))
        .ended(0);
    run.json();
    assert!(run.stderr.contains("hello"));
}

#[test]
fn permissions_in_every_spelling() {
    let local = Local::start();
    let spellings = "--permission 'Account:Cloudflare R2:Edit' --permission 'Zone:Custom Hostnames:Edit' --permission 'Zone:Cloudflare Workers Routes:Edit' --permission 'DNS Edit' --permission 'Zone:Zone:Read'";
    shows!(
        "token_create_permissions",
        local.run(&format!("token create --name seeds {spellings} --to env:.env --yes")).ended(0)
    );
    assert_eq!(
        groups(&local.tokens()[0]),
        ["DNS Write", "SSL and Certificates Write", "Workers R2 Storage Write", "Workers Routes Write", "Zone Read"]
    );
    // A user's group stands at the user whose id the credential knows.
    local.run("token create --name minter --permission 'User:API Tokens:Edit' --to env:.env --yes").ended(0);
    let minter = local.tokens().into_iter().find(|token| token.name == "minter").unwrap();
    assert!(minter.policies[0].resources.contains_key(&format!("com.cloudflare.api.user.{}", local.facts.user_id)));
}

#[test]
fn permissions_that_name_no_single_group() {
    let local = Local::start();
    shows!(
        "token_create_ambiguous",
        local.run("token create --name x --permission 'Logs Read' --to env:.env --yes").ended(2)
    );
    local.run("token create --name x --permission 'zone:Logs Read' --to env:.env --yes").ended(0);
    assert_eq!(groups(&local.tokens()[0]), ["Logs Read"]);
    shows!(
        "token_create_unknown_permission",
        local.run("token create --name y --permission 'Worker Scripts Writ' --to env:.env --yes").failed(2)
    );
    assert_eq!(local.tokens().len(), 1);
}

#[test]
fn with_an_end_and_an_address() {
    let local = Local::start();
    let now = jiff::Timestamp::now();
    local
        .run(&format!(
            "token create --name ends {R2} --expires 90d --allow-ip 127.0.0.0/8 --allow-ip ::1 --to env:.env --yes"
        ))
        .ended(0);
    let [token] = &local.tokens()[..] else { panic!("one token was made") };
    let hours = token.expires_on.unwrap().duration_since(now).as_hours();
    assert!((90 * 24 - 1..=90 * 24).contains(&hours), "{hours}");
    let ip = token.condition.clone().unwrap().request_ip.unwrap();
    let within: Vec<String> = ip.within.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(within, ["127.0.0.0/8", "::1/128"]);
    assert_eq!(ip.not_within, None);
    assert!(local.is_alive(&local.value_in(".env")));
    shows!(
        "token_create_bad_expiry",
        local.run(&format!("token create --name x {R2} --expires yesterday --to env:.env --yes")).failed(2)
    );
    shows!(
        "token_create_past_expiry",
        local.run(&format!("token create --name x {R2} --expires 2001-01-01 --to env:.env --yes")).failed(2)
    );
    shows!(
        "token_create_bad_range",
        local.run(&format!("token create --name x {R2} --allow-ip 10.0.0.0/40 --to env:.env --yes")).ended(2)
    );
    assert_eq!(local.tokens().len(), 1);
}

#[test]
fn by_a_token_that_may_create_tokens() {
    let mut local = Local::start();
    local.run("token create --name minter --permission 'User:API Tokens:Edit' --to env:minter.env --yes").ended(0);
    let minter = local.value_in("minter.env");
    local.forget_the_key();
    let run = local
        .type_(&format!("token create --name child {R2} --to env:.env --yes"))
        .env("CLOUDFLARE_API_TOKEN", &minter)
        .run();
    shows!("token_create_by_token", run.ended(0));
    assert!(local.is_alive(&local.value_in(".env")));
    // And one that may not is told so.
    let narrow = local.value_in(".env");
    let run = local
        .type_(&format!("token create --name grandchild {R2} --to env:x.env --yes"))
        .env("CLOUDFLARE_API_TOKEN", &narrow)
        .run();
    shows!("token_create_by_narrow_token", run.failed(3));
    assert!(!local.path("x.env").exists());
}

#[test]
fn as_documented() {
    let local = Local::start();
    local.run("token create --recipe saas-platform --as-documented --to env:.env --yes").ended(0);
    assert_eq!(groups(&local.tokens()[0]).len(), 8);
}

#[test]
fn what_a_stopped_run_left_is_mentioned() {
    let local = Local::start();
    local.narrow_token();
    let policies = local.tokens()[0].policies.clone();
    let name = "x (pending 0123abcd)".to_owned();
    let left = flarekeep_cloudflare::NewToken { name, policies, ..Default::default() };
    let tokens = local.admin().tokens(flarekeep_cloudflare::Owner::User);
    crate::support::block_on(tokens.create(&left)).unwrap();
    shows!(
        "token_create_after_a_stopped_run",
        local.run(&format!("token create --name x {R2} --to env:.env --yes")).ended(0)
    );
    local.run(&format!("token create --name x {R2} --to file:other --yes")).ended(0).says("of this name already");
    shows!(
        "token_create_marked_name",
        local.run(&format!("token create --name 'x (pending 0123abcd)' {R2} --to file:third --yes")).failed(2)
    );
}

#[test]
fn the_same_command_twice_loses_nothing() {
    let local = Local::start();
    local.narrow_token();
    let value = local.value_in(".env");
    let line = format!("token create --name story {R2} --to env:./.env --yes");
    shows!("token_create_twice", local.run(&line).failed(2));
    assert!(local.value_in(".env") == value && local.is_alive(&value) && local.tokens().len() == 1);
    local.run("token rotate story --yes").ended(0);
    local.run("token revoke story --yes").ended(0);
    local.run(&line).ended(0);
}
