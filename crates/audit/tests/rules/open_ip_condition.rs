//! `open-ip-condition`.

use serde_json::json;

use crate::common::{none, one};

#[test]
fn a_range_that_is_nobodys_own_is_found() {
    for range in ["0.0.0.0/0", "::/0", "64.0.0.0/2"] {
        one("open-ip-condition", json!({"condition": {"request_ip": {"in": [range]}}}));
    }
}

#[test]
fn a_range_of_ones_own_is_not() {
    none("open-ip-condition", json!({}));
    for range in ["203.0.113.0/24", "10.0.0.0/8", "2001:db8::/32"] {
        none("open-ip-condition", json!({"condition": {"request_ip": {"in": [range]}}}));
    }
}

#[test]
fn many_ranges_are_as_wide_as_one() {
    let nearly_all: Vec<String> = (0..=223).filter(|high| *high != 10).map(|high| format!("{high}.0.0.0/9")).collect();
    let found = one("open-ip-condition", json!({"condition": {"request_ip": {"in": nearly_all}}}));
    assert_eq!(found.summary, "its 223 ranges together are nobody's own");
    let found = one("open-ip-condition", json!({"condition": {"request_ip": {"not_in": ["203.0.113.7/32"]}}}));
    assert_eq!(found.summary, "it bars a few addresses, and may be used from all others");
}
