//! `shared-token`.

use flarekeep_audit::{Confidence, TokenUsage, Usage};
use serde_json::json;

use crate::common::{found_used, none, of_token, only};

fn used_by(agents: &[&str], addresses: &[&str]) -> Usage {
    of_token(TokenUsage {
        user_agents: agents.iter().map(|agent| (*agent).to_owned()).collect(),
        addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        ..TokenUsage::default()
    })
}

#[test]
fn several_programs_from_several_addresses_share_it() {
    let used = used_by(&["Terraform/1.9", "curl/8.5"], &["192.0.2.1", "192.0.2.2"]);
    let found = only(found_used("shared-token", json!({}), used));
    assert_eq!((found.summary.as_str(), found.confidence), ("2 programs use it from 2 addresses", Confidence::Low));
}

#[test]
fn one_program_and_one_address_are_not() {
    let versions = used_by(&["Terraform/1.9", "Terraform/1.8"], &["192.0.2.1", "192.0.2.2"]);
    assert!(found_used("shared-token", json!({}), versions).is_empty());
    assert!(found_used("shared-token", json!({}), used_by(&["a/1", "b/1"], &["192.0.2.1"])).is_empty());
    none("shared-token", json!({}));
}
