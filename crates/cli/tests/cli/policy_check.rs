//! `flarekeep policy check`: gates for CI.

use serde_json::json;

use crate::policy_diff::{account, allow, home, token, widened, zone};
use crate::support::{ACCOUNT, Local, OTHER_ZONE, ZONE, shows};

const API_TOKENS_WRITE: &str = "5bc3f8b21c554832afc660159ab75fa4";

#[test]
fn no_new_access() {
    let home = widened();
    shows!("policy_check_holds", home.run("policy check --no-new-access new.json old.json").ended(0));
    shows!("policy_check_broken", home.run("policy check --no-new-access old.json new.json").ended(1));
    let document = home.run("policy check --no-new-access old.json new.json --json").ended(1).json();
    assert_eq!(document["passes"], false);
    assert_eq!(document["gates"][0]["verdict"], "broken");
    assert!(document["gates"][0]["example"]["path"].as_str().unwrap().contains(ACCOUNT), "{document:#}");
    assert_eq!(document["gates"][0]["ways"][0]["way"], "workers");
}

#[test]
fn an_operation_is_denied() {
    let home = widened();
    let deletes = "--denies 'DELETE /zones/{zone_id}'";
    let records = "--denies 'DELETE /zones/{zone_id}/dns_records/{dns_record_id}'";
    shows!("policy_check_denies", home.run(&format!("policy check old.json new.json {deletes} {records}")).ended(1));
    home.run(&format!("policy check old.json {deletes} {records}")).ended(0);
    // A concrete path asks for that zone alone.
    home.run(&format!("policy check new.json --denies 'POST /zones/{OTHER_ZONE}/dns_records'")).ended(0);
    home.run(&format!("policy check new.json --denies 'POST /zones/{ZONE}/dns_records'")).ended(1);
    // Of this operation nobody has published what opens it.
    let unlabelled = "policy check old.json --denies 'POST /accounts/move'";
    shows!("policy_check_unproven", home.run(unlabelled).ended(1));
}

#[test]
fn what_is_denied_is_written_as_a_call() {
    let home = widened();
    let denies = |call: &str, rest: &str| home.run(&format!("policy check new.json --denies '{call}' {rest}"));
    denies(&format!("post /client/v4/zones/{ZONE}/dns_records?x=1"), "").ended(1);
    denies("POST /zones/{zone_id}/dns_records?x=1", "").ended(1);
    denies(&format!("POST /client/v4/zones/{OTHER_ZONE}/dns_records?x=1"), "").ended(0);
    let twice = format!("--zone-account {ZONE}={ACCOUNT} --zone-account {ZONE}={ZONE}");
    denies("POST /zones", &twice).failed(2).says("two accounts");
    let eu = json!({format!("com.cloudflare.edge.r2.bucket.{ACCOUNT}_eu_media"): "*"});
    let group = json!([{"name": "Workers R2 Storage Bucket Item Write"}]);
    let policies = json!([{"effect": "allow", "resources": eu, "permission_groups": group}]);
    home.write("new.json", &policies.to_string());
    let (account, inside) = (format!("--account {ACCOUNT}"), format!("--account {ACCOUNT} --bucket eu/media"));
    denies("DELETE s3://media/x", "").failed(2).says("which account owns the bucket");
    denies("DELETE s3://media/x", &account).ended(0);
    denies("DELETE s3://other/x", &inside).failed(2).says("names another bucket");
    shows!("policy_check_denies_bucket", denies("DELETE s3://media/x", &inside).ended(1));
    denies(&format!("DELETE https://{ACCOUNT}.eu.r2.cloudflarestorage.com/media/x"), "").ended(1);
    let simulate = "policy simulate new.json --method DELETE --path s3://media/x";
    home.run(&format!("{simulate} {account}")).ended(1);
    shows!("policy_simulate_bucket", home.run(&format!("{simulate} {inside}")).ended(0));
}

#[test]
fn nothing_beyond_a_recipe() {
    let local = Local::start();
    local.token("--name deploy --recipe wrangler-deploy");
    local.run("policy check deploy --only wrangler-deploy").ended(0);
    local.token("--name more --recipe wrangler-deploy --permission 'DNS Write'");
    shows!("policy_check_only", local.run("policy check deploy more --only wrangler-deploy").ended(1));
    // Several recipes count together, and several gates are looked at in one call.
    let gates = "--denies 'DELETE /zones/{zone_id}' --only wrangler-deploy --only cert-manager-dns01";
    shows!("policy_check_gates", local.run(&format!("policy check more {gates} --no-new-access more deploy")).ended(0));
}

#[test]
fn a_lifted_condition_is_new_access() {
    let home = home();
    let policies = [allow(&account(ACCOUNT), &[API_TOKENS_WRITE])];
    let mut ends = token(&policies);
    ends["expires_on"] = json!("2999-01-31T00:00:00Z");
    home.write("ends.json", &ends.to_string());
    home.write("endless.json", &token(&policies).to_string());
    shows!("policy_check_longer", home.run("policy check --no-new-access ends.json endless.json").ended(1));
    home.run("policy check --no-new-access endless.json ends.json").ended(0);
}

#[test]
fn a_gate_must_be_given_with_what_it_looks_at() {
    let home = home();
    home.write("token.json", &token(&[allow(&zone(ZONE), &[])]).to_string());
    shows!("policy_check_no_gate", home.run("policy check token.json").failed(2));
    shows!("policy_check_no_token", home.run("policy check --denies 'DELETE /zones/{zone_id}'").failed(2));
    shows!("policy_check_no_operation", home.run("policy check token.json --denies 'DELETE /nowhere'").failed(2));
}

#[test]
fn a_status_makes_no_gate_hold() {
    let home = home();
    let of = |status: &str, group: &str| {
        let mut token = token(&[allow(&account(ACCOUNT), &[group])]);
        token["status"] = json!(status);
        token.to_string()
    };
    home.write("narrow.json", &of("active", "1af1fa2adc104452b74a9a3364202f20"));
    home.write("narrow-off.json", &of("disabled", "1af1fa2adc104452b74a9a3364202f20"));
    home.write("off.json", &of("disabled", API_TOKENS_WRITE));
    home.write("odd.json", &of("asleep", API_TOKENS_WRITE));
    let gates = "--no-new-access narrow.json off.json --no-new-access narrow.json odd.json \
                 --no-new-access odd.json narrow.json --no-new-access narrow.json narrow-off.json \
                 --no-new-access narrow-off.json narrow-off.json --denies 'POST /accounts/{account_id}/tokens'";
    shows!("policy_check_statuses", home.run(&format!("policy check off.json odd.json {gates}")).ended(1));
    shows!("policy_diff_status", home.run("policy diff odd.json odd.json").ended(1));
}

#[test]
fn what_is_unknown_elsewhere_is_not_the_same() {
    let home = home();
    let below = |account: &str, value: &str| {
        let resources = json!({account: {"com.cloudflare.api.account.worker.script.*": value}});
        let group = json!([{"id": API_TOKENS_WRITE}]);
        token(&[json!({"effect": "allow", "resources": resources, "permission_groups": group})]).to_string()
    };
    let one = format!("com.cloudflare.api.account.{ACCOUNT}");
    home.write("one.json", &below(&one, "*"));
    home.write("all.json", &below("com.cloudflare.api.account.*", "*"));
    home.write("value.json", &below(&one, "write"));
    let gates =
        "--no-new-access one.json all.json --no-new-access one.json value.json --no-new-access one.json one.json";
    shows!("policy_check_elsewhere", home.run(&format!("policy check {gates}")).ended(1));
    shows!("policy_diff_elsewhere", home.run("policy diff one.json all.json").ended(1));
}

/// What an account's token may not call, whatever its policies say, a user's token with the same policies may.
#[test]
fn another_kind_of_owner_is_new_access() {
    /// Turnstile Sites Write: the product takes no token that an account owns (catalogue/closed_to_account_tokens.tsv).
    const TURNSTILE: &str = "755c05aa014b4f9ab263aa80b8167bd8";
    let home = home();
    let owned_by = |owner: &str| {
        let mut token = token(&[allow(&account(ACCOUNT), &[TURNSTILE])]);
        token["owner"] = json!({ owner: ACCOUNT });
        token.to_string()
    };
    home.write("account.json", &owned_by("account"));
    home.write("user.json", &owned_by("user"));
    shows!("policy_check_owner", home.run("policy check --no-new-access account.json user.json").ended(1));
    home.run("policy check --no-new-access user.json account.json").ended(0);
}
