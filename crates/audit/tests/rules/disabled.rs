//! `disabled`.

use flarekeep_audit::SafeMend;
use serde_json::json;

use crate::common::{none, one};

#[test]
fn a_token_that_is_switched_off_is_found_and_old_ones_may_be_removed() {
    let old = one(
        "disabled",
        json!({"status": "disabled", "modified_on": "2026-08-01T00:00:00Z", "last_used_on": "2026-08-01T00:00:00Z"}),
    );
    assert!(matches!(old.mends[0].safe, Some(SafeMend::Revoke { .. })));
    let fresh = one("disabled", json!({"status": "disabled", "modified_on": "2026-11-01T00:00:00Z"}));
    assert_eq!(fresh.mends[0].safe, None, "somebody may be waiting to switch it on again");
    let used = one("disabled", json!({"status": "disabled", "modified_on": "2026-08-01T00:00:00Z"}));
    assert_eq!(
        used.mends[0].safe, None,
        "it was used since: that switching it off counts as a change is not documented"
    );
}

#[test]
fn a_living_one_is_not() {
    none("disabled", json!({}));
    none("disabled", json!({"status": "disabled", "expires_on": "2026-01-01T00:00:00Z"}));
}
