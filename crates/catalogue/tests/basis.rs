//! Nothing is inferred without saying from what.

use flarekeep_catalogue::{Confidence, operation, operations};

#[test]
fn every_inferred_operation_says_from_what_and_no_other_does() {
    let mut inferred = 0;
    for operation in operations() {
        assert_eq!(operation.basis().is_some(), operation.provenance.is_inferred(), "{operation}");
        inferred += usize::from(operation.basis().is_some_and(|basis| !basis.text.is_empty()));
    }
    assert!(inferred > 400, "{inferred}");
}

#[test]
fn the_evidence_is_a_clause_with_a_confidence() {
    let basis = |text: &str| operation(text).unwrap().basis().unwrap();
    let product = basis("GET /accounts/{account_id}/cloudforce-one/rules/tree");
    assert_eq!(product.confidence, Confidence::High);
    assert!(product.text.ends_with("accept Cloudforce One Read or Cloudforce One Write"), "{}", product.text);
    let phase = basis("PUT /zones/{zone_id}/rulesets/phases/http_ratelimit/entrypoint");
    assert_eq!(phase.confidence, Confidence::Unmeasured);
    assert!(operation("GET /user/tokens/verify").unwrap().basis().is_none(), "seen in use");
}
