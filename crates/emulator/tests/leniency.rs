//! What a public API puts up with, and what it must not fall over.

mod common;

use std::sync::{Arc, Mutex};

use common::{Local, unlimited};
use flarekeep_emulator::{CredentialKind, ErrorStyle, LogEntry, Options};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Sends bytes as they are, and reads until the server closes.
async fn raw(local: &Local, request: &str) -> String {
    let mut stream = TcpStream::connect(local.address()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn paths_and_methods() {
    let local = Local::start().await;
    local.admin("GET", "/zones/").send().await.result();
    local.admin("GET", "/zones/?colour=red&colour&=&&page=x").send().await.result();
    let reply = local.admin("GET", "/nowhere").send().await;
    reply.refused(400, 7000);
    assert_eq!(reply.message(), "No route for that URI");
    for path in ["", "/", "//zones", "/zones//dns_records", "/user/../zones", "/%2e%2e/user", "/user/tok%65ns"] {
        local.admin("GET", path).send().await.refused(400, 7000);
    }
    for method in ["TRACE", "OPTIONS", "BREW", "POST"] {
        local.admin(method, "/zones/{Z}").send().await.refused(405, 7001);
    }
    // Where there is no route, nobody is asked who they are.
    local.ask("GET", "/nowhere").send().await.refused(400, 7000);
    for id in ["%00", "%ff", "..", "x%2Fy", "0123", "0123456789abcdef0123456789abcdeg"] {
        local.admin("GET", &format!("/zones/{id}/dns_records")).send().await.refused(404, 7003);
    }
    local.admin("GET", "/accounts/{A}/r2/buckets/%ff").send().await.refused(404, 7003);
}

#[tokio::test]
async fn bodies_where_none_belongs_and_head() {
    let local = Local::start().await;
    local.admin("GET", "/zones").json(&json!({"a": 1})).send().await.result();
    let head = local.admin("HEAD", "/zones").send().await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert!(head.headers["cf-ray"].to_str().unwrap().ends_with("-LOC"));
    assert_eq!(head.headers["content-type"], "application/json");
    let bucket = "/accounts/{A}/r2/buckets/none";
    local.admin("DELETE", bucket).body("application/json", "{").send().await.refused(404, 10006);
}

#[tokio::test]
async fn old_http_and_large_bodies() {
    let local = Local::start().await;
    let (email, key) = (&local.facts.email, &local.facts.global_key);
    let request = format!("GET /client/v4/user HTTP/1.0\r\nX-Auth-Email: {email}\r\nX-Auth-Key: {key}\r\n\r\n");
    let answer = raw(&local, &request).await;
    assert!(answer.starts_with("HTTP/1.0 200") || answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("\"success\":true"));

    let large = " ".repeat((1 << 20) + 1);
    local.admin("POST", "/zones/{Z}/dns_records").body("application/json", large).send().await.refused(413, 199_005);
    // A script may be larger, and who is refused while sending can read why.
    let script = "x".repeat(8 << 20);
    let path = "/accounts/{A}/workers/scripts/big";
    local.admin("PUT", path).body("application/javascript", script.clone()).send().await.result();
    let poor = local.poor_token().await;
    local.by(&poor, "PUT", path).body("application/javascript", script.clone()).send().await.refused(403, 10000);
    local.ask("PUT", path).body("application/javascript", script).send().await.refused(400, 9106);
}

#[tokio::test]
async fn nonsense_is_answered() {
    let local = Local::start().await;
    let nonsense = ["", "\0", "[", "{\"a\":", "\"\\ud800\"", "1e999", "[[[[[[[[", "null", "\u{feff}{}", "{}{}"];
    let deep = "[".repeat(100_000);
    let wrong = json!({"name": {}, "policies": {}, "type": [], "content": 1, "pattern": 1, "hostname": [], "title": {},
        "origin": 7, "ssl": 3, "ttl": -1, "priority": "x", "enabled": "yes", "condition": [], "data": 3});
    let wrong = wrong.to_string();
    let paths = [
        ("POST", "/user/tokens"),
        ("POST", "/zones/{Z}/dns_records"),
        ("POST", "/zones/{Z}/workers/routes"),
        ("POST", "/zones/{Z}/custom_hostnames"),
        ("PUT", "/zones/{Z}/custom_hostnames/fallback_origin"),
        ("POST", "/accounts/{A}/r2/buckets"),
        ("POST", "/accounts/{A}/storage/kv/namespaces"),
        ("PUT", "/accounts/{A}/workers/scripts/s"),
        ("PUT", "/accounts/{A}/workers/scripts/s/secrets"),
    ];
    let before = local.emulator.state_hash();
    for (method, path) in paths {
        for body in nonsense.into_iter().chain([deep.as_str(), wrong.as_str()]) {
            for content_type in ["application/json", "multipart/form-data; boundary=b", "multipart/form-data"] {
                let reply = local.admin(method, path).body(content_type, body.to_owned()).send().await;
                assert!(
                    (400..500).contains(&reply.status),
                    "{method} {path} {body:.40}: {} {}",
                    reply.status,
                    reply.text
                );
                assert_eq!(reply.json["success"], false);
            }
        }
    }
    assert_eq!(local.emulator.state_hash(), before);
}

#[tokio::test]
async fn the_enriched_style_names_the_documentation() {
    let local = Local::with(Options { error_style: ErrorStyle::Enriched, ..unlimited() }).await;
    let poor = local.poor_token().await;
    let reply = local.by(&poor, "GET", "/accounts/{A}/workers/scripts").send().await;
    reply.refused(403, 10000);
    assert_eq!(reply.message(), "Forbidden");
    let url = reply.json["errors"][0]["documentation_url"].as_str().unwrap();
    assert!(url.starts_with("https://developers.cloudflare.com/api/"), "{url}");
    local.by(&poor, "GET", "/user").send().await.refused(403, 9109);
    let reply = local.by(&poor, "GET", "/accounts/{A}/d1/database").send().await;
    reply.refused(403, 7403);
}

#[tokio::test]
async fn each_call_is_told_with_its_grounds() {
    let told: Arc<Mutex<Vec<LogEntry>>> = Arc::default();
    let sink = told.clone();
    let on_decision: flarekeep_emulator::OnDecision = Arc::new(move |entry| sink.lock().unwrap().push(entry.clone()));
    let local = Local::with(Options { on_decision: Some(on_decision), ..unlimited() }).await;
    let token = local.user_token(&[local.at_account(&["Workers R2 Storage Write"])]).await;
    told.lock().unwrap().clear();
    local.by(&token, "POST", "/zones/{Z}/dns_records").json(&json!({})).send().await.refused(403, 10000);
    local.by(&token, "GET", "/accounts/{A}/r2/buckets?name_contains=a%20b").send().await.result();
    local.by(&token, "GET", "/nowhere/%1b[2J?key=value").send().await.refused(400, 7000);
    let told = told.lock().unwrap().clone();
    let [refused, allowed, lost] = told.as_slice() else { panic!("{told:?}") };

    assert_eq!((refused.status, refused.allowed, refused.cause), (403, false, "missing-group"));
    assert_eq!(refused.credential, CredentialKind::UserToken);
    assert_eq!(refused.token.map(|id| id.to_string()), Some(token.id.clone()));
    let expected = local.path(
        "POST /client/v4/zones/{Z}/dns_records refused to a user token (missing-group): needs DNS Write at zone {Z}; \
         the token holds Workers R2 Storage Write at account {A}",
    );
    assert_eq!(refused.sentence, expected);
    assert!(allowed.allowed && allowed.sentence.contains("Workers R2 Storage Write at account"));
    assert_eq!((lost.cause, lost.operation.is_none()), ("no-route", true));
    assert_eq!((&refused.errors, &allowed.errors, &lost.errors), (&vec![10000], &vec![], &vec![7000]));
    let base = format!("http://{}/client/v4", local.address());
    let [asked] = allowed.asked.as_slice() else { panic!("{allowed:?}") };
    assert_eq!(asked.url, base.clone() + &local.path("/accounts/{A}/r2/buckets?name_contains=a%20b"));
    assert_eq!(asked.operation.map(ToString::to_string).unwrap(), "GET /accounts/{account_id}/r2/buckets");
    assert_eq!(lost.asked[0].url, format!("{base}/nowhere/%1b[2J"), "without the query of who knows what");
    for entry in &told {
        assert!(!entry.sentence.chars().any(char::is_control) && !entry.sentence.contains(&token.value));
    }
}

#[tokio::test]
async fn a_query_of_several_data_sets_asks_for_several_operations() {
    let told: Arc<Mutex<Vec<LogEntry>>> = Arc::default();
    let sink = told.clone();
    let on_decision: flarekeep_emulator::OnDecision = Arc::new(move |entry| sink.lock().unwrap().push(entry.clone()));
    let local = Local::with(Options { on_decision: Some(on_decision), ..unlimited() }).await;
    let query = json!({"query": "{ viewer { accounts { x } zones { y } } }"});
    local.admin("POST", "/graphql").json(&query).send().await;
    let told = told.lock().unwrap().clone();
    let [entry] = told.as_slice() else { panic!("{told:?}") };
    let asked: Vec<String> = entry.asked.iter().map(|asked| asked.operation.unwrap().to_string()).collect();
    assert_eq!(asked, ["POST /graphql#account", "POST /graphql#zone"]);
    assert!(entry.asked.iter().all(|asked| asked.url.ends_with("/client/v4/graphql")));
}
