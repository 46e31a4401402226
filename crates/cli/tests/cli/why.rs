//! `flarekeep why`: every cause that the emulator can bring about, live and from an answer that somebody saw.

use std::sync::atomic::Ordering;

use flarekeep_cloudflare::{NewToken, Owner, Status, TokenUpdate};
use serde_json::Value;

use crate::support::{Deed, Home, Local, OTHER_ZONE, Proxy, Run, ZONE, answer, block_on, fresh_value, shows};

const ROUTES: &str = "why --operation 'GET /zones/{zone_id}/workers/routes'";

#[track_caller]
fn cause(run: &Run) -> (String, String) {
    let document = run.json();
    let text = |name: &str| document["findings"][0][name].as_str().unwrap_or_default().to_owned();
    (text("cause"), text("confidence"))
}

#[track_caller]
fn is(run: &Run, expected: &str, confidence: &str) {
    assert_eq!(cause(run), (expected.to_owned(), confidence.to_owned()), "{}", run.shown());
    assert_eq!(run.status, 0, "a diagnosis is the answer, whatever it says");
}

/// A token of these policies, each `(resource key, group names)`, whose value is in `.env`.
fn token_of(local: &Local, policies: &[(&str, &[&str])]) {
    let policies: Vec<Value> = policies
        .iter()
        .map(|(resource, groups)| {
            let ids: Vec<Value> = groups
                .iter()
                .map(|name| {
                    let (group, _) = flarekeep_catalogue::resolve(name).unwrap();
                    serde_json::json!({"id": group.id.unwrap().to_string()})
                })
                .collect();
            serde_json::json!({"effect": "allow", "resources": {*resource: "*"}, "permission_groups": ids})
        })
        .collect();
    let policies = serde_json::from_value(policies.into()).unwrap();
    let new = NewToken { name: "made".to_owned(), policies, ..NewToken::default() };
    let made = block_on(local.admin().tokens(Owner::User).create(&new)).unwrap();
    let value = secrecy::ExposeSecret::expose_secret(&made.value).to_owned();
    local.keep_secret(&value);
    local.write(".env", &format!("CLOUDFLARE_API_TOKEN={value}\n"));
}

fn zone(id: &str) -> String {
    format!("com.cloudflare.api.account.zone.{id}")
}

#[test]
fn a_missing_group() {
    let mut local = Local::start();
    local.narrow_token();
    shows!("why_missing_group", local.run(ROUTES).ended(0));
    is(&local.run(&format!("{ROUTES} --json")), "missing-group", "proved");
    shows!("why_missing_group_recipe", local.run(&format!("{ROUTES} --recipe saas-platform")).ended(0));
    shows!("why_json", local.run(&format!("{ROUTES} --json")).ended(0));
    // A write is refused for the same cause, and asking changes nothing.
    let before = local.emulator.state_hash();
    is(&local.run("why --operation 'POST /zones/{zone_id}/dns_records' --json"), "missing-group", "proved");
    assert_eq!(local.emulator.state_hash(), before);
    // Nobody may read the policies: a grant is missing, and which it is remains open.
    local.forget_the_key();
    shows!("why_missing_grant", local.run(ROUTES).ended(0));
    is(&local.run(&format!("{ROUTES} --json")), "missing-group", "likely");
}

#[test]
fn a_group_at_another_resource() {
    let local = Local::start();
    token_of(&local, &[(&zone(OTHER_ZONE), &["Workers Routes Write"])]);
    shows!("why_other_resource", local.run(ROUTES).ended(0));
    is(&local.run(&format!("{ROUTES} --json")), "other-resource", "proved");
}

#[test]
fn a_group_at_the_wrong_scope() {
    let local = Local::start();
    let account = format!("com.cloudflare.api.account.{}", local.facts.account_id);
    token_of(&local, &[(&account, &["Workers Routes Write"])]);
    shows!("why_wrong_scope", local.run(ROUTES).ended(0));
    is(&local.run(&format!("{ROUTES} --json")), "wrong-scope", "proved");
}

#[test]
fn a_policy_that_withholds() {
    let local = Local::start();
    token_of(&local, &[(&zone(ZONE), &["Workers Routes Write"])]);
    let token = local.tokens().remove(0);
    let mut update = TokenUpdate::from(&token);
    let mut deny = update.policies[0].clone();
    deny.effect = flarekeep_cloudflare::Effect::Deny;
    update.policies.push(deny);
    block_on(local.admin().tokens(Owner::User).update(token.id, &update)).unwrap();
    shows!("why_withheld", local.run(ROUTES).ended(0));
    is(&local.run(&format!("{ROUTES} --json")), "denied-by-policy", "proved");
}

#[test]
fn nothing_is_wrong() {
    let local = Local::start();
    local.token("--name routes --operation 'GET /zones/{zone_id}/workers/routes'");
    shows!("why_not_refused", local.run(ROUTES).ended(0));
    is(&local.run(&format!("{ROUTES} --json")), "not-refused", "proved");
}

#[test]
fn an_unknown_token() {
    let local = Local::start();
    let value = fresh_value("cfut_");
    local.keep_secret(&value);
    shows!("why_unknown_token", local.type_(ROUTES).env("CLOUDFLARE_API_TOKEN", &value).run().ended(0));
    is(&local.type_(&format!("{ROUTES} --json")).env("CLOUDFLARE_API_TOKEN", &value).run(), "unknown-token", "likely");
}

#[test]
fn an_address_that_is_not_allowed() {
    let local = Local::start();
    local.token("--name far --operation 'GET /zones/{zone_id}/workers/routes' --allow-ip 203.0.113.0/24");
    shows!("why_address", local.run(ROUTES).ended(0));
    is(&local.run(&format!("{ROUTES} --json")), "address-not-allowed", "proved");
    // Other commands say the same, and end with the status of a refused credential.
    shows!("check_address", local.run("check --operation 'GET /zones/{zone_id}/workers/routes'").failed(3));
}

#[test]
fn a_token_past_its_time() {
    let (local, clock) = Local::with_a_clock();
    local.token("--name short --operation 'GET /zones/{zone_id}/workers/routes' --expires 1h");
    is(&local.run(&format!("{ROUTES} --json")), "not-refused", "proved");
    clock.fetch_add(2 * 3600, Ordering::Relaxed);
    let run = local.run(&format!("{ROUTES} --json"));
    is(&run, "expired", "proved");
    local.run("token verify").ended(1);
}

#[test]
fn a_token_before_its_time() {
    let (local, clock) = Local::with_a_clock();
    local.token("--name later --operation 'GET /zones/{zone_id}/workers/routes'");
    let token = local.tokens().remove(0);
    let start = jiff::Timestamp::from_second(clock.load(Ordering::Relaxed) + 3600).unwrap();
    let update = TokenUpdate { not_before: Some(start), ..TokenUpdate::from(&token) };
    block_on(local.admin().tokens(Owner::User).update(token.id, &update)).unwrap();
    is(&local.run(&format!("{ROUTES} --json")), "not-yet-valid", "proved");
}

#[test]
fn a_token_that_is_switched_off() {
    let (local, _) = Local::with_a_clock();
    local.token("--name off --operation 'GET /zones/{zone_id}/workers/routes'");
    let token = local.tokens().remove(0);
    let update = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
    block_on(local.admin().tokens(Owner::User).update(token.id, &update)).unwrap();
    let run = local.run(&format!("{ROUTES} --json"));
    is(&run, "disabled", "proved");
    shows!("why_disabled", local.run(ROUTES).ended(0));
    shows!("token_verify_disabled", local.run("token verify").ended(1));
}

#[test]
fn a_barred_token_where_verifying_tells_nothing() {
    let local = Local::start();
    local.token("--name off --operation 'GET /zones/{zone_id}/workers/routes'");
    let token = local.tokens().remove(0);
    let update = TokenUpdate { status: Some(Status::Disabled), ..TokenUpdate::from(&token) };
    block_on(local.admin().tokens(Owner::User).update(token.id, &update)).unwrap();
    // Cloudflare's answer is the same as for a value that it never knew, so that this is all that can be said.
    is(&local.run(&format!("{ROUTES} --json")), "unknown-token", "likely");
}

#[test]
fn an_accounts_token_where_only_users_tokens_go() {
    let local = Local::start();
    local.token("--name shared --owner account --operation 'POST /accounts/{account_id}/r2/buckets'");
    let run = local.run("why --operation 'GET /accounts' --json");
    is(&run, "account-token-not-supported", "proved");
    shows!("why_account_token", local.run("why --operation 'GET /accounts'").ended(0));
    // The policies of an account's token are read at its account.
    is(&local.run("why --operation 'GET /accounts/{account_id}/workers/scripts' --json"), "missing-group", "proved");
}

#[test]
fn an_id_that_names_nothing() {
    let local = Local::start();
    local.token("--name whole --recipe saas-platform");
    let other = "dddd0000dddd0000dddd0000dddd0009";
    let run = local.run(&format!("why --operation 'GET /zones/{other}/workers/routes' --json")).ended(0);
    // A zone that is not there belongs to nobody: Cloudflare refuses it as it refuses another's.
    assert!(matches!(cause(&run).0.as_str(), "other-resource" | "wrong-id"), "{}", run.shown());
}

#[test]
fn from_an_answer_that_somebody_saw() {
    let local = Local::start();
    let told = |operation: &str, code: i64, message: &str| {
        let body = serde_json::json!({
            "success": false, "errors": [{"code": code, "message": message}], "messages": [], "result": null
        });
        let run = local.type_(&format!("why --operation '{operation}' - --json")).stdin(&body.to_string()).run();
        cause(&run.ended(0)).0
    };
    let routes = "GET /zones/{zone_id}/workers/routes";
    assert_eq!(told(routes, 10000, "Authentication error"), "missing-group");
    assert_eq!(told(routes, 9109, "Cannot use the access token from location: 192.0.2.7"), "address-not-allowed");
    assert_eq!(told(routes, 9109, "Invalid access token"), "unknown-token");
    assert_eq!(told("GET /user/tokens/verify", 1000, "Invalid API Token"), "unknown-token");
    assert_eq!(told(routes, 6003, "Invalid request headers"), "malformed-header");
    assert_eq!(
        told(routes, 7003, "Could not route to /zones/x, perhaps your object identifier is invalid?"),
        "wrong-id"
    );
    assert_eq!(told(routes, 971, "Please wait and consider throttling your request speed"), "rate-limited");
    assert_eq!(
        told("GET /accounts", 1001, "This API does not support account owned tokens"),
        "account-token-not-supported"
    );
    assert_eq!(told("POST /zones/{zone_id}/dns_records", 81057, "The record already exists."), "not-about-permissions");
    assert!(local.calls().is_empty(), "an answer is explained without a call: {:?}", local.calls());

    let body = r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}"#;
    shows!("why_stdin", local.type_(&format!("{ROUTES} -")).stdin(body).run().ended(0));
    shows!("why_stdin_no_answer", local.type_(&format!("{ROUTES} -")).stdin("<html>").run().failed(2));
    local.type_(&format!("{ROUTES} -")).stdin("").run().failed(2);
    local.type_(&format!("{ROUTES} -")).stdin(r#"{"success":true,"result":[]}"#).run().failed(2);
}

#[test]
fn unknown_operation() {
    let local = Local::start();
    shows!("why_unknown_operation", local.run("why --operation 'GET /zones/{zone_id}/worker/routes'").failed(2));
    local.run("why").ended(2);
}

#[test]
fn a_body_from_a_pipe_without_being_told_to_read_it() {
    let local = Local::start();
    let body = r#"{"success":false,"errors":[{"code":9109,"message":"Invalid access token"}],"result":null}"#;
    let run = local.type_("why --operation 'GET /zones/{zone_id}' --json").stdin(body).run();
    is(&run, "unknown-token", "likely");
    assert!(local.calls().is_empty());
}

#[test]
fn a_log_with_several_refusals() {
    let local = Local::start();
    let log = "✘ [ERROR] A request to the Cloudflare API (/accounts/023e105f4ecef8ad9ca31a8372d0c353/workers/scripts/shop) failed.\n\n  \
               Authentication error [code: 10000]\n\n\
               $ curl https://api.cloudflare.com/client/v4/zones/9a7806061c88ada191ed06f989cc3dac\n\
               {\"success\":false,\"errors\":[{\"code\":9109,\"message\":\"Cannot use the access token from location: 192.0.2.7\"}]}\n";
    local.write("deploy.log", log);
    shows!("why_log", local.run("why --log deploy.log").ended(0));
    let document = local.run("why --log deploy.log --json").ended(0).json();
    let causes: Vec<&str> = document["diagnoses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["findings"][0]["cause"].as_str().unwrap())
        .collect();
    assert_eq!(causes, ["missing-group", "address-not-allowed"]);
    assert!(local.calls().is_empty(), "{:?}", local.calls());
    local.run("why --log absent.log").failed(2);
}

#[test]
fn asking_tells_the_causes_apart() {
    let local = Local::start();
    local.narrow_token();
    let body = r#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}"#;
    let before = local.emulator.state_hash();
    let told = local.type_(&format!("{ROUTES} - --json")).stdin(body).run();
    is(&told, "missing-group", "likely");
    assert!(told.json()["next"].as_str().unwrap().contains("/user/tokens/verify"), "{}", told.shown());
    let asked = local.type_(&format!("{ROUTES} - --ask --json --zone {ZONE}")).stdin(body).run();
    is(&asked, "missing-group", "proved");
    assert_eq!(local.emulator.state_hash(), before);
}

/// Tools fail at the end of what they print.
#[test]
fn the_end_of_a_long_log_is_read() {
    let home = Home::new();
    let noise = format!("INFO{}\n", " ".repeat(1 << 20)).repeat(20);
    let refusal = r#"{"success":false,"errors":[{"code":9109,"message":"Cannot use the access token from location: 203.0.113.196"}]}"#;
    home.write("long.log", &format!("{noise}{refusal}\n"));
    let run = home.run("why --log long.log").ended(0);
    assert!(run.shown().contains("address-not-allowed"), "{}", run.shown());
    assert!(run.shown().contains("line 21"), "{}", run.shown());
    assert!(run.shown().contains("between them were not"), "{}", run.shown());
    let run = home.type_("why - --json").stdin(&format!("{noise}{refusal}\n")).run().ended(0);
    assert_eq!(run.json()["findings"][0]["cause"], "address-not-allowed");
    home.write("noise.log", &noise);
    let run = home.run("why --log noise.log").failed(2);
    assert!(run.shown().contains("between them were not"), "{}", run.shown());
}

#[test]
fn a_page_in_the_place_of_an_answer_is_not_about_permissions() {
    let mut local = Local::start();
    local.narrow_token();
    let proxy = Proxy::before(local.running.address(), |request, _| match request.contains("/workers/routes") {
        true => Deed::Answer(answer(
            "403 Forbidden",
            "text/html; charset=UTF-8",
            "",
            "<!DOCTYPE html>\n<title>Blocked</title>",
        )),
        false => Deed::Forward,
    });
    local.home.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    is(&local.run(&format!("{ROUTES} --json")), "not-about-permissions", "likely");
}

/// A probe whose answer is lost has changed nothing either way: nobody need look what is there.
#[test]
fn a_probe_whose_answer_is_lost_proves_nothing_and_alarms_nobody() {
    let mut local = Local::start();
    local.token("--name dns --operation 'POST /zones/{zone_id}/dns_records'");
    let proxy = Proxy::before(local.running.address(), |request, _| match request.starts_with("POST /zones/") {
        true => Deed::ForwardAndCut,
        false => Deed::Forward,
    });
    local.home.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    let wanted = "--operation 'POST /zones/{zone_id}/dns_records'";
    for line in
        [format!("check {wanted} --operation 'GET /zones/{{zone_id}}/dns_records' --verbose"), format!("why {wanted}")]
    {
        let run = local.run(&line);
        assert!(!run.shown().contains("token list"), "{}", run.shown());
        assert!(run.status < 2, "{}", run.shown());
    }
}
