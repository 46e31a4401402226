//! `flarekeep check`.

use serde_json::Value;

use crate::support::{ACCOUNT, Deed, Local, OTHER_ZONE, Proxy, ZONE, answer, shows};

const NAMES: [&str; 8] = [
    "Basic Auth",
    "Account Access",
    "Zone Access",
    "R2 Buckets List",
    "R2 Bucket Create",
    "Workers List",
    "Workers Routes",
    "Custom Hostnames",
];

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap_or_else(|| panic!("no object: {value}")).keys().map(String::as_str).collect()
}

/// The document of the issue: `{"token":{"id","status","owner"},"passed","total","tests":[…],"writes":{…}}`.
#[track_caller]
fn has_the_shape(document: &Value) {
    assert_eq!(keys(document), ["passed", "reads", "tests", "token", "total", "writes"]);
    assert_eq!(keys(&document["token"]), ["id", "owner", "status"]);
    for section in [document, &document["writes"], &document["reads"]] {
        let tests = section["tests"].as_array().unwrap();
        assert_eq!(section["total"], tests.len());
        assert_eq!(section["passed"], tests.iter().filter(|test| test["result"] == "pass").count());
        for test in tests {
            let mut keys_of_test = keys(test);
            keys_of_test.retain(|key| *key != "detail");
            assert_eq!(keys_of_test, ["grant", "name", "operation", "resource", "result"], "{test}");
            match test["result"].as_str().unwrap() {
                "missing" => {
                    assert_eq!(keys(&test["grant"]), ["group", "id", "resource", "scope"]);
                    let resource = match test["grant"]["scope"].as_str().unwrap() {
                        "account" => format!("com.cloudflare.api.account.{ACCOUNT}"),
                        "zone" => format!("com.cloudflare.api.account.zone.{ZONE}"),
                        other => panic!("{other}"),
                    };
                    assert_eq!(test["grant"]["resource"], resource);
                }
                "pass" => assert!(test["grant"].is_null(), "{test}"),
                other => panic!("{other}: {test}"),
            }
        }
    }
}

#[test]
fn before_and_after() {
    let local = Local::start();
    local.narrow_token();
    let before = local.emulator.state_hash();
    shows!("check_before", local.run("check --recipe saas-platform").ended(1));
    shows!("check_before_verbose", local.run("check --recipe saas-platform --verbose").ended(1));
    let document = local.run("check --recipe saas-platform --json").ended(1).json();
    has_the_shape(&document);
    assert_eq!((&document["passed"], &document["total"]), (&4.into(), &8.into()));
    let names: Vec<_> =
        document["tests"].as_array().unwrap().iter().map(|test| test["name"].as_str().unwrap()).collect();
    assert_eq!(names, NAMES);
    let missing: Vec<_> =
        document["tests"].as_array().unwrap().iter().filter(|test| test["result"] == "missing").collect();
    let missing: Vec<_> = missing.iter().map(|test| test["name"].as_str().unwrap()).collect();
    assert_eq!(missing, ["Zone Access", "Workers List", "Workers Routes", "Custom Hostnames"]);
    assert_eq!(local.emulator.state_hash(), before, "a check changes nothing");

    local.token("--recipe saas-platform --name whole");
    let before = local.emulator.state_hash();
    shows!("check_after", local.run("check --recipe saas-platform").ended(0));
    let document = local.run("check --recipe saas-platform --json").ended(0).json();
    has_the_shape(&document);
    assert_eq!((&document["passed"], &document["total"]), (&8.into(), &8.into()));
    assert_eq!(document["writes"]["passed"], document["writes"]["total"]);
    assert!(document["writes"]["total"].as_u64() > Some(15));
    assert_eq!(local.emulator.state_hash(), before, "a check changes nothing");
}

#[test]
fn of_an_operation() {
    let local = Local::start();
    local.narrow_token();
    shows!("check_operation", local.run("check --operation 'POST /accounts/{account_id}/r2/buckets'").ended(0));
    shows!("check_operation_missing", local.run("check --operation 'POST /zones/{zone_id}/dns_records'").ended(1));
    // An operation without a probe stays unproven, which is not a pass.
    shows!("check_operation_unproven", local.run("check --operation 'DELETE /zones/{zone_id}'").ended(1));
    shows!("check_nothing", local.run("check").failed(2));
}

#[test]
fn what_no_grant_mends_is_said_and_not_tried() {
    let local = Local::start();
    local.token("--name shared --owner account --operation 'GET /accounts/{account_id}'");
    let widgets = "check --operation 'GET /accounts/{account_id}/challenges/widgets'";
    shows!("check_account_closed_product", local.run(widgets).ended(1));
}

#[test]
fn of_an_accounts_token() {
    let local = Local::start();
    local.token("--name shared --owner account --operation 'POST /accounts/{account_id}/r2/buckets'");
    shows!("check_account", local.run("check --operation 'POST /accounts/{account_id}/r2/buckets'").ended(0));
    let document = local.run("check --recipe saas-platform --json").ended(1).json();
    assert_eq!(document["token"]["owner"], "account");
}

#[test]
fn at_a_concrete_path() {
    let local = Local::start();
    local.token("--name dns --operation 'POST /zones/{zone_id}/dns_records'");
    // The ids of the path are the ones that are tried, not those of the environment.
    let there = "check --operation 'GET /zones/bbbb0000bbbb0000bbbb0000bbbb0001/dns_records'";
    let elsewhere = "check --operation 'GET /zones/bbbb0000bbbb0000bbbb0000bbbb0002/dns_records'";
    local.run(there).ended(0);
    local.run(elsewhere).ended(1);
    let run = local.type_(there).env_remove("CLOUDFLARE_ZONE_ID").env_remove("CLOUDFLARE_ACCOUNT_ID").run();
    run.ended(0);
}

#[test]
fn zone_and_account_by_name() {
    let local = Local::start();
    local.token("--recipe saas-platform --name whole");
    let run = local
        .type_("check --recipe saas-platform --zone example.com --account Acme")
        .env_remove("CLOUDFLARE_ZONE_ID")
        .env_remove("CLOUDFLARE_ACCOUNT_ID")
        .run();
    run.ended(0);
    // The other zone is another resource.
    local.run(&format!("check --recipe saas-platform --zone {OTHER_ZONE}")).ended(1);
    // By its name this token cannot even find it.
    shows!("check_zone_unseen", local.run("check --recipe saas-platform --zone example.org").failed(2));
    // The account is found by its zone.
    local.type_("check --recipe saas-platform").env_remove("CLOUDFLARE_ACCOUNT_ID").run().ended(0);
    let run = local.type_("check --recipe saas-platform").env_remove("CLOUDFLARE_ZONE_ID").run();
    shows!("check_without_zone", run.failed(2));
}

/// A list of zones passes only if the zone is in it, and a fix mends just what a check misses.
#[test]
fn what_is_missing_can_be_fixed_for_a_list() {
    let local = Local::start();
    local.token(&format!("--name other --permission 'Zone Read' --zone {OTHER_ZONE}"));
    local.run("check --operation 'GET /zones'").ended(1);
    local.run("fix --operation 'GET /zones' --yes").ended(0);
    local.run("check --operation 'GET /zones'").ended(0);
}

/// Products answer a token that died as they answer one that lacks a right: neither a miss nor a pass follows.
#[test]
fn a_token_that_dies_meanwhile_misses_nothing_and_is_refused_nothing() {
    let mut local = Local::start();
    local.token("--name dns --operation 'POST /zones/{zone_id}/dns_records'");
    let proxy = Proxy::before(local.running.address(), |request, number| {
        let refused = |code: i64, words: &str| {
            let body = format!(
                r#"{{"success":false,"errors":[{{"code":{code},"message":"{words}"}}],"messages":[],"result":null}}"#
            );
            Deed::Answer(answer("401 Unauthorized", "application/json", "", &body))
        };
        match request {
            "GET /user/tokens/verify" if number % 2 == 0 => refused(1000, "Invalid API Token"),
            "GET /user/tokens/verify" => Deed::Forward,
            _ if request.starts_with("GET /user/tokens/") => Deed::Forward,
            _ => refused(10000, "Authentication error"),
        }
    });
    local.home.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    let wanted = "check --operation 'POST /zones/{zone_id}/dns_records'";
    for line in [wanted, "check --refused 'POST /accounts/{account_id}/r2/buckets'", "check --discover"] {
        let run = local.run(line).failed(3);
        assert!(run.shown().contains("Invalid API Token"), "{}", run.shown());
        assert!(!run.shown().contains("MISSING") && !run.shown().contains("refused, of what"), "{}", run.shown());
    }
}

#[test]
fn a_get_that_does_something_is_not_tried() {
    let local = Local::start();
    let opens = "GET /accounts/{account_id}/browser-rendering/devtools/browser";
    local.token(&format!("--name browser --operation '{opens}'"));
    let run = local.run(&format!("check --operation '{opens}' --verbose")).ended(1);
    assert!(run.shown().contains("unproven") && run.shown().contains("opens a browser"), "{}", run.shown());
    local.run("check --discover --thorough").ended(0);
    let made = local.calls().into_iter().filter(|call| call.contains("/devtools/browser ")).count();
    assert_eq!(made, 0, "it opens a browser");
}
