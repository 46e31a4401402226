//! `near-quota`.

use flarekeep_audit::{Confidence, Finding, Severity, audit};
use serde_json::{Value, json};

use crate::common::{USER, of_rule, only, settings, token, world};

fn tokens(count: usize, issued: &str) -> Vec<Value> {
    (1..=count).map(|id| token(json!({"id": format!("{id:032x}"), "owner": "user", "account_id": null, "user_id": USER, "issued_on": issued}))).collect()
}

fn of(count: usize, issued: &str) -> Vec<Finding> {
    of_rule("near-quota", audit(&world(&tokens(count, issued)), &settings()))
}

#[test]
fn an_owner_with_nearly_all_its_tokens_is_found() {
    let found = only(of(40, "2026-01-01T00:00:00Z"));
    assert_eq!((found.summary.as_str(), found.severity), ("the user has 40 of 50 tokens", Severity::Medium));
    assert_eq!(only(of(50, "2026-01-01T00:00:00Z")).severity, Severity::High);
}

#[test]
fn quick_growth_is_seen_before() {
    assert_eq!(only(of(26, "2026-11-01T00:00:00Z")).confidence, Confidence::Medium);
}

#[test]
fn an_account_has_a_quota_of_its_own() {
    let of_account: Vec<Value> =
        (1..=40).map(|id| token(json!({"id": format!("{id:032x}"), "issued_on": "2026-01-01T00:00:00Z"}))).collect();
    let mut world = world(&of_account);
    assert!(of_rule("near-quota", audit(&world, &settings())).is_empty());
    world.accounts.values_mut().for_each(|account| account.token_quota = Some(45));
    only(of_rule("near-quota", audit(&world, &settings())));
}

#[test]
fn few_tokens_are_not() {
    assert!(of(39, "2026-01-01T00:00:00Z").is_empty() && of(1, "2026-11-01T00:00:00Z").is_empty());
}

#[test]
fn whether_those_that_ended_count_is_not_known() {
    let mut all = tokens(50, "2026-01-01T00:00:00Z");
    all.iter_mut().take(20).for_each(|token| token["status"] = json!("expired"));
    let found = only(of_rule("near-quota", audit(&world(&all), &settings())));
    assert_eq!((found.confidence, found.severity), (Confidence::Medium, Severity::Medium));
    assert!(found.details.iter().any(|line| line.starts_with("20 of them are over")), "{found:?}");
}
