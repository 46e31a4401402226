//! `flarekeep policy diff`: tokens and plans in files, on standard input and at the API.

use serde_json::{Value, json};

use crate::support::{ACCOUNT, Home, Local, OTHER_ZONE, ZONE, shows};

const DNS_WRITE: &str = "4755a26eedb94da69e1066d98aa820be";
const SCRIPTS_WRITE: &str = "e086da7e2179491d91ee5f35b3ca210a";
const ZONE_READ: &str = "c8fed203ed3043cba015a93ad1616f1f";

/// A home that has nobody to call.
pub(crate) fn home() -> Home {
    let mut home = Home::new();
    home.set("CLOUDFLARE_API_BASE_URL", "http://127.0.0.1:1/client/v4");
    home.call(ACCOUNT, "[account]");
    home.call(ZONE, "[zone]");
    home.call(OTHER_ZONE, "[other zone]");
    home
}

/// Policies that allow groups at a resource.
pub(crate) fn allow(resource: &str, groups: &[&str]) -> Value {
    let groups: Vec<Value> = groups.iter().map(|id| json!({"id": id})).collect();
    json!({"effect": "allow", "resources": {resource: "*"}, "permission_groups": groups})
}

pub(crate) fn zone(id: &str) -> String {
    format!("com.cloudflare.api.account.zone.{id}")
}

pub(crate) fn account(id: &str) -> String {
    format!("com.cloudflare.api.account.{id}")
}

pub(crate) fn token(policies: &[Value]) -> Value {
    json!({"name": "ci", "status": "active", "policies": policies})
}

/// `old.json` reads a zone, `new.json` edits its records and deploys Workers.
pub(crate) fn widened() -> Home {
    let home = home();
    let reads = allow(&zone(ZONE), &[ZONE_READ]);
    home.write("old.json", &token(std::slice::from_ref(&reads)).to_string());
    let writes = [reads, allow(&zone(ZONE), &[DNS_WRITE]), allow(&account(ACCOUNT), &[SCRIPTS_WRITE])];
    home.write("new.json", &token(&writes).to_string());
    home
}

#[test]
fn gained_and_lost() {
    let home = widened();
    shows!("policy_diff_gained", home.run("policy diff old.json new.json").ended(1));
    shows!("policy_diff_lost", home.run("policy diff new.json old.json").ended(1));
    let all = home.run("policy diff old.json new.json --verbose").ended(1);
    assert!(all.stdout.contains("DELETE /zones/{zone_id}/dns_records/{dns_record_id}"), "{}", all.stdout);
    let document = home.run("policy diff old.json new.json --json").ended(1).json();
    assert_eq!(document["same"], false);
    assert_eq!(document["lost"]["operations"], 0);
    assert_eq!(document["gained"]["ways"][0]["way"], "workers");
    assert!(document["gained"]["operations"].as_u64().unwrap() > 50, "{document:#}");
    let method = document["gained"]["example"]["method"].as_str().unwrap();
    assert_ne!(method, "GET", "a call that changes something says more");
}

#[test]
fn the_same_by_other_words() {
    let home = widened();
    shows!("policy_diff_same", home.run("policy diff old.json old.json").ended(0));
    // A bare list, and an answer of the API: what they say is the same.
    let policies = json!([allow(&zone(ZONE), &[ZONE_READ])]);
    home.write("list.json", &policies.to_string());
    home.run("policy diff old.json list.json").ended(0);
    let envelope =
        json!({"success": true, "errors": [], "messages": [], "result": token(policies.as_array().unwrap())});
    let run = home.type_("policy diff old.json -").stdin(&envelope.to_string()).run();
    assert_eq!(run.ended(0).stdout.lines().count(), 4);
}

#[test]
fn conditions_alone() {
    let home = home();
    let policies = [allow(&zone(ZONE), &[ZONE_READ])];
    let mut held = token(&policies);
    held["expires_on"] = json!("2999-01-31T00:00:00Z");
    held["condition"] = json!({"request_ip": {"in": ["203.0.113.0/24"], "not_in": ["203.0.113.9/32"]}});
    home.write("held.json", &held.to_string());
    home.write("free.json", &token(&policies).to_string());
    let document = home.run("policy diff held.json free.json --json").ended(1).json();
    assert_eq!(document["gained"]["operations"], 0);
    assert_eq!(document["gained"]["longer"], "2999-01-31T00:00:00Z");
    assert_eq!(document["gained"]["example"]["at"], "2999-01-31T00:00:00Z");
    shows!("policy_diff_conditions", home.run("policy diff held.json free.json").ended(1));
}

#[test]
fn a_plan_in_a_file() {
    let home = home();
    let operation = "--operation 'POST /zones/{zone_id}/dns_records'";
    for (file, place) in [("here.json", ZONE), ("there.json", OTHER_ZONE)] {
        let plan = home.run(&format!("plan {operation} --account {ACCOUNT} --zone {place} -o json")).ended(0).stdout;
        home.write(file, &plan);
    }
    home.run("policy diff here.json here.json").ended(0);
    shows!("policy_diff_plans", home.run("policy diff here.json there.json").ended(1));
    // A plan without ids can be compared with itself.
    home.write("anywhere.json", &home.run(&format!("plan {operation} -o json")).ended(0).stdout);
    home.run("policy diff anywhere.json anywhere.json").ended(0);
    let run = home.run("policy diff anywhere.json here.json").ended(1);
    assert!(run.stdout.contains("<zone_id>"), "{}", run.stdout);
}

#[test]
fn who_owns_a_zone_decides() {
    let home = home();
    let nested = json!({"effect": "allow", "resources": {account(ACCOUNT): {"com.cloudflare.api.account.zone.*": "*"}},
        "permission_groups": [{"id": DNS_WRITE}]});
    home.write("account.json", &token(&[nested]).to_string());
    home.write("zone.json", &token(&[allow(&zone(ZONE), &[DNS_WRITE])]).to_string());
    shows!("policy_diff_ownership", home.run("policy diff account.json zone.json").ended(1));
    shows!("policy_check_ownership", home.run("policy check --no-new-access account.json zone.json").ended(1));
    let run = home.run(&format!("policy check --no-new-access account.json zone.json --zone-account {ZONE}={ACCOUNT}"));
    run.ended(0);
}

#[test]
fn tokens_of_the_api() {
    let local = Local::start();
    local.token("--name narrow --operation 'GET /zones/{zone_id}/dns_records'");
    local.token("--name wide --operation 'POST /zones/{zone_id}/dns_records'");
    shows!("policy_diff_api", local.run("policy diff narrow wide").ended(1));
    let id = local.tokens().into_iter().find(|token| token.name == "wide").unwrap().id;
    let plan = local.run("plan --operation 'POST /zones/{zone_id}/dns_records' -o json").ended(0).stdout;
    local.write("plan.json", &plan);
    local.run(&format!("policy diff {id} plan.json")).ended(0);
    shows!("policy_diff_api_unknown", local.run("policy diff narrow wied").failed(2));
}

#[test]
fn what_is_no_token_is_refused() {
    let home = widened();
    home.write("broken.json", "{\"policies\": [{\"effect\": \"allow\",\n  \"resources\": 3}]}");
    shows!("policy_diff_broken", home.run("policy diff old.json broken.json").failed(2));
    shows!("policy_diff_missing", home.run("policy diff old.json nowhere.json").failed(2));
    home.run("policy diff - -").failed(2);
    shows!("policy_diff_bad_owner", home.run("policy diff old.json new.json --zone-account x=y").failed(2));
}

#[test]
fn what_nobody_has_published_is_told_apart() {
    let home = widened();
    let unknown = "00000000000000000000000000000001";
    let policies = [allow(&zone(ZONE), &[ZONE_READ]), allow(&zone(ZONE), &[unknown])];
    home.write("unknown.json", &token(&policies).to_string());
    shows!("policy_diff_unknown", home.run("policy diff old.json unknown.json").ended(1));
}
