//! `implied-group`.

use flarekeep_audit::{Confidence, SafeMend, Severity};
use serde_json::json;

use crate::common::{OTHER_ZONE, none, one, policy, zone_key, zone_policy};

#[test]
fn reading_beside_writing_is_found() {
    let found = one("implied-group", json!({"policies": [zone_policy(&["DNS Read", "DNS Write"])]}));
    assert_eq!(found.summary, "DNS Read is implied by DNS Write");
    assert_eq!(found.severity, Severity::Info);
}

#[test]
fn a_wider_resource_implies_a_narrower_one() {
    let policies = json!([zone_policy(&["DNS Read"]), policy("com.cloudflare.api.account.zone.*", &["DNS Write"])]);
    one("implied-group", json!({"policies": policies, "account_id": null, "owner": "user"}));
}

#[test]
fn what_may_be_taken_out_is_proved_to_change_nothing() {
    let found = one("implied-group", json!({"policies": [zone_policy(&["DNS Read", "DNS Write"])]}));
    if let Some(SafeMend::Tidy { policies, .. }) = &found.mends[0].safe {
        assert_eq!(found.confidence, Confidence::High);
        assert_eq!(policies[0].known_groups().map(|group| group.name).collect::<Vec<_>>(), ["DNS Write"]);
    }
}

#[test]
fn groups_elsewhere_and_of_other_operations_are_not() {
    none("implied-group", json!({}));
    none("implied-group", json!({"policies": [zone_policy(&["DNS Write", "Zone Read"])]}));
    none(
        "implied-group",
        json!({"policies": [policy(&zone_key(OTHER_ZONE), &["DNS Read"]), zone_policy(&["DNS Write"])]}),
    );
}
