//! `flarekeep platform`, against the local Cloudflare.

use flarekeep_cloudflare::{Method, NewDnsRecord};
use flarekeep_emulator::Options;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Local, OTHER_ZONE, ZONE, block_on, shows};

fn local() -> Local {
    Local::with(Options { rate_limit: None, ..Options::default() })
}

fn record(local: &Local, name: &str, kind: &str, content: &str) {
    let (name, kind, content) = (name.to_owned(), kind.to_owned(), content.to_owned());
    let new = NewDnsRecord { name, kind, content, proxied: true, ttl: 1, comment: None };
    block_on(local.admin().dns_records(ZONE.parse().unwrap()).create(&new)).unwrap();
}

#[test]
fn the_life_of_a_platform() {
    let local = local();
    record(&local, "api.example.com", "A", "192.0.2.1");
    shows!("platform_status_nothing", local.run("platform status").ended(1));
    shows!("platform_deploy_dry_run", local.run("platform deploy --dry-run").ended(0));
    shows!("platform_deploy_unasked", local.run("platform deploy").failed(2));
    assert_eq!(local.run("platform status --json").ended(1).json()["parts"][1]["state"], "missing");
    shows!("platform_deploy", local.run("platform deploy --yes").ended(0));
    shows!("platform_deploy_again", local.run("platform deploy --yes").ended(0));
    shows!("platform_status", local.run("platform status").ended(0));
    shows!("platform_doctor_key", local.run("platform doctor").ended(0));
    // Something is taken away by hand, and a record says something else.
    let admin = local.admin();
    let records = block_on(admin.dns_records(ZONE.parse().unwrap()).list()).unwrap();
    let wildcard = records.iter().find(|record| record.name == "*.example.com").unwrap();
    let path = format!("/zones/{ZONE}/dns_records/{}", wildcard.id);
    block_on(admin.request(Method::PATCH, &path).json(&json!({"content": "100::1"})).done()).unwrap();
    let routes = block_on(admin.routes(ZONE.parse().unwrap()).list()).unwrap();
    let all = routes.iter().find(|route| route.pattern == "*/*").unwrap();
    block_on(admin.routes(ZONE.parse().unwrap()).delete(&all.id)).unwrap();
    shows!("platform_status_differs", local.run("platform status").ended(1));
    shows!("platform_deploy_mends", local.run("platform deploy --yes").ended(0));
    shows!("platform_destroy_dry_run", local.run("platform destroy --dry-run").ended(0));
    shows!("platform_destroy", local.run("platform destroy --yes").ended(0));
    shows!("platform_destroy_again", local.run("platform destroy --yes").ended(0));
    // What somebody else made is still there.
    let left = block_on(admin.dns_records(ZONE.parse().unwrap()).list()).unwrap();
    assert_eq!(left.iter().map(|record| record.name.as_str()).collect::<Vec<_>>(), ["api.example.com"]);
}

#[test]
fn as_documents() {
    let local = local();
    let keys = |document: &Value| document.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    let dry = local.run("platform deploy --dry-run --json").ended(0).json();
    assert_eq!(keys(&dry), "changed domain dry_run hostnames steps target");
    let first = local.run("platform deploy --yes --json").ended(0).json();
    assert_eq!(
        (keys(&first).as_str(), &first["changed"]),
        ("changed domain hostnames smoke_test steps target under_way", &json!(true))
    );
    assert_eq!(first["steps"], dry["steps"]);
    let again = local.run("platform deploy --yes --json").ended(0).json();
    assert_eq!((&again["changed"], &again["steps"]), (&json!(false), &json!([])));
    let status = local.run("platform status --json").ended(0).json();
    assert_eq!(keys(&status), "domain hostnames in_the_way missing parts stands tenants");
    assert_eq!((&status["stands"], &status["tenants"]), (&json!(true), &json!(0)));
    assert_eq!(status["hostnames"], json!({"used": 0, "allocated": 100}));
    let removed = local.run("platform destroy --yes --json").ended(0).json();
    assert_eq!((keys(&removed).as_str(), removed["removed"].as_array().unwrap().len()), ("domain removed", 8));
}

#[test]
fn what_is_in_the_way() {
    let mut local = local();
    record(&local, "fallback.example.com", "A", "192.0.2.1");
    record(&local, "customers.example.com", "CNAME", "elsewhere.example");
    shows!("platform_records_taken", local.run("platform deploy --yes").failed(2));
    shows!("platform_status_in_the_way", local.run("platform status").ended(1));
    shows!("platform_domain_below", local.run("platform deploy --domain sites.example.com --dry-run").ended(0));
    shows!("platform_foreign_domain", local.run("platform deploy --domain elsewhere.test --yes").failed(2));
    shows!("platform_foreign_host", local.run("platform deploy --exclude api.elsewhere.test --yes").failed(2));
    shows!("platform_no_jurisdiction", local.run("platform deploy --jurisdiction mars --yes").failed(2));
    shows!("platform_all_zones", local.run("platform deploy --zone '*' --yes").failed(2));
    // The variables of the earlier system: a bucket in a jurisdiction, and another name of the Worker.
    local.set("CLOUDFLARE_ZONE_ID", OTHER_ZONE);
    local.set("R2_BUCKET_NAME", "tenants");
    local.set("R2_JURISDICTION", "eu");
    local.set("WORKER_SCRIPT_NAME", "site-router");
    local.set("PLATFORM_DOMAIN", "sites.example.org");
    shows!("platform_deploy_variables", local.run("platform deploy --yes").ended(0));
    shows!("platform_other_jurisdiction", local.run("platform deploy --jurisdiction default --yes").failed(2));
    let other = local.type_("platform deploy --yes").env("WORKER_SCRIPT_NAME", "another").run();
    shows!("platform_taken_route", other.failed(2));
}

#[test]
fn a_token_that_may_not() {
    let mut local = local();
    let value =
        local.token("--name r2 --operation 'POST /accounts/{account_id}/r2/buckets' --permission 'Zone:DNS:Edit'");
    local.forget_the_key();
    local.keep_secret(&value);
    // What is there is asked for at once: which of the calls is told of differs from run to run.
    local.run("platform deploy --yes").failed(3).says("it lacks a permission for this call");
    let calls = local.calls();
    let writes = |call: &&String| !call.starts_with("GET ") && call.contains(ACCOUNT) && !call.ends_with(" 403");
    assert_eq!(calls.iter().filter(writes).count(), 0, "nothing half done: {calls:#?}");
}
