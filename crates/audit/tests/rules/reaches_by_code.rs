//! `reaches-by-code`.

use flarekeep_audit::Severity;
use serde_json::json;

use crate::common::{account_policy, none, one};

#[test]
fn a_token_that_deploys_workers_is_told_of() {
    let found = one("reaches-by-code", json!({"policies": [account_policy(&["Workers Scripts Write"])]}));
    assert_eq!(found.severity, Severity::Info);
    assert!(found.details.iter().any(|line| line.contains("bindings")), "{found:?}");
}

#[test]
fn one_that_reads_them_is_not() {
    none("reaches-by-code", json!({"policies": [account_policy(&["Workers Scripts Read"])]}));
    none("reaches-by-code", json!({}));
}
