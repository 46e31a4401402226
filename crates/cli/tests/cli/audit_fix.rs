//! `flarekeep audit --fix`, and use that is read from audit logs.

use std::sync::atomic::Ordering;

use flarekeep_cloudflare::{NewToken, Owner, Policy};
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Deed, Local, Proxy, ZONE, answer, block_on, shows};

const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";
const USER_DETAILS_READ: &str = "8acbe5bb0d54464ab867149d7f7cf8ac";
const D1_READ: &str = "192192df92ee43ac90f2aeeffce67e35";
const D1_WRITE: &str = "09b2857d1c31407795e75e3fed8617a1";
const DAY: i64 = 24 * 60 * 60;
const RECORDS: &str = "--operation 'POST /zones/{zone_id}/dns_records'";

/// Replaces times and fingerprints, which differ from run to run.
fn timeless(work: impl FnOnce()) {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]");
    settings.add_filter(r"\b20\d\d-\d\d-\d\d\b", "[day]");
    settings.add_filter(r"\b[0-9a-f]{16}\b", "[finding]");
    settings.bind(work);
}

fn names(local: &Local) -> Vec<String> {
    let mut names: Vec<String> = local.tokens().into_iter().map(|token| token.name).collect();
    names.sort();
    names
}

/// A user's token that ended three and a half days ago, and one that lives.
fn past_and_present() -> Local {
    let (local, hand) = Local::with_a_clock();
    local.token(&format!("--name shop-dns-prod {RECORDS} --expires 60d"));
    hand.fetch_sub(50 * DAY, Ordering::Relaxed);
    let end = jiff::Timestamp::now().checked_sub(jiff::Span::new().hours(84)).unwrap();
    let policies = local.tokens()[0].policies.clone();
    let new = NewToken { name: "shop-past-prod".to_owned(), policies, expires_on: Some(end), ..NewToken::default() };
    block_on(local.admin().tokens(Owner::User).create(&new)).unwrap();
    hand.fetch_add(50 * DAY, Ordering::Relaxed);
    local
}

#[test]
fn a_token_that_nobody_can_use_is_revoked_after_it_was_shown() {
    let local = past_and_present();
    timeless(|| {
        shows!("audit_fix_unasked", local.run("audit --owner user --fix").ended(2));
        shows!("audit_fix_dry_run", local.run("audit --owner user --rule expired --fix --dry-run").ended(0));
        assert_eq!(names(&local), ["shop-dns-prod", "shop-past-prod"]);
        shows!("audit_fix", local.run("audit --owner user --rule expired --fix --yes").ended(0));
        assert_eq!(names(&local), ["shop-dns-prod"]);
        shows!("audit_fix_nothing", local.run("audit --owner user --rule expired --fix --yes").ended(0));
    });
}

#[test]
fn the_document_says_what_was_mended() {
    let local = past_and_present();
    let before = local.calls().len();
    let line = "audit --owner user --rule expired --fix --dry-run --json";
    let document = local.run(line).ended(0).json();
    assert_eq!(document["mends"][0]["done"], false);
    assert!(local.calls()[before..].iter().all(|call| call.starts_with("GET")));
    let document = local.run("audit --owner user --rule expired --fix --yes --json").ended(0).json();
    assert_eq!(document["mends"][0]["name"], "shop-past-prod");
    assert_eq!(document["mends"][0]["done"], true);
    assert_eq!(document["findings"], json!([]));
}

#[test]
fn a_token_that_came_alive_meanwhile_is_not_revoked() {
    let local = past_and_present();
    let past = local.tokens().into_iter().find(|token| token.name == "shop-past-prod").unwrap();
    let path = format!("GET /user/tokens/{}", past.id);
    let living = json!({"success": true, "result":
        {"id": past.id.to_string(), "name": past.name, "status": "active", "expires_on": "2999-01-01T00:00:00Z", "policies": []}});
    let proxy = Proxy::before(local.running.address(), move |request, _| match request == path {
        true => Deed::Answer(answer("200 OK", "application/json", "", &living.to_string())),
        false => Deed::Forward,
    });
    let url = proxy.api_url();
    let line = "audit --owner user --rule expired --fix --yes --json";
    let document = local.type_(line).env("CLOUDFLARE_API_BASE_URL", &url).run().ended(5).says("was changed").json();
    assert_eq!(document["mends"][0]["done"], false);
    assert_eq!(names(&local), ["shop-dns-prod", "shop-past-prod"]);
}

#[test]
fn a_token_that_was_switched_on_meanwhile_is_not_revoked() {
    let (local, hand) = Local::with_a_clock();
    hand.fetch_sub(200 * DAY, Ordering::Relaxed);
    local.token(&format!("--name shop-dns-prod {RECORDS} --expires 300d"));
    local.run("token disable shop-dns-prod --yes").ended(0);
    hand.fetch_add(200 * DAY, Ordering::Relaxed);
    let token = local.tokens().remove(0);
    let end = token.expires_on.unwrap().to_string();
    let path = format!("GET /user/tokens/{}", token.id);
    let living = json!({"success": true, "result":
        {"id": token.id.to_string(), "name": token.name, "status": "active", "expires_on": end, "policies": []}});
    let proxy = Proxy::before(local.running.address(), move |request, _| match request == path {
        true => Deed::Answer(answer("200 OK", "application/json", "", &living.to_string())),
        false => Deed::Forward,
    });
    let url = proxy.api_url();
    let line = "audit --owner user --rule disabled --fix --yes --json";
    let document = local.type_(line).env("CLOUDFLARE_API_BASE_URL", &url).run().ended(5).says("was changed").json();
    assert_eq!(document["mends"][0]["done"], false);
    assert_eq!(names(&local), ["shop-dns-prod"]);
    local.run(line).ended(0);
    assert!(names(&local).is_empty());
}

#[test]
fn what_grants_nothing_more_is_left_out_and_the_token_stays() {
    let local = Local::start();
    let policies: Vec<Policy> = serde_json::from_value(json!([{
        "effect": "allow", "resources": {format!("com.cloudflare.api.account.zone.{ZONE}"): "*"},
        "permission_groups": [{"id": USER_DETAILS_READ}, {"id": DNS_WRITE}],
    }]))
    .unwrap();
    let new = NewToken { name: "shop-dns-prod".to_owned(), policies, ..NewToken::default() };
    let made = block_on(local.admin().tokens(Owner::User).create(&new)).unwrap();
    let document = local.run("audit --owner user --rule ineffective-grant --fix --yes --json").ended(0).json();
    assert_eq!(document["mends"][0]["done"], true, "{document:#}");
    let after = local.tokens().remove(0);
    let groups: Vec<String> = after.policies[0].permission_groups.iter().map(|group| group.id.to_string()).collect();
    assert_eq!((after.id, groups), (made.token.id, vec![DNS_WRITE.to_owned()]));
}

#[test]
fn of_two_mends_of_the_same_policies_one_is_made_at_a_time() {
    let local = Local::start();
    let policies: Vec<Policy> = serde_json::from_value(json!([{
        "effect": "allow", "resources": {format!("com.cloudflare.api.account.{ACCOUNT}"): "*"},
        "permission_groups": [{"id": D1_READ}, {"id": D1_WRITE}, {"id": DNS_WRITE}],
    }]))
    .unwrap();
    let new = NewToken { name: "shop-d1-prod".to_owned(), policies, ..NewToken::default() };
    block_on(local.admin().tokens(Owner::User).create(&new)).unwrap();
    let line = "audit --owner user --rule ineffective-grant --rule implied-group --fix --yes --json";
    for left in [1, 0] {
        let document = local.run(line).ended(0).json();
        assert_eq!(document["mends"][0]["rules"].as_array().map(Vec::len), Some(1), "{document:#}");
        assert_eq!(document["findings"].as_array().map(Vec::len), Some(left), "{document:#}");
    }
    let after = local.tokens().remove(0);
    assert_eq!(
        after.policies[0].permission_groups.iter().map(|group| group.id.to_string()).collect::<Vec<_>>(),
        [D1_WRITE]
    );
}

#[test]
fn a_token_that_nobody_misses_gets_an_end() {
    let (local, hand) = Local::with_a_clock();
    hand.fetch_sub(500 * DAY, Ordering::Relaxed);
    local.token(&format!("--name shop-dns-prod {RECORDS}"));
    hand.fetch_add(500 * DAY, Ordering::Relaxed);
    let before = local.tokens().remove(0);
    let document = local.run("audit --owner user --rule no-expiry --fix --yes --json").ended(0).json();
    assert_eq!(document["mends"][0]["done"], true, "{document:#}");
    let after = local.tokens().remove(0);
    assert!(after.expires_on.is_some_and(|end| end > jiff::Timestamp::now()), "{after:?}");
    assert_eq!((after.id, after.name, after.policies.len()), (before.id, before.name, before.policies.len()));
}

#[test]
fn use_is_read_from_the_audit_log() {
    let local = Local::start();
    let value = local.token(&format!("--name shop-dns-prod {RECORDS} --expires 60d"));
    let record = json!({"type": "A", "name": "www.example.com", "content": "192.0.2.1"});
    let client = flarekeep_cloudflare::Client::builder(flarekeep_cloudflare::Credential::token(&value).unwrap());
    let client = client.base_url(&local.running.api_url()).unpaced().build().unwrap();
    let path = format!("/zones/{ZONE}/dns_records");
    let request = client.request(flarekeep_cloudflare::Method::POST, &path).json(&record);
    block_on(request.send::<Value>()).unwrap();
    let document = local.run("audit --owner user --account Acme --usage live --fail-on never --json").ended(0).json();
    assert!(document["usage"].to_string().contains("audit log"), "{}", document["usage"]);
    let calls = local.calls();
    assert!(calls.iter().any(|call| call.contains("/logs/audit 200")), "{calls:?}");
}
