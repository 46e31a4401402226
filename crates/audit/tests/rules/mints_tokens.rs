//! `mints-tokens`.

use flarekeep_audit::{Confidence, Severity};
use serde_json::{Value, json};

use crate::common::{account_policy, none, one, user_policy};

#[test]
fn a_token_that_makes_tokens_is_found_with_its_way() {
    let policies = json!([user_policy(&["API Tokens Write"])]);
    let found = one("mints-tokens", json!({"policies": policies, "account_id": null, "owner": "user"}));
    assert_eq!(found.severity, Severity::High);
    assert!(found.details.iter().any(|line| line.starts_with("POST /user/tokens at ")), "{found:?}");
}

#[test]
fn one_without_any_limit_is_critical() {
    let policies = json!([account_policy(&["Account API Tokens Write"])]);
    assert_eq!(one("mints-tokens", json!({"policies": policies, "expires_on": null})).severity, Severity::Critical);
}

#[test]
fn one_that_reads_them_and_one_that_is_dead_are_not() {
    none("mints-tokens", json!({"policies": [account_policy(&["Account API Tokens Read"])]}));
    none("mints-tokens", json!({"policies": [account_policy(&["Account API Tokens Write"])], "status": "expired"}));
    none("mints-tokens", json!({}));
}

fn commands(fields: Value) -> Vec<String> {
    one("mints-tokens", fields).mends.into_iter().filter_map(|mend| mend.command).collect()
}

#[test]
fn a_mend_never_takes_a_limit_away() {
    let minter = || json!([account_policy(&["Account API Tokens Write"])]);
    let near = "2026-11-22T00:00:00Z";
    let own = json!({"request_ip": {"in": ["203.0.113.7/32"]}});
    let both = commands(json!({"policies": minter(), "expires_on": near, "condition": own}));
    assert!(both.iter().all(|line| !line.contains("--expires") && !line.contains("--allow-ip")), "{both:?}");
    let ends = commands(json!({"policies": minter(), "expires_on": near}));
    assert!(ends[0].ends_with("--allow-ip ADDRESS") && !ends[0].contains("--expires"), "{ends:?}");
    let limited = commands(json!({"policies": minter(), "expires_on": null, "condition": own}));
    assert!(limited[0].ends_with("--expires 90d"), "{limited:?}");
}

#[test]
fn a_sham_limit_is_none() {
    let policies = json!([account_policy(&["Account API Tokens Write"])]);
    for (end, range) in [(Value::Null, "0.0.0.0/0"), (json!("2099-01-01T00:00:00Z"), "::/0")] {
        let fields = json!({"policies": policies, "expires_on": end, "condition": {"request_ip": {"in": [range]}}});
        assert_eq!(one("mints-tokens", fields).severity, Severity::Critical, "{range}");
    }
}

#[test]
fn of_an_account_it_is_less_sure_and_of_a_client_less_still() {
    let of_account = one("mints-tokens", json!({"policies": [account_policy(&["Account API Tokens Write"])]}));
    assert_eq!(of_account.confidence, Confidence::Medium);
    let of_user = json!({"policies": [user_policy(&["API Tokens Write"])], "account_id": null, "owner": "user"});
    assert_eq!(one("mints-tokens", of_user).confidence, Confidence::High);
    let client = json!({"policies": [account_policy(&["OAuth Client Write"])], "expires_on": null});
    let client = one("mints-tokens", client);
    assert_eq!((client.severity, client.confidence), (Severity::Medium, Confidence::Medium));
    assert!(
        client.details.iter().all(|line| line.contains("(inferred)") || line.starts_with("Cloudflare ")),
        "{client:?}"
    );
}
