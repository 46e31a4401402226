//! `deprecated-group`.

use flarekeep_audit::Confidence;
use flarekeep_catalogue::{Group, groups};
use serde_json::json;

use crate::common::{account_policy, none, one, zone_policy};

#[test]
fn what_the_api_marks_is_found() {
    let mut policy = zone_policy(&["DNS Write"]);
    policy["permission_groups"][0]["meta"] = json!({"deprecated": "true", "eol_at": "2027-01-01"});
    let found = one("deprecated-group", json!({"policies": [policy]}));
    assert_eq!(
        (found.summary.as_str(), found.confidence),
        ("DNS Write is deprecated and ends on 2027-01-01", Confidence::High)
    );
}

#[test]
fn a_group_of_deprecated_operations_alone_is_found() {
    let is_over = |group: &&Group| {
        let mut all = group.operations().peekable();
        all.peek().is_some() && all.all(|operation| operation.deprecated || operation.withdrawn) && group.id.is_some()
    };
    let Some(group) = groups().iter().find(is_over) else { return };
    let found = one("deprecated-group", json!({"policies": [account_policy(&[group.name])]}));
    assert_eq!(found.confidence, Confidence::Medium);
}

#[test]
fn a_group_of_today_is_not() {
    none("deprecated-group", json!({}));
}
