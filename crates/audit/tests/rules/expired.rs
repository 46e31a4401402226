//! `expired`.

use flarekeep_audit::SafeMend;
use serde_json::json;

use crate::common::{none, one};

#[test]
fn a_token_that_ended_is_found_and_may_be_removed() {
    for fields in [json!({"status": "expired"}), json!({"expires_on": "2026-11-20T00:00:00Z"})] {
        let found = one("expired", fields);
        assert!(matches!(found.mends[0].safe, Some(SafeMend::Revoke { .. })), "{found:?}");
    }
}

#[test]
fn a_living_one_and_a_revoked_one_are_not() {
    none("expired", json!({}));
    none("expired", json!({"status": "revoked (exposed)", "expires_on": "2026-01-01T00:00:00Z"}));
    none("expired", json!({"expires_on": "2026-11-20T00:00:01Z"}));
}
