//! Platform, sites and domains where the Global API key alone is given: each command runs under a token that is lent to it.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::{Duration, Instant};

use flarekeep_catalogue::recipe;
use flarekeep_cloudflare::Method;
use flarekeep_emulator::Options;
use serde_json::{Value, json};

use crate::support::{ACCOUNT, Deed, Local, Proxy, ZONE, answer, block_on, shows};

/// A local Cloudflare with R2's S3 face, a site in `public`, and nothing but the Global API key.
fn with_a_key() -> Local {
    let mut local = Local::with(Options { rate_limit: None, ..Options::default() });
    let emulator = local.emulator.clone();
    block_on(local.running.serve_s3(&emulator, ([127, 0, 0, 1], 0).into())).unwrap();
    let endpoint = local.running.s3_endpoint().unwrap();
    local.call(endpoint.trim_start_matches("http://"), "127.0.0.1:[s3 port]");
    local.set("R2_ENDPOINT", &endpoint);
    local.write("public/index.html", "<h1>one</h1>");
    local
}

/// The calls that make and end tokens.
fn of_tokens(local: &Local) -> Vec<String> {
    // Looking at the list is what these tests do.
    let of_tokens = |call: &String| call.contains("/tokens") && !call.contains("/tokens 200");
    let minted = |call: &String| call.starts_with("POST ");
    local.calls().into_iter().filter(|call| of_tokens(call) || minted(call) && call.contains("/tokens")).collect()
}

/// Waits until a token is lent.
#[track_caller]
fn lent(local: &Local) -> String {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(30) {
        if let Some(token) = local.tokens().first() {
            return token.name.clone();
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("no token was lent");
}

/// Starts a command that hangs in the bucket, and waits until it has its token.
fn hanging(local: &mut Local) -> Child {
    let endpoint = local.running.s3_endpoint().unwrap();
    let proxy = Proxy::before(([127, 0, 0, 1], 1).into(), |_, _| Deed::Hang);
    local.set("R2_ENDPOINT", proxy.api_url().trim_end_matches("/client/v4"));
    let child = local.type_("site status acme").start();
    local.set("R2_ENDPOINT", &endpoint);
    let name = lent(local);
    assert!(name.starts_with("exec-site-deployer-"), "{name}");
    // Until the bucket is asked: then the command has it.
    let begun = Instant::now();
    while proxy.seen().is_empty() && begun.elapsed() < Duration::from_secs(30) {
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

#[test]
fn a_command_without_a_token_is_lent_one() {
    let mut local = with_a_key();
    local.run("platform deploy --yes").ended(0);
    let before = of_tokens(&local).len();
    let run = local.run("site deploy public acme --json").ended(0);
    let release = run.json()["release"].as_str().unwrap().to_owned();
    local.call(&release, "[release 1]");
    let calls = of_tokens(&local).split_off(before);
    // As many as `exec` makes: minted, tried, revoked, shown to be dead.
    assert_eq!(calls.len(), 4, "{calls:?}");
    assert!(local.tokens().is_empty());
    shows!("lent_site_deploy", local.run("site deploy public acme").ended(0));
    let status = local.run("site status acme --json").ended(0).json();
    local.call(status["history"][0]["at"].as_str().unwrap(), "[time]");
    shows!("lent_site_status", local.run("site status acme").ended(0));
    let verbose = local.run("site list acme --verbose").ended(0);
    let verbose = verbose.says("Workers R2 Storage Bucket Item Read").says("is revoked");
    assert!(!verbose.stderr.contains("Write"), "a verb that reads is lent no more: {}", verbose.shown());
    local.run("domain add www.acme.test acme").ended(0).says("--recipe domain-manager");
    local.run("domain list").ended(0);
    local.run("domain status www.acme.test").ended(1);
    local.run("domain remove www.acme.test --yes").ended(0);
    local.run("tenant list").ended(0);
    local.run("site remove acme --yes").ended(0);
    assert!(local.tokens().is_empty());
}

#[test]
fn what_fails_early_is_lent_nothing_and_what_fails_late_leaves_nothing() {
    let local = with_a_key();
    local.write("empty/.git/config", "x");
    local.run("site deploy empty acme").failed(2);
    local.type_("site list acme").env("R2_ENDPOINT", "").run().failed(2);
    assert_eq!(of_tokens(&local), Vec::<String>::new());
    shows!("lent_no_bucket", local.run("site deploy public acme").failed(2));
    shows!("lent_no_platform", local.run("domain add www.acme.test acme").failed(2));
    assert!(local.tokens().is_empty());
}

#[test]
fn a_token_goes_before_the_key() {
    let mut local = with_a_key();
    local.run("platform deploy --yes").ended(0);
    local.token("--name deployer --recipe site-deployer --bucket flarekeep-sites");
    let before = of_tokens(&local).len();
    let run = local.run("site deploy public acme").ended(0);
    assert!(!run.stderr.contains("lent"), "{}", run.shown());
    let calls = of_tokens(&local).split_off(before);
    assert!(calls.iter().all(|call| call.contains("verify")), "{calls:?}");
    local.forget_the_key();
}

#[test]
fn the_token_of_a_killed_command_is_ended_by_the_next() {
    let mut local = with_a_key();
    local.run("platform deploy --yes").ended(0);
    let mut child = hanging(&mut local);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(local.tokens().len(), 1);
    local.run("site status acme").failed(2).says("ended the token of a command whose run was stopped");
    assert!(local.tokens().is_empty());
}

#[test]
fn a_signal_ends_the_token_with_the_command() {
    let mut local = with_a_key();
    local.run("platform deploy --yes").ended(0);
    let child = hanging(&mut local);
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(128 + 15), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(local.tokens().is_empty());
}

/// Every permission that the recipe's plan has.
fn permissions(local: &Local) -> Vec<String> {
    let plan = local.run("plan --recipe platform-deploy --json").ended(0).json();
    let mut names = Vec::new();
    collect(&plan["policies"], &mut names);
    names
}

/// The names of permission groups, wherever they stand in a policy.
fn collect(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, names)),
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::Array(groups) if key == "permission_groups" => {
                        names.extend(groups.iter().map(|group| group["name"].as_str().unwrap().to_owned()));
                    }
                    other => collect(other, names),
                }
            }
        }
        _ => {}
    }
}

#[test]
fn the_recipe_is_what_the_platform_calls_and_no_more() {
    let mut local = with_a_key();
    let admin = local.admin();
    local.token("--name platform --recipe platform-deploy");
    local.forget_the_key();
    let before = local.decisions().len();
    local.run("platform deploy --yes").ended(0);
    local.run("platform deploy --yes").ended(0).says("the platform example.com");
    local.run("platform status").ended(0);
    // A record drifts; a tenant comes, with a domain. None of these is a call of the platform's.
    let records = format!("/zones/{ZONE}/dns_records");
    let all: Value = block_on(admin.request(Method::GET, &records).send()).unwrap();
    let wildcard = all.as_array().unwrap().iter().find(|record| record["name"] == "*.example.com").unwrap();
    let path = format!("{records}/{}", wildcard["id"].as_str().unwrap());
    block_on(admin.request(Method::PATCH, &path).json(&json!({ "proxied": false })).done()).unwrap();
    local.run("platform status").ended(1);
    local.run("platform deploy --yes").ended(0);
    for object in ["tenants/acme.json", "hosts/www.acme.test.json"] {
        let object = format!("/accounts/{ACCOUNT}/r2/buckets/flarekeep-sites/objects/platform/{object}");
        block_on(admin.request(Method::PUT, &object).body("application/json", "{}".to_owned()).done()).unwrap();
    }
    let hostname = json!({ "hostname": "www.acme.test", "ssl": { "method": "http", "type": "dv" } });
    let hostnames = format!("/zones/{ZONE}/custom_hostnames");
    block_on(admin.request(Method::POST, &hostnames).json(&hostname).done()).unwrap();
    local.run("platform destroy --yes").failed(2);
    local.run("platform destroy --force --yes").ended(0);
    let (mut needed, called) = (needs("platform-deploy"), called(&local, before));
    // `platform doctor` alone asks who it is.
    assert!(needed.remove("GET /user/tokens/verify"));
    assert_eq!(called, needed);
}

#[test]
fn the_recipe_of_domains_is_what_they_call_and_no_more() {
    let mut local = with_a_key();
    local.run("platform deploy --yes").ended(0);
    local.run("site deploy public acme").ended(0);
    local.token("--name domains --recipe domain-manager --bucket flarekeep-sites");
    local.forget_the_key();
    let before = local.decisions().len();
    local.run("domain add www.acme.test acme").ended(0);
    local.run("domain status www.acme.test").ended(1);
    local.run("domain list").ended(0);
    local.run("domain remove www.acme.test --yes").ended(0);
    assert_eq!(called(&local, before), needs("domain-manager"));
}

/// The operations that the program called under a token since then, none of which was refused.
#[track_caller]
fn called(local: &Local, since: usize) -> BTreeSet<String> {
    let calls = local.decisions().split_off(since);
    let calls: Vec<_> = calls.into_iter().filter(|call| call.token.is_some()).collect();
    let refused: Vec<_> = calls.iter().filter(|call| !call.allowed).map(|call| &call.sentence).collect();
    assert!(refused.is_empty(), "{refused:?}");
    calls.iter().filter_map(|call| call.operation).map(ToString::to_string).collect()
}

fn needs(name: &str) -> BTreeSet<String> {
    let recipe = recipe(name).unwrap();
    recipe.needs().map(|need| need.operation.to_string()).collect()
}

#[test]
fn without_any_one_permission_something_is_refused() {
    let all = permissions(&with_a_key());
    assert_eq!(all.len(), 6, "{all:?}");
    for left_out in &all {
        let mut local = with_a_key();
        let others: String =
            all.iter().filter(|name| *name != left_out).map(|name| format!(" --permission '{name}'")).collect();
        local.token(&format!("--name platform{others}"));
        local.forget_the_key();
        let begun = local.decisions().len();
        let run = local.run("platform deploy --yes");
        assert!([3, 5].contains(&run.status), "without {left_out}: {}", run.shown());
        assert!(local.decisions().split_off(begun).iter().any(|call| !call.allowed), "without {left_out}");
    }
}

#[test]
fn the_doctor_tests_the_token_of_the_recipe() {
    let mut local = with_a_key();
    local.token("--name platform --recipe platform-deploy");
    local.forget_the_key();
    let proxy = Proxy::answering(answer("404 Not Found", "text/plain", "x-flarekeep-error: unknown-host\r\n", ""));
    let edge = proxy.api_url().trim_end_matches("/client/v4").to_owned();
    local.call(&edge, "[edge]");
    local.set("FLAREKEEP_EDGE_URL", &edge);
    shows!("platform_doctor_nothing", local.run("platform doctor").ended(1));
    local.run("platform deploy --yes").ended(0);
    shows!("platform_doctor", local.run("platform doctor").ended(0));
    let document = local.run("platform doctor --json").ended(0).json();
    assert_eq!((&document["smoke_test"]["proven"], &document["stands"]), (&json!(true), &json!(true)));
    assert!(document["check"]["passed"].as_u64() == Some(8), "{document}");
}

#[test]
fn the_router_is_asked_and_what_is_not_proved_is_no_failure() {
    let mut local = with_a_key();
    shows!("platform_deploy", local.run("platform deploy --yes").ended(0));
    let asked = |extra: &str| {
        let proxy = Proxy::answering(answer("404 Not Found", "text/plain", extra, ""));
        proxy.api_url().trim_end_matches("/client/v4").to_owned()
    };
    let (router, another) = (asked("x-flarekeep-error: unknown-host\r\n"), asked(""));
    local.call(&router, "[router]");
    local.call(&another, "[another]");
    shows!("platform_smoke_proven", local.run(&format!("platform deploy --yes --edge {router}")).ended(0));
    shows!("platform_smoke_another", local.run(&format!("platform deploy --yes --edge {another}")).ended(0));
    shows!("platform_smoke_nothing", local.run("platform deploy --yes --edge http://127.0.0.1:1").ended(0));
    let document = local.run(&format!("platform deploy --yes --json --edge {another}")).ended(0).json();
    assert_eq!(document["smoke_test"]["proven"], false);
    shows!("platform_smoke_no_url", local.run("platform deploy --yes --edge 127.0.0.1:1").failed(2));
}

#[test]
fn a_platform_under_a_token_of_its_own() {
    let mut local = with_a_key();
    let lent = format!("exec-shop-{}", flarekeep_tokens::host());
    local.call(&lent, "exec-shop-[machine]");
    shows!(
        "platform_with_token_dry_run",
        local.run("platform deploy --with-token shop --to env:.env --dry-run").ended(0)
    );
    assert!(local.tokens().is_empty() && !local.path(".env").exists());
    // Nothing is minted for what cannot be delivered.
    shows!(
        "platform_with_token_no_sink",
        local.run("platform deploy --with-token shop --to file:no/token --yes").failed(2)
    );
    local.run("platform deploy --with-token shop").failed(2);
    local.run("platform deploy --to env:.env --yes").ended(2);
    local.run("platform deploy --with-token shop --to - --yes").failed(2);
    assert_eq!(of_tokens(&local), Vec::<String>::new());
    let before = local.decisions().len();
    shows!("platform_with_token", local.run("platform deploy --with-token shop --to env:.env --yes").ended(0));
    // Whatever made a part was done under the token; the key made tokens, and found the place.
    let by_key = local.decisions().split_off(before);
    let by_key = by_key.iter().filter(|call| call.token.is_none() && call.method != "GET");
    assert!(by_key.clone().all(|call| call.path.contains("/user/tokens")), "{:?}", by_key.collect::<Vec<_>>());
    let tokens = local.tokens();
    assert_eq!(tokens.iter().map(|token| token.name.as_str()).collect::<Vec<_>>(), ["shop-deployer"]);
    assert!(!format!("{:?}", tokens[0].policies).contains("zone"), "{:?}", tokens[0].policies);
    shows!("platform_with_token_again", local.run("platform deploy --with-token shop --to env:.env --yes").ended(0));
    let document = local.run("platform deploy --with-token shop --to env:.env --yes --json").ended(0).json();
    assert_eq!(document["deployer"]["made"], false);
    shows!("platform_with_token_alone", local.run("platform deploy --with-token shop --yes").ended(0));
    assert_eq!(local.tokens().len(), 1);
    // It does what it is for, and nothing else.
    let key = [("CLOUDFLARE_EMAIL", ""), ("CLOUDFLARE_API_KEY", "")];
    let typed = |line: &str| key.iter().fold(local.type_(line), |typed, (name, value)| typed.env(name, value)).run();
    typed("site deploy public acme").ended(0);
    typed("site status acme").ended(0);
    typed("platform status").failed(3);
    typed("site remove acme --yes").ended(0);
    shows!("platform_destroy_with_token", local.run("platform destroy --with-token shop --force --yes").ended(0));
    assert_eq!(local.tokens().len(), 1, "whoever made the token knows where else its value is");
}

#[test]
fn of_a_killed_deployment_the_next_command_ends_the_token_and_finishes_the_work() {
    let mut local = with_a_key();
    let script = format!("PUT /accounts/{ACCOUNT}/workers/scripts/flarekeep-router");
    let hung = script.clone();
    let proxy = Proxy::before(local.running.address(), move |call, time| match call == hung && time == 1 {
        true => Deed::Hang,
        false => Deed::Forward,
    });
    local.set("CLOUDFLARE_API_BASE_URL", &proxy.api_url());
    let mut child = local.type_("platform deploy --with-token shop --to env:.env --yes").start();
    let begun = Instant::now();
    while !proxy.seen().contains(&script) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", proxy.seen());
        std::thread::sleep(Duration::from_millis(20));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let [left] = &local.tokens()[..] else { panic!("one token is left") };
    assert!(left.name.starts_with("exec-shop-") && left.expires_on.is_some(), "{left:?}");
    let run = local.run("platform deploy --with-token shop --to env:.env --yes").ended(0);
    run.says("ended the token of a command whose run was stopped");
    let names: Vec<String> = local.tokens().into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["shop-deployer"]);
}
