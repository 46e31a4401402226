//! `user-token-in-ci`.

use flarekeep_audit::{Confidence, Severity};
use serde_json::json;

use crate::common::{found_used, none, one, only, usage, user_policy, zone_policy};

#[test]
fn a_users_token_with_a_name_of_ci_is_a_guess() {
    let fields = json!({"name": "shop-ci-deploy", "account_id": null, "owner": "user"});
    let found = one("user-token-in-ci", fields);
    assert_eq!(
        (found.confidence, found.summary.as_str()),
        (Confidence::Low, "a user owns it, and `ci` in its name tells of CI")
    );
    assert_eq!(found.severity, Severity::Low, "a guess");
    let command = found.mends[0].command.as_deref().unwrap();
    assert!(command.starts_with("flarekeep token create --owner account --account "), "{command}");
}

#[test]
fn a_program_of_ci_is_more_than_a_guess() {
    let mut seen = usage(&["POST /zones/{zone_id}/dns_records"], false);
    seen.tokens.values_mut().next().unwrap().user_agents.insert("Terraform/1.9 cloudflare".to_owned());
    let found = only(found_used("user-token-in-ci", json!({"account_id": null, "owner": "user"}), seen));
    assert_eq!(found.confidence, Confidence::Medium);
}

#[test]
fn what_an_accounts_token_cannot_hold_is_said() {
    let fields = json!({"name": "shop-ci-deploy", "owner": "user", "account_id": null, "policies": [user_policy(&["Memberships Read"])]});
    assert_eq!(one("user-token-in-ci", fields).details, ["an account's token cannot hold Memberships Read"]);
}

#[test]
fn an_accounts_token_and_one_without_a_sign_are_not() {
    none("user-token-in-ci", json!({"name": "shop-ci-deploy"}));
    none("user-token-in-ci", json!({"account_id": null, "owner": "user"}));
}

#[test]
fn what_takes_no_token_of_an_account_is_said() {
    let fields = |groups: &[&str]| json!({"name": "shop-ci-deploy", "owner": "user", "account_id": null, "policies": [zone_policy(groups)]});
    for group in ["Page Rules Write", "Page Rules Read"] {
        let found = one("user-token-in-ci", fields(&["DNS Write", group]));
        assert!(found.details[0].starts_with("no token of an account is taken by "), "{found:?}");
        assert!(found.details[0].contains("Page Rules"), "{found:?}");
        assert!(found.mends[0].words.starts_with("keep a user's token for that part"), "{found:?}");
    }
    assert_eq!(one("user-token-in-ci", fields(&["DNS Write"])).details.len(), 0);
}

#[test]
fn a_bot_is_no_ci() {
    none("user-token-in-ci", json!({"name": "shop-bot-management-prod", "account_id": null, "owner": "user"}));
}
