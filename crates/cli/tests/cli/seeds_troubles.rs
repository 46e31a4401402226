//! The troubles that guides to Cloudflare's tokens list, each brought about on the emulator and gone through as a user
//! would: what is seen, what `check` and `why` say of it, the command that mends it, and the mended state.

use flarekeep_cloudflare::{Client, Credential, Owner, TokenUpdate};
use flarekeep_emulator::{BarredAnswer, Options};

use crate::support::{ACCOUNT, Local, OTHER_ZONE, Run, ZONE, block_on, fresh_value};

const BUCKETS: &str = "--operation 'POST /accounts/{account_id}/r2/buckets'";
const SCRIPTS: &str = "--operation 'PUT /accounts/{account_id}/workers/scripts/{script_name}'";
const ROUTES: &str = "--operation 'GET /zones/{zone_id}/workers/routes'";
const RECORDS: &str = "--operation 'GET /zones/{zone_id}/dns_records'";

/// What the value in `.env` gets for a call.
fn called(local: &Local, method: &str, path: &str) -> Result<serde_json::Value, flarekeep_cloudflare::Error> {
    let token = Credential::token(&local.value_in(".env")).unwrap();
    let client = Client::builder(token).base_url(&local.running.api_url()).unpaced().build().unwrap();
    block_on(client.request(method.parse().unwrap(), path).send())
}

/// The causes that an answer of `why` names, however its document is built.
#[track_caller]
fn names(run: &Run, cause: &str) {
    assert!(run.json().to_string().contains(&format!("\"{cause}\"")), "{cause} is not named:\n{}", run.shown());
}

fn records() -> String {
    format!("/zones/{ZONE}/dns_records")
}

/// "Works for R2 but not Workers": the group of the other product is missing.
#[test]
fn works_for_r2_but_not_for_workers() {
    let local = Local::start();
    let value = local.narrow_token();
    assert!(called(&local, "GET", &format!("/accounts/{ACCOUNT}/r2/buckets")).is_ok());
    let refused = called(&local, "GET", &format!("/accounts/{ACCOUNT}/workers/scripts")).unwrap_err();
    assert!(refused.is_permission(), "{refused}");
    local.run(&format!("check {SCRIPTS}")).ended(1);
    let why = local.run(&format!("why {SCRIPTS} --json"));
    names(&why, "missing-group");
    assert!(why.stdout.contains("Workers Scripts Write"), "{}", why.shown());
    let fix = local.run(&format!("fix {SCRIPTS} --yes")).ended(0);
    assert!(fix.stdout.contains("+ Workers Scripts Write"), "{}", fix.shown());
    local.run(&format!("check {SCRIPTS} {BUCKETS}")).ended(0);
    assert!(called(&local, "GET", &format!("/accounts/{ACCOUNT}/workers/scripts")).is_ok());
    assert_eq!(local.value_in(".env"), value);
}

/// "Works for account but not zone": the guides blame the kind of token; what is missing is the zone's group, and a token
/// that an account owns can hold it, too.
#[test]
fn works_for_the_account_but_not_for_the_zone() {
    for owner in ["user", "account"] {
        let local = Local::start();
        local.token(&format!("--name shared --owner {owner} {SCRIPTS}"));
        assert!(called(&local, "GET", &format!("/accounts/{ACCOUNT}/workers/scripts")).is_ok());
        assert!(called(&local, "GET", &format!("/zones/{ZONE}/workers/routes")).is_err());
        names(&local.run(&format!("why {ROUTES} --json")), "missing-group");
        local.run(&format!("fix {ROUTES} --yes")).ended(0);
        local.run(&format!("check {ROUTES} {SCRIPTS}")).ended(0);
        assert!(called(&local, "GET", &format!("/zones/{ZONE}/workers/routes")).is_ok());
    }
}

/// The same, where the call is one that takes no token that an account owns: no change of this token mends it, and a
/// user's does it.
#[test]
fn an_accounts_token_where_a_users_is_needed() {
    let local = Local::start();
    local.token(&format!("--name shared --owner account {SCRIPTS}"));
    names(&local.run("why --operation 'GET /accounts' --json"), "account-token-not-supported");
    let before = local.emulator.state_hash();
    local.run("fix --operation 'GET /user/tokens' --yes").failed(2);
    assert_eq!(local.emulator.state_hash(), before);
    local.token(&format!("--name own {SCRIPTS}"));
    local.run("check --operation 'GET /accounts'").ended(0);
}

/// "Script fails with authentication error": the Global API key is wrong.
#[test]
fn a_script_with_a_wrong_key() {
    let mut local = Local::start();
    let wrong = format!("cfk_{}", &fresh_value("cfut_")[5..53]);
    local.keep_secret(&wrong);
    let key = local.facts.global_key.clone();
    local.set("CLOUDFLARE_API_KEY", &wrong);
    let run = local.run("token list").failed(3);
    assert!(run.stderr.contains("9103") && run.stderr.contains("do not belong together"), "{}", run.shown());
    local.set("CLOUDFLARE_API_KEY", &key);
    local.run("token list").ended(0);
}

/// … or the e-mail address is another account's.
#[test]
fn a_script_with_a_wrong_address() {
    let mut local = Local::start();
    local.set("CLOUDFLARE_EMAIL", "eve@example.com");
    local.run("token list").failed(3).says("9103");
    let email = local.facts.email.clone();
    local.set("CLOUDFLARE_EMAIL", &email);
    local.run("token list").ended(0);
}

/// … or the token was revoked: nothing revives it, and a new one takes its place.
#[test]
fn a_script_with_a_revoked_token() {
    let local = Local::start();
    local.token(&format!("--name gone {RECORDS}"));
    local.run("token revoke gone --yes").ended(0);
    assert!(called(&local, "GET", &records()).is_err());
    names(&local.run(&format!("why {RECORDS} --json")), "unknown-token");
    let before = local.emulator.state_hash();
    local.run(&format!("fix {RECORDS} --yes")).failed(3);
    assert_eq!(local.emulator.state_hash(), before);
    std::fs::remove_file(local.path(".env")).unwrap();
    local.token(&format!("--name anew {RECORDS}"));
    assert!(called(&local, "GET", &records()).is_ok());
}

/// "Created but tests fail": made with the wrong permissions. The guides delete and make it anew; its value can stay.
#[test]
fn created_but_the_tests_fail() {
    let local = Local::start();
    let value = local.narrow_token();
    let check = local.run("check --recipe saas-platform").ended(1);
    assert!(check.stdout.contains("4/8 tests passed"), "{}", check.shown());
    local.run("fix --recipe saas-platform --yes").ended(0);
    let check = local.run("check --recipe saas-platform").ended(0);
    assert!(check.stdout.contains("8/8 tests passed"), "{}", check.shown());
    assert_eq!(local.value_in(".env"), value);
}

/// "Token not found": a part of the value is missing.
#[test]
fn a_token_that_is_not_found() {
    let local = Local::start();
    let value = local.token(&format!("--name whole {RECORDS}"));
    let short = &value[..value.len() - 3];
    local.keep_secret(short);
    let run = local.type_(&format!("check {RECORDS}")).env("CLOUDFLARE_API_TOKEN", short).run();
    assert!(matches!(run.status, 2 | 3), "{}", run.shown());
    let run = local.type_(&format!("fix {RECORDS} --yes")).env("CLOUDFLARE_API_TOKEN", short).run();
    assert!(matches!(run.status, 2 | 3), "{}", run.shown());
    // An id that is none of a token's.
    local.run("fix --token 0123456789abcdef0123456789abcdef --enable --yes").failed(2).says("token list");
    local.run(&format!("check {RECORDS}")).ended(0);
}

/// "Rate limit exceeded": to be waited for, and about no permission.
#[test]
fn the_rate_limit() {
    let local = Local::start();
    let body = r#"{"success":false,"errors":[{"code":971,"message":"Please wait and consider throttling your request speed"}],"messages":[],"result":null}"#;
    let run = local.type_(&format!("why {RECORDS} - --json")).stdin(body).run().ended(0);
    names(&run, "rate-limited");
    assert!(local.calls().is_empty(), "whoever is limited is not made to call more");
}

/// "Invalid zone ID": the token is for another zone, and the zone that is meant is added.
#[test]
fn a_token_of_another_zone() {
    let local = Local::start();
    local.token(&format!("--name other {RECORDS} --zone {OTHER_ZONE}"));
    assert!(called(&local, "GET", &records()).unwrap_err().is_permission());
    names(&local.run(&format!("why {RECORDS} --json")), "other-resource");
    local.run(&format!("fix {RECORDS} --yes")).ended(0);
    assert!(called(&local, "GET", &records()).is_ok());
    assert!(called(&local, "GET", &format!("/zones/{OTHER_ZONE}/dns_records")).is_ok(), "nothing is taken away");
}

/// … or an account's id stands where a zone's belongs: no grant mends that.
#[test]
fn an_accounts_id_in_the_place_of_a_zones() {
    let local = Local::start();
    local.token(&format!("--name whole {RECORDS}"));
    let answer = called(&local, "GET", &format!("/zones/{ACCOUNT}/dns_records")).unwrap_err();
    assert!(!answer.is_authentication(), "{answer}");
    let body = r#"{"success":false,"errors":[{"code":7003,"message":"Could not route to /zones/x/dns_records, perhaps your object identifier is invalid?"}],"messages":[],"result":null}"#;
    names(&local.type_(&format!("why {RECORDS} - --json")).stdin(body).run().ended(0), "wrong-id");
    assert!(called(&local, "GET", &records()).is_ok());
}

/// "Expired token": the guides make a new one; a later end does, and the value stays where it is.
#[test]
fn an_expired_token() {
    let local = Local::with(Options { barred: BarredAnswer::StatusOnVerify, ..Options::default() });
    let value = local.token(&format!("--name short {RECORDS} --expires 1h"));
    let token = local.tokens().remove(0);
    let past = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() - 3600).unwrap();
    let ended = TokenUpdate { expires_on: Some(past), ..TokenUpdate::from(&token) };
    block_on(local.admin().tokens(Owner::User).update(token.id, &ended)).unwrap();
    assert!(called(&local, "GET", &records()).is_err());
    names(&local.run(&format!("why {RECORDS} --json")), "expired");
    local.run("fix --expires 90d --yes").ended(0);
    assert!(called(&local, "GET", &records()).is_ok());
    assert_eq!(local.value_in(".env"), value);
}

/// "403": the right group at a resource of another kind takes no effect, and the one that does is added.
#[test]
fn a_refusal_with_the_right_group_at_the_wrong_kind_of_resource() {
    let local = Local::start();
    local.token(&format!("--name dns {RECORDS}"));
    let token = local.tokens().remove(0);
    let mut update = TokenUpdate::from(&token);
    for policy in &mut update.policies {
        let key = format!("com.cloudflare.api.account.{ACCOUNT}");
        policy.resources = [(key, flarekeep_cloudflare::ResourceValue::All)].into();
    }
    block_on(local.admin().tokens(Owner::User).update(token.id, &update)).unwrap();
    assert!(called(&local, "GET", &records()).unwrap_err().is_permission());
    names(&local.run(&format!("why {RECORDS} --json")), "wrong-scope");
    let run = local.run(&format!("fix {RECORDS} --yes")).ended(0);
    assert!(run.stdout.contains("+ DNS Read at zone"), "{}", run.shown());
    assert!(called(&local, "GET", &records()).is_ok());
}
