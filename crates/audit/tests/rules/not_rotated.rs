//! `not-rotated`.

use flarekeep_audit::Confidence;
use serde_json::json;

use crate::common::{none, one};

#[test]
fn an_old_value_is_found() {
    let old = json!({"issued_on": "2025-01-01T00:00:00Z", "modified_on": "2026-05-24T00:00:00Z"});
    let found = one("not-rotated", old);
    assert_eq!(found.summary, "nothing shows a new value in the last 180 days");
    // That a new value moves the time of the last change is inferred.
    assert_eq!(found.confidence, Confidence::Medium);
    assert!(found.mends[0].command.as_ref().unwrap().ends_with(" --to SINK"), "flarekeep did not make it: {found:?}");
    one("not-rotated", json!({"issued_on": "2025-01-01T00:00:00Z", "modified_on": null}));
}

#[test]
fn one_that_may_have_been_renewed_is_not() {
    none("not-rotated", json!({"issued_on": "2025-01-01T00:00:00Z", "modified_on": "2026-05-25T00:00:00Z"}));
    none("not-rotated", json!({"issued_on": null, "modified_on": null}));
    none("not-rotated", json!({"issued_on": "2020-01-01T00:00:00Z", "modified_on": null, "status": "expired"}));
}
