//! `manages-members`.

use serde_json::json;

use crate::common::{account_policy, none, one};

#[test]
fn a_token_that_makes_members_is_found_with_its_way() {
    let found = one("manages-members", json!({"policies": [account_policy(&["Account Settings Write"])]}));
    assert!(
        found.details.iter().any(|line| line.starts_with("POST /accounts/{account_id}/members at account Example: ")),
        "{found:?}"
    );
}

#[test]
fn one_that_reads_them_is_not() {
    none("manages-members", json!({"policies": [account_policy(&["Account Settings Read"])]}));
    none("manages-members", json!({}));
}

#[test]
fn a_connector_of_single_sign_on_is_inferred() {
    let found = one("manages-members", json!({"policies": [account_policy(&["SSO Connector Write"])]}));
    assert_eq!(found.summary, "it can change how members sign in");
    assert_eq!(found.confidence, flarekeep_audit::Confidence::Medium);
}
