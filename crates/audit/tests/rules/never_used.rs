//! `never-used`.

use flarekeep_audit::{audit, read};
use serde_json::json;

use crate::common::{ID, found_used, none, of_rule, one, settings, usage};

#[test]
fn a_token_that_nobody_used_is_found() {
    let found = one("never-used", json!({"last_used_on": null}));
    assert_eq!(found.summary, "it was never used in the 50 days since it was made");
    assert_eq!(found.mends[0].safe, None);
    // A use right after the making is the trial of the value.
    one("never-used", json!({"last_used_on": "2026-10-01T00:01:00Z"}));
}

#[test]
fn one_that_was_used_or_is_young_is_not() {
    none("never-used", json!({}));
    none("never-used", json!({"last_used_on": null, "issued_on": "2026-11-01T00:00:00Z"}));
    none("never-used", json!({"last_used_on": null, "status": "disabled"}));
    let seen = usage(&["POST /zones/{zone_id}/dns_records"], false);
    assert!(found_used("never-used", json!({"last_used_on": null}), seen).is_empty());
}

#[test]
fn an_old_terraform_state_does_not_know() {
    let state = json!({"version": 4, "resources": [{"type": "cloudflare_api_token", "instances": [{"attributes": {
        "id": ID, "name": "x", "status": "active", "issued_on": "2026-01-01T00:00:00Z", "policy": []}}]}]});
    let world = read::tokens_json("terraform.tfstate", &state.to_string()).unwrap();
    assert_eq!(world.tokens.len(), 1);
    assert!(of_rule("never-used", audit(&world, &settings())).is_empty());
}

#[test]
fn before_its_beginning_nobody_could_use_it() {
    none("never-used", json!({"last_used_on": null, "not_before": "2026-12-01T00:00:00Z"}));
    none("never-used", json!({"last_used_on": null, "not_before": "2026-11-01T00:00:00Z"}));
    let found = one("never-used", json!({"last_used_on": null, "not_before": "2026-10-11T00:00:00Z"}));
    assert_eq!(found.summary, "it was never used in the 40 days for which it has been valid");
}
