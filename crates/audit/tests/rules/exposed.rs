//! `exposed`.

use flarekeep_audit::Severity;
use serde_json::json;

use crate::common::{none, one};

#[test]
fn a_token_whose_value_was_found_in_public_is_critical() {
    let found = one("exposed", json!({"status": "revoked (exposed)"}));
    assert_eq!(found.severity, Severity::Critical);
    // First the logs are read: what is removed is evidence, and can be rolled no more.
    assert_eq!(found.mends[0].command.as_deref(), Some("flarekeep audit --usage live --json"));
    assert!(found.mends.iter().all(|mend| mend.safe.is_none()));
}

#[test]
fn any_other_is_not() {
    none("exposed", json!({}));
    none("exposed", json!({"status": "disabled"}));
}
