//! `all-accounts`.

use flarekeep_audit::{Confidence, Severity, audit};
use serde_json::{Value, json};

use crate::common::{
    ACCOUNT, ID, account_policy, found_used, none, of_rule, one, only, policy, settings, token, usage, world,
};

fn fields(group: &str) -> Value {
    let policies = [policy("com.cloudflare.api.account.*", &[group])];
    json!({"policies": policies, "account_id": null, "owner": "user"})
}

#[test]
fn a_token_that_was_seen_in_one_account_alone_is_found() {
    let used = usage(&["PUT /accounts/{account_id}/workers/scripts/{script_name}"], false);
    let found = only(found_used("all-accounts", fields("Workers Scripts Write"), used));
    assert_eq!(
        found.summary,
        "it may change things in all accounts, and was seen to in account Example alone; reads are not logged"
    );
    assert_eq!((found.confidence, found.severity), (Confidence::Medium, Severity::High));
    let command = found.mends[0].command.as_deref().unwrap();
    assert_eq!(command, format!("flarekeep token update {ID} --recipe RECIPE --account {ACCOUNT}"));
    let used = usage(&["PUT /accounts/{account_id}/workers/scripts/{script_name}"], true);
    let found = only(found_used("all-accounts", fields("Workers Scripts Write"), used));
    assert_eq!(found.summary, "it may act in all accounts, and was seen in account Example alone");
}

#[test]
fn one_account_is_all_there_is() {
    let mut world = world(&[token(fields("Workers Scripts Read"))]);
    let first = *world.accounts.keys().next().unwrap();
    world.accounts.retain(|id, _| *id == first);
    let found = only(of_rule("all-accounts", audit(&world, &settings())));
    assert_eq!((found.confidence, found.severity), (Confidence::Medium, Severity::Medium));
}

#[test]
fn without_evidence_it_is_a_guess() {
    let found = one("all-accounts", fields("Workers Scripts Write"));
    assert_eq!((found.confidence, found.severity), (Confidence::Low, Severity::Medium), "no evidence, no failed gate");
}

#[test]
fn a_token_for_one_account_is_not() {
    none("all-accounts", json!({}));
    none("all-accounts", json!({"policies": [account_policy(&["Workers Scripts Write"])]}));
    // A group of zones grants nothing there.
    none("all-accounts", fields("DNS Write"));
}

#[test]
fn what_a_policy_denies_is_not_held() {
    let all = "com.cloudflare.api.account.*";
    let mut deny = policy(all, &["Workers Scripts Write"]);
    deny["effect"] = json!("deny");
    let policies = json!([policy(all, &["Workers Scripts Write"]), deny]);
    none("all-accounts", json!({"policies": policies, "account_id": null, "owner": "user"}));
}

#[test]
fn logs_say_nothing_of_where_something_was_read() {
    let used = usage(&["GET /accounts/{account_id}/workers/scripts"], false);
    let found = only(found_used("all-accounts", fields("Workers Scripts Read"), used));
    assert_eq!(found.confidence, Confidence::Low);
}
