//! `x-flarekeep-why`: each answer says why, and what it says is missing really mends.

mod common;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use common::s3::{Ask, S3};
use common::{Local, Minted, Reply, policy, unlimited};
use flarekeep_catalogue::{Operation, Scope, groups, operations};
use flarekeep_emulator::{LogEntry, Options};
use proptest::prelude::*;
use serde_json::{Value, json};

fn explained() -> Options {
    Options { explain: true, tokens_per_user: 100_000, tokens_per_account: 100_000, ..unlimited() }
}

fn why(headers: &axum::http::HeaderMap) -> Value {
    let line = headers["x-flarekeep-why"].to_str().unwrap();
    assert!(line.len() <= 2048 && line.is_ascii(), "{line}");
    serde_json::from_str(line).unwrap()
}

async fn call(local: &Local, token: &Minted, method: &str, path: &str) -> (Reply, Value) {
    let reply = local.by(token, method, path).send().await;
    let why = why(&reply.headers);
    (reply, why)
}

#[tokio::test]
async fn a_refusal_names_what_would_mend_it_weakest_first() {
    let local = Local::with(explained()).await;
    let token = local.poor_token().await;
    let (reply, why) = call(&local, &token, "GET", "/zones/{Z}/dns_records").await;
    assert_eq!(reply.status, 403);
    assert_eq!(why["allowed"], false);
    assert_eq!(why["cause"], "missing-group");
    assert_eq!(why["operation"], "GET /zones/{zone_id}/dns_records");
    assert_eq!((&why["credential"], &why["token"]), (&"user-token".into(), &token.id.as_str().into()));
    assert_eq!(why["needs"], "any_of");
    let resource = json!({ local.path("com.cloudflare.api.account.zone.{Z}"): "*" });
    assert_eq!(
        why["missing"][0],
        json!({"group": "DNS Read", "id": "82e64a83756745bbbb1c9c2701bf816b", "scope": "zone", "resource": resource})
    );
    assert_eq!(why["missing"][1]["group"], "DNS Write");
    assert!(!why.to_string().contains(&token.value));
}

#[tokio::test]
async fn an_allowed_call_names_what_grants_it() {
    let local = Local::with(explained()).await;
    let token = local.user_token(&[local.at_zone(&["DNS Write", "DNS Read"])]).await;
    let (reply, why) = call(&local, &token, "GET", "/zones/{Z}/dns_records").await;
    assert_eq!((reply.status, &why["allowed"], &why["cause"]), (200, &true.into(), &"granted".into()));
    let granted: Vec<_> = why["granted_by"].as_array().unwrap().iter().map(|by| by["group"].clone()).collect();
    assert_eq!(granted, ["DNS Read", "DNS Write"]);
    assert_eq!(why["granted_by"][0]["policy"].as_str().unwrap().len(), 32);

    let (_, list) = call(&local, &local.user_token(&[local.at_zone(&["Zone Read"])]).await, "GET", "/zones").await;
    assert_eq!(list["granted_by"][0]["group"], "Zone Read", "{list}");
    let (_, any) = call(&local, &token, "GET", "/user/tokens/verify").await;
    assert_eq!((&any["allowed"], &any["cause"]), (&true.into(), &"any-token".into()));
    let key = local.admin("GET", "/zones/{Z}/dns_records").send().await;
    assert_eq!(self::why(&key.headers)["cause"], "global-key");
}

#[tokio::test]
async fn each_cause_has_its_facts() {
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = now.clone();
    let clock = Some(Arc::new(move || clock.load(Ordering::Relaxed)) as Arc<dyn Fn() -> i64 + Send + Sync>);
    let local = Local::with(Options { clock, ..explained() }).await;
    let list = "/zones/{Z}/dns_records";
    let make = async |extra: Value, policies: &[Value]| {
        let mut body = json!({"name": "t", "policies": policies});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        local.admin("POST", "/user/tokens").json(&body).send().await.minted()
    };
    let read = [local.at_zone(&["DNS Read"])];

    let elsewhere = make(json!({"condition": {"request_ip": {"in": ["203.0.113.0/24"]}}}), &read).await;
    let (_, why) = call(&local, &elsewhere, "GET", list).await;
    assert_eq!(why["cause"], "address-not-allowed");
    assert_eq!((&why["address"], &why["in"]), (&"127.0.0.1".into(), &json!(["203.0.113.0/24"])));
    assert!(why["missing"].is_null());

    let timed = make(json!({"expires_on": "2027-01-16T00:00:00Z"}), &read).await;
    now.store(1_800_100_000, Ordering::Relaxed);
    let (_, why) = call(&local, &timed, "GET", list).await;
    assert_eq!(why["cause"], "expired");
    assert_eq!((&why["expires_on"], &why["now"]), (&"2027-01-16T00:00:00Z".into(), &"2027-01-16T11:46:40Z".into()));

    let mut deny = local.at_zone(&["DNS Read"]);
    deny["effect"] = "deny".into();
    let denied = make(json!({}), &[read[0].clone(), deny]).await;
    let (_, why) = call(&local, &denied, "GET", list).await;
    assert_eq!((&why["cause"], &why["denied_by"][0]["group"]), (&"denied".into(), &"DNS Read".into()));
    let shown = local.admin("GET", &format!("/user/tokens/{}", denied.id)).send().await;
    let policies = shown.result()["policies"].as_array().unwrap().clone();
    let of_deny = policies.iter().find(|policy| policy["effect"] == "deny").unwrap();
    assert_eq!(why["denied_by"][0]["policy"], of_deny["id"]);

    for (bearer, cause) in [(None, "no-credential"), (Some("x"), "bad-credential"), (Some("x40"), "unknown-credential")]
    {
        let ask = local.ask("GET", list);
        let ask = match bearer {
            None => ask,
            Some("x40") => ask.bearer(&"x".repeat(40)),
            Some(value) => ask.bearer(value),
        };
        let why = self::why(&ask.send().await.headers);
        assert_eq!((&why["allowed"], &why["cause"]), (&false.into(), &cause.into()));
    }
    let account = local.account_token(&[local.at_account(&["Stream Read"])]).await;
    let (_, why) = call(&local, &account, "GET", "/user").await;
    assert_eq!(why["cause"], "closed-to-account-tokens");
    assert!(why["missing"].is_null(), "no group would mend it: {why}");
    let (_, why) = call(&local, &account, "GET", "/nowhere").await;
    assert_eq!((&why["cause"], &why["operation"]), (&"no-route".into(), &Value::Null));
}

#[tokio::test]
async fn the_s3_face_says_it_too() {
    let local = Local::with(explained()).await;
    let s3 = S3::start(&local.emulator).await;
    local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": "site"})).send().await.result();
    let bucket = local.path("com.cloudflare.edge.r2.bucket.{A}_default_site");
    let read = policy(json!({ bucket.as_str(): "*" }), Scope::Bucket, &["Workers R2 Storage Bucket Item Read"]);
    let token = local.user_token(&[read]).await;
    let refused = s3.send(&token.key(), Ask::new("PUT", "/site/a").body("x")).await;
    refused.refused(403, "AccessDenied");
    let why = self::why(&refused.headers);
    assert_eq!(why["missing"][0]["group"], "Workers R2 Storage Bucket Item Write");
    assert_eq!(why["missing"][0]["resource"], json!({ bucket.as_str(): "*" }));
    let allowed = s3.send(&token.key(), Ask::new("GET", "/site")).await;
    assert_eq!(self::why(&allowed.headers)["granted_by"][0]["scope"], "bucket");
}

#[tokio::test]
async fn without_the_option_there_is_no_header_and_with_it_the_log_has_the_line() {
    let local = Local::start().await;
    assert!(!local.admin("GET", "/user").send().await.headers.contains_key("x-flarekeep-why"));

    let told = Arc::new(Mutex::new(Vec::new()));
    let sink = told.clone();
    let on_decision =
        Arc::new(move |entry: &LogEntry| sink.lock().unwrap().push((entry.why.clone(), entry.grounds.clone())));
    let local = Local::with(Options { on_decision: Some(on_decision), ..explained() }).await;
    let reply = local.by(&local.poor_token().await, "GET", "/zones/{Z}/dns_records").send().await;
    let (line, grounds) = told.lock().unwrap().last().cloned().unwrap();
    assert_eq!(line.unwrap(), reply.headers["x-flarekeep-why"].to_str().unwrap());
    assert!(grounds.unwrap().contains("needs one of DNS Read"));
}

/// One token and the calls that it makes.
#[derive(Debug, Clone)]
struct Case {
    account_owned: bool,
    /// Groups by their place among all, each at a resource by its place among those of the group's scope, and denied.
    grants: Vec<(usize, usize, bool)>,
    /// Operations by their place among all.
    calls: Vec<usize>,
}

fn case() -> impl Strategy<Value = Case> {
    let grant = (any::<usize>(), any::<usize>(), prop::bool::weighted(0.1));
    (any::<bool>(), prop::collection::vec(grant, 1..6), prop::collection::vec(any::<usize>(), 12))
        .prop_map(|(account_owned, grants, calls)| Case { account_owned, grants, calls })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_missing_mends(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(mends(&case));
    }
}

async fn mends(case: &Case) {
    let local = Local::with(explained()).await;
    let path = if case.account_owned { "/accounts/{A}/tokens" } else { "/user/tokens" };
    let policies: Vec<Value> =
        case.grants.iter().filter_map(|grant| granted(&local, case.account_owned, *grant)).collect();
    let policies = if policies.is_empty() { vec![local.at_account(&["Stream Read"])] } else { policies };
    let mint = async |policies: &[Value]| {
        let body = json!({"name": "t", "policies": policies});
        local.admin("POST", path).json(&body).send().await.minted()
    };
    let token = mint(&policies).await;
    let routed: Vec<&Operation> =
        operations().iter().filter(|operation| operation.is_routed() && !operation.is_s3()).collect();
    for call in &case.calls {
        let operation = routed[call % routed.len()];
        if operation.path().contains('#') || operation.path() == "/graphql" {
            continue;
        }
        // Where the zone is gone, nothing can be granted at it.
        if operation.to_string() == "DELETE /zones/{zone_id}" {
            continue;
        }
        let method = operation.method.as_str();
        let (_, before) = self::call(&local, &token, method, &concrete(operation)).await;
        let missing = before["missing"].as_array().cloned().unwrap_or_default();
        let entry = |missing: &Value| json!({"effect": "allow", "resources": missing["resource"], "permission_groups": [{"id": missing["id"]}]});
        let mendings: Vec<Vec<Value>> = match before["needs"].as_str() {
            None => continue,
            Some("all_of") => vec![missing.iter().map(entry).collect()],
            Some(_) => missing.iter().take(4).map(|one| vec![entry(one)]).collect(),
        };
        for mending in mendings {
            let mended = mint(&[policies.as_slice(), &mending].concat()).await;
            let (_, after) = self::call(&local, &mended, method, &concrete(operation)).await;
            assert_eq!(after["allowed"], true, "{operation}: {mending:?} does not mend {before}: {after}");
        }
    }
}

/// A policy, where the group can be granted in this world.
fn granted(local: &Local, account_owned: bool, (group, place, deny): (usize, usize, bool)) -> Option<Value> {
    let group = &groups()[group % groups().len()];
    let id = group.id?;
    let keys: &[&str] = match group.scope {
        Scope::User if !account_owned => &["com.cloudflare.api.user.{U}"],
        Scope::Account => &["com.cloudflare.api.account.{A}"],
        Scope::Zone => &["com.cloudflare.api.account.zone.{Z}", "com.cloudflare.api.account.{A}"],
        _ => return None,
    };
    let key = local.path(keys[place % keys.len()]);
    let effect = if deny { "deny" } else { "allow" };
    Some(json!({"effect": effect, "resources": {key: "*"}, "permission_groups": [{"id": id.to_string()}]}))
}

fn concrete(operation: &Operation) -> String {
    let mut before = "";
    let segments = operation.path().split('/').map(|segment| {
        let filled = match (segment.contains('{'), before) {
            (true, "accounts") if operation.names_account() => "{A}",
            (true, "zones") if operation.names_zone() => "{Z}",
            (true, _) => "0123456789abcdef0123456789abcdef",
            (false, _) => segment,
        };
        before = segment;
        filled
    });
    segments.collect::<Vec<_>>().join("/")
}
