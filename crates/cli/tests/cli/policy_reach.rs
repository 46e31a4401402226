//! `flarekeep policy reach`: what a token may do.

use serde_json::json;

use crate::policy_diff::{account, allow, home, token, widened, zone};
use crate::support::{ACCOUNT, Local, ZONE, shows};

#[test]
fn counted_by_product() {
    let home = widened();
    shows!("policy_reach", home.run("policy reach new.json").ended(0));
    let all = home.run("policy reach new.json --verbose").ended(0);
    assert!(all.stdout.contains("DELETE /zones/{zone_id}/dns_records/{dns_record_id}"), "{}", all.stdout);
    let document = home.run("policy reach new.json --json").ended(0).json();
    assert_eq!(document["operations"], document["writes"].as_u64().unwrap() + document["reads"].as_u64().unwrap());
    assert_eq!(document["widening"][0]["way"], "workers");
    assert_eq!(document["widening"][0]["places"], json!([format!("account {ACCOUNT}")]));
    let narrow = home.run("policy reach old.json").ended(0);
    assert!(narrow.stdout.contains("no known way to give itself more"), "{}", narrow.stdout);
}

#[test]
fn a_token_that_mints() {
    let local = Local::start();
    local.token(
        "--name admin --permission 'Account API Tokens Write' --permission 'Account Settings Write' --owner account",
    );
    let run = local.run("policy reach admin --owner account").ended(0);
    assert!(
        run.stdout.contains("POST /accounts/{account_id}/tokens") && run.stdout.contains("members"),
        "{}",
        run.stdout
    );
    shows!("policy_reach_mints", run);
}

#[test]
fn what_can_never_be_used() {
    let home = home();
    let mut dead = token(&[allow(&zone(ZONE), &["4755a26eedb94da69e1066d98aa820be"])]);
    dead["condition"] = json!({"request_ip": {"in": []}});
    home.write("nobody.json", &dead.to_string());
    shows!("policy_reach_never", home.run("policy reach nobody.json").ended(0));
    dead["condition"] = json!(null);
    dead["expires_on"] = json!("2020-01-01T00:00:00Z");
    home.write("past.json", &dead.to_string());
    assert_eq!(home.run("policy reach past.json --json").ended(0).json()["operations"], 0);
}

#[test]
fn denied_places_are_left_out() {
    let home = home();
    let every = allow(&account("*"), &["c1fde68c7bcc44588cbb6ddbc16d6480"]);
    let mut not_here = allow(&account(ACCOUNT), &["c1fde68c7bcc44588cbb6ddbc16d6480"]);
    not_here["effect"] = json!("deny");
    home.write("token.json", &token(&[every, not_here]).to_string());
    shows!("policy_reach_denied", home.run("policy reach token.json").ended(0));
}
