//! `all-zones`.

use flarekeep_audit::{Confidence, Severity, audit};
use serde_json::{Value, json};

use crate::common::{
    ZONE, account_policy, all_zones_policy, found_used, none, of_rule, one, only, settings, token, usage, world,
};

fn fields() -> Value {
    json!({"policies": [all_zones_policy(&["DNS Write"])]})
}

#[test]
fn a_token_that_was_seen_in_one_zone_alone_is_found() {
    let calls = ["POST /zones/{zone_id}/dns_records"];
    let found = only(found_used("all-zones", fields(), usage(&calls, true)));
    assert_eq!(found.summary, "it may act in all zones of account Example, and was seen in zone example.com alone");
    assert_eq!((found.confidence, found.severity), (Confidence::High, Severity::Medium));
    let logged = only(found_used("all-zones", fields(), usage(&calls, false)));
    assert_eq!(logged.confidence, Confidence::Medium);
    assert!(logged.summary.contains("was seen to in zone example.com alone; reads are not logged"), "{logged:?}");
    assert!(logged.mends[0].command.as_ref().unwrap().ends_with(&format!("--recipe RECIPE --zone {ZONE}")));
}

#[test]
fn an_account_with_one_zone_needs_no_all() {
    let mut world = world(&[token(fields())]);
    world.accounts.values_mut().for_each(|account| account.zones = Some(1));
    assert_eq!(only(of_rule("all-zones", audit(&world, &settings()))).confidence, Confidence::Medium);
}

#[test]
fn without_evidence_it_is_a_guess_and_for_reads_nothing() {
    let found = one("all-zones", fields());
    assert_eq!((found.confidence, found.severity), (Confidence::Low, Severity::Low));
    none("all-zones", json!({"policies": [all_zones_policy(&["DNS Read"])]}));
}

#[test]
fn a_token_for_one_zone_is_not() {
    none("all-zones", json!({}));
    none("all-zones", json!({"policies": [account_policy(&["Workers Scripts Write"])]}));
}

#[test]
fn what_a_policy_denies_is_not_held() {
    let mut deny = all_zones_policy(&["DNS Write"]);
    deny["effect"] = json!("deny");
    none("all-zones", json!({"policies": [all_zones_policy(&["DNS Write"]), deny]}));
}
