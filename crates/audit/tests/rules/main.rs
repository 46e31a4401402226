//! Each rule, with what it finds and what it does not; a file for each, as in `src/rules`.

#![allow(clippy::needless_pass_by_value, reason = "tokens are written as `json!({…})` where they are used")]

mod all_accounts;
mod all_zones;
mod broad_template;
mod common;
mod deprecated_group;
mod disabled;
mod expired;
mod expires_soon;
mod exposed;
mod global_key_in_use;
mod implied_group;
mod ineffective_grant;
mod locked_out;
mod manages_members;
mod many_purposes;
mod mints_tokens;
mod misplaced_ip_condition;
mod name_pattern;
mod near_quota;
mod never_used;
mod no_expiry;
mod no_ip_condition;
mod not_rotated;
mod open_ip_condition;
mod reaches_by_code;
mod shared_token;
mod unexercised_grants;
mod unknown_status;
mod unproved_grant;
mod unused;
mod user_token_in_ci;

use flarekeep_audit::{RULES, audit};
use serde_json::json;

#[test]
fn a_token_without_a_fault_has_none() {
    let audit = audit(&common::world(&[common::token(json!({}))]), &common::settings());
    assert!(audit.findings.is_empty(), "{:#?}", audit.findings);
}

#[test]
fn rules_are_in_order_and_each_has_a_file_a_test_and_a_page() {
    assert!(RULES.is_sorted_by_key(|rule| rule.id));
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for rule in RULES {
        let name = rule.id.replace('-', "_");
        for file in [format!("src/rules/{name}.rs"), format!("tests/rules/{name}.rs"), format!("../../{}", rule.docs())]
        {
            assert!(folder.join(&file).is_file(), "{file}");
        }
        let page = std::fs::read_to_string(folder.join("../..").join(rule.docs())).unwrap();
        assert_eq!(rule.page(), page);
        let sections = ["## Found when\n", "## Mend\n", "## Not seen\n"];
        assert!(sections.iter().all(|section| page.contains(section)), "{}", rule.id);
        let head = format!("# {}\n\n`{}` · severity `{}`\n\n{}\n", rule.title, rule.id, rule.severity, rule.why);
        assert!(page.starts_with(&head), "the page of `{}` begins otherwise than\n{head}", rule.id);
    }
}
