//! An acceptance covers what was looked at, and nothing that it grew into.

#![allow(clippy::needless_pass_by_value, reason = "tokens are written as `json!({…})` where they are used")]

#[path = "rules/common.rs"]
#[allow(dead_code)]
mod common;

use flarekeep_audit::Severity;
use serde_json::{Value, json};

use self::common::{account_policy, one, zone_policy};

fn minter(fields: Value) -> Value {
    let mut all = json!({"policies": [account_policy(&["Account API Tokens Write"])]});
    all.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    all
}

#[test]
fn what_is_worse_is_another_finding() {
    let limited = one("mints-tokens", minter(json!({"condition": {"request_ip": {"in": ["203.0.113.0/24"]}}})));
    let open = one("mints-tokens", minter(json!({"expires_on": null})));
    assert_eq!((limited.severity, open.severity), (Severity::High, Severity::Critical));
    assert_ne!(limited.fingerprint, open.fingerprint);
    let later = one(
        "mints-tokens",
        minter(json!({"name": "shop-other-eu", "last_used_on": "2026-11-18T00:00:00Z",
        "condition": {"request_ip": {"in": ["203.0.113.0/24"]}}})),
    );
    assert_eq!(limited.fingerprint, later.fingerprint, "what is not of the fault changes nothing");
}

#[test]
fn what_grew_is_another_finding() {
    let few = ["DNS Write", "Workers Routes Write", "Page Rules Write", "Firewall Services Write"];
    let more = [few.as_slice(), &["SSL and Certificates Write", "Logs Write"]].concat();
    let many = |groups: &[&str]| one("many-purposes", json!({"policies": [zone_policy(groups)]})).fingerprint;
    assert_ne!(many(&few), many(&more));
    let mut turned = few;
    turned.reverse();
    assert_eq!(many(&few), many(&turned), "the order of groups changes nothing");
    let members = |groups: &[&str]| one("manages-members", json!({"policies": [account_policy(groups)]})).fingerprint;
    assert_ne!(members(&["Account Settings Write"]), members(&["Account Settings Write", "Workers Scripts Write"]));
}

#[test]
fn a_fault_that_is_not_of_grants_stays_the_same_when_they_change() {
    let endless = |groups: &[&str]| one("no-expiry", json!({"expires_on": null, "policies": [zone_policy(groups)]}));
    assert_eq!(endless(&["DNS Write"]).fingerprint, endless(&["Zone Read"]).fingerprint);
}
