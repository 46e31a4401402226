//! `locked-out`.

use serde_json::json;

use crate::common::{none, one, zone_policy};

#[test]
fn a_condition_that_no_address_meets_is_found() {
    let empty = one("locked-out", json!({"condition": {"request_ip": {"in": [], "not_in": []}}}));
    assert_eq!(empty.summary, "its list of allowed addresses is empty, which lets nobody in");
    // Whatever it grants.
    one("locked-out", json!({"condition": {"request_ip": {"in": []}}, "policies": [zone_policy(&[])]}));
    let carved = json!({"condition": {"request_ip": {"in": ["203.0.113.0/24"], "not_in": ["203.0.113.0/24"]}}});
    assert_eq!(one("locked-out", carved).summary, "its exceptions cover every address that it allows");
}

#[test]
fn a_condition_that_some_meet_is_not() {
    none("locked-out", json!({}));
    none("locked-out", json!({"condition": {"request_ip": {"in": ["203.0.113.0/24"], "not_in": ["203.0.113.7/32"]}}}));
    none("locked-out", json!({"condition": {"request_ip": {"not_in": []}}}));
}
