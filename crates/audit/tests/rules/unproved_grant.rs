//! `unproved-grant`.

use serde_json::json;

use crate::common::{none, one, zone_policy};

#[test]
fn a_group_that_nobody_knows_is_found() {
    let mut policy = zone_policy(&["DNS Write"]);
    policy["permission_groups"][0]["id"] = json!("e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1");
    policy["permission_groups"][0]["name"] = json!("Something New");
    let found = one("unproved-grant", json!({"policies": [policy]}));
    assert_eq!(found.details, ["group e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1e1 at zone example.com"]);
}

#[test]
fn a_known_one_is_not() {
    none("unproved-grant", json!({}));
}
