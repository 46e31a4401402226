//! `no-expiry`.

use flarekeep_audit::{SafeMend, Severity};
use serde_json::json;

use crate::common::{ACCOUNT, ID, account_policy, none, one};

#[test]
fn a_token_without_an_end_is_found() {
    let found = one("no-expiry", json!({"expires_on": null}));
    assert_eq!(found.severity, Severity::Medium);
    let command = format!("flarekeep token update {ID} --owner account --account {ACCOUNT} --expires 90d");
    assert_eq!(found.mends[0].command.as_deref(), Some(command.as_str()));
    assert_eq!(found.mends[0].safe, None, "it is used");
}

#[test]
fn it_is_worse_for_a_token_that_can_make_tokens() {
    let fields = json!({"expires_on": null, "policies": [account_policy(&["Account API Tokens Write"])]});
    assert_eq!(one("no-expiry", fields).severity, Severity::High);
}

#[test]
fn one_that_nobody_uses_may_be_given_an_end() {
    let found = one("no-expiry", json!({"expires_on": null, "last_used_on": "2025-10-16T00:00:00Z"}));
    let Some(SafeMend::Expire { expires_on, .. }) = found.mends[0].safe else { panic!("{found:?}") };
    assert_eq!(expires_on.to_string(), "2026-12-20T00:00:00Z");
    let yearly = one("no-expiry", json!({"expires_on": null, "last_used_on": "2025-11-19T00:00:00Z"}));
    assert_eq!(yearly.mends[0].safe, None, "work may be done once a year");
}

#[test]
fn a_token_with_an_end_and_one_that_is_dead_are_not() {
    none("no-expiry", json!({}));
    none("no-expiry", json!({"expires_on": null, "status": "expired"}));
    none("no-expiry", json!({"expires_on": null, "status": "revoked (exposed)"}));
}

#[test]
fn an_end_that_nobody_will_see_is_none() {
    let found = one("no-expiry", json!({"expires_on": "2099-01-01T00:00:00Z"}));
    assert!(found.summary.starts_with("its end is 26340 days off"), "{}", found.summary);
    assert!(found.mends[0].command.as_ref().unwrap().ends_with("--expires 90d"));
    none("no-expiry", json!({"expires_on": "2031-11-19T00:00:00Z"}));
    let world = crate::common::world(&[crate::common::token(json!({"expires_on": "2031-11-19T00:00:00Z"}))]);
    let mut settings = crate::common::settings();
    settings.thresholds.far_end_days = 365;
    crate::common::only(crate::common::of_rule("no-expiry", flarekeep_audit::audit(&world, &settings)));
}
