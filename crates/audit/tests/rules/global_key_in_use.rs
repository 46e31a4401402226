//! `global-key-in-use`.

use flarekeep_audit::{Finding, Severity, World, audit, read};
use serde_json::json;

use crate::common::{of_rule, only, settings, world};

fn entry(context: &str) -> String {
    json!({"actor": {"context": context, "email": "anna@example.com", "ip_address": "203.0.113.7"},
        "action": {"time": "2026-11-19T10:00:00Z"}})
    .to_string()
}

fn seen(context: &str) -> Vec<Finding> {
    let usage = read::audit_log("log.jsonl", &entry(context)).unwrap().usage;
    of_rule("global-key-in-use", audit(&World { usage: Some(usage), ..world(&[]) }, &settings()))
}

#[test]
fn a_global_key_in_the_logs_is_found() {
    let found = only(seen("api_key"));
    assert_eq!(found.summary, "the Global API key of anna@example.com made 1 call");
    assert!(found.token.is_none() && found.severity == Severity::High);
}

#[test]
fn tokens_and_the_dashboard_are_not() {
    assert!(seen("api_token").is_empty() && seen("dash").is_empty());
}
