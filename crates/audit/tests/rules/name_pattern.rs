//! `name-pattern`.

use flarekeep_audit::{Settings, audit};
use serde_json::json;

use crate::common::{none, of_rule, one, settings, token, world};

#[test]
fn a_name_that_says_nothing_is_found() {
    for name in ["test", "GETAIPAGE SaaS Token", "", "My-Token-1"] {
        one("name-pattern", json!({"name": name}));
    }
}

#[test]
fn a_pattern_of_ones_own_counts() {
    let settings = Settings { name_pattern: Some("team-*".to_owned()), ..settings() };
    let of = |name: &str| of_rule("name-pattern", audit(&world(&[token(json!({"name": name}))]), &settings)).len();
    assert_eq!((of("team-web"), of("shop-dns-updater-eu")), (0, 1));
}

#[test]
fn a_customary_one_and_one_that_is_being_made_are_not() {
    none("name-pattern", json!({}));
    none("name-pattern", json!({"name": "shop (pending 1a2b3c4d)"}));
}
