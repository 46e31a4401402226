//! `unknown-status`.

use serde_json::json;

use crate::common::{none, one};

#[test]
fn a_status_that_nobody_documented_is_found() {
    let found = one("unknown-status", json!({"status": "sus\u{1b}[31mpended"}));
    assert_eq!(found.summary, "its status is `sus\\u{1b}[31mpended`");
}

#[test]
fn documented_ones_are_not() {
    for status in ["active", "disabled", "expired", "revoked (exposed)"] {
        none("unknown-status", json!({"status": status}));
    }
}
