//! `expires-soon`.

use flarekeep_audit::Severity;
use serde_json::json;

use crate::common::{none, one};

#[test]
fn a_token_that_ends_within_the_threshold_is_found() {
    let found = one("expires-soon", json!({"expires_on": "2026-12-03T00:00:00Z"}));
    assert_eq!((found.summary.as_str(), found.severity), ("it ends in 13 days", Severity::Medium));
    assert!(found.mends[0].command.as_ref().unwrap().starts_with("flarekeep token rotate"));
    assert_eq!(one("expires-soon", json!({"expires_on": "2026-11-20T01:00:00Z"})).summary, "it ends within a day");
}

#[test]
fn nothing_stops_with_one_that_nobody_uses() {
    let fields = json!({"expires_on": "2026-12-03T00:00:00Z", "last_used_on": "2026-01-01T00:00:00Z"});
    assert_eq!(one("expires-soon", fields).severity, Severity::Info);
}

#[test]
fn a_later_end_and_one_that_has_passed_are_not() {
    none("expires-soon", json!({"expires_on": "2026-12-04T00:00:00Z"}));
    none("expires-soon", json!({"expires_on": "2026-11-20T00:00:00Z"}));
    none("expires-soon", json!({"expires_on": null}));
    none("expires-soon", json!({"expires_on": "2026-12-01T00:00:00Z", "status": "disabled"}));
}
