//! `unused`.

use serde_json::json;

use crate::common::{found_used, none, one, usage};

#[test]
fn a_token_that_was_not_used_for_long_is_found() {
    let found = one("unused", json!({"last_used_on": "2026-08-22T00:00:00Z", "issued_on": "2026-01-01T00:00:00Z"}));
    assert_eq!(found.summary, "it was last used 90 days ago");
    assert_eq!(found.confidence, flarekeep_audit::Confidence::Medium, "how exact that time is, is not documented");
}

#[test]
fn one_in_use_is_not() {
    none("unused", json!({"last_used_on": "2026-08-23T00:00:00Z", "issued_on": "2026-01-01T00:00:00Z"}));
    none("unused", json!({"last_used_on": null}));
    // That is a token that was never used.
    none("unused", json!({"last_used_on": "2026-01-01T00:01:00Z", "issued_on": "2026-01-01T00:00:00Z"}));
    let fields = json!({"last_used_on": "2026-02-01T00:00:00Z", "issued_on": "2026-01-01T00:00:00Z"});
    assert!(found_used("unused", fields, usage(&["POST /zones/{zone_id}/dns_records"], false)).is_empty());
}
