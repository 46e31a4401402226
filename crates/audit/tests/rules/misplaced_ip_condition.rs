//! `misplaced-ip-condition`.

use flarekeep_audit::Confidence;
use serde_json::json;

use crate::common::{none, one};

#[test]
fn a_condition_at_a_desks_token_is_found() {
    let fields = json!({"name": "anna-laptop-dev", "condition": {"request_ip": {"in": ["203.0.113.7/32"]}}});
    assert_eq!(one("misplaced-ip-condition", fields).confidence, Confidence::Low);
}

#[test]
fn one_at_a_servers_and_none_at_a_desks_are_not() {
    none("misplaced-ip-condition", json!({"name": "anna-laptop-dev"}));
    none("misplaced-ip-condition", json!({"condition": {"request_ip": {"in": ["203.0.113.7/32"]}}}));
}

#[test]
fn an_environment_is_no_desk() {
    let condition = json!({"request_ip": {"in": ["203.0.113.7/32"]}});
    none("misplaced-ip-condition", json!({"name": "shop-dns-dev", "condition": condition}));
}
