//! `no-ip-condition`.

use flarekeep_audit::{Confidence, Usage};
use serde_json::json;

use crate::common::{found_used, none, one, only, usage};

fn from(addresses: &[&str]) -> Usage {
    let mut usage = usage(&["POST /zones/{zone_id}/dns_records"], false);
    let seen = usage.tokens.values_mut().next().unwrap();
    seen.addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
    usage
}

#[test]
fn few_addresses_could_be_a_condition() {
    let found = only(found_used("no-ip-condition", json!({}), from(&["203.0.113.7"])));
    assert_eq!(found.confidence, Confidence::Medium);
    assert!(found.mends[0].command.as_ref().unwrap().ends_with("--allow-ip 203.0.113.7"));
}

#[test]
fn a_servers_name_is_a_guess() {
    assert_eq!(one("no-ip-condition", json!({"name": "shop-dns-server"})).confidence, Confidence::Low);
}

#[test]
fn many_addresses_runners_and_limited_tokens_are_not() {
    let many = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"];
    assert!(found_used("no-ip-condition", json!({"name": "shop-dns-server"}), from(&many)).is_empty());
    none("no-ip-condition", json!({}));
    none("no-ip-condition", json!({"name": "shop-github-prod"}));
    let limited = json!({"name": "shop-dns-server", "condition": {"request_ip": {"in": ["203.0.113.7/32"]}}});
    assert!(found_used("no-ip-condition", limited, from(&["203.0.113.7"])).is_empty());
}

#[test]
fn an_environment_tells_of_no_place() {
    for name in ["shop-dns-prod", "shop-dns-staging", "shop-dns-dev"] {
        none("no-ip-condition", json!({"name": name}));
    }
}
