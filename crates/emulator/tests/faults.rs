//! Faults that a test asks for, seen from the other end of a raw connection.

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use common::s3::{Ask, S3};
use common::{Local, unlimited};
use flarekeep_emulator::{FaultRules, Options};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const RECORDS: &str = "/zones/{Z}/dns_records";

async fn with(toml: &str) -> Local {
    Local::with(Options { faults: Some(FaultRules::from_toml(toml).unwrap()), ..unlimited() }).await
}

/// All that comes back until the connection is closed, also where it is reset.
async fn raw(address: SocketAddr, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut bytes)).await.unwrap();
    bytes
}

/// A request by the Global API key, written by hand.
fn written(local: &Local, method: &str, path: &str, body: &str) -> String {
    let (path, facts) = (local.path(path), &local.facts);
    format!(
        "{method} /client/v4{path} HTTP/1.1\r\nhost: x\r\nx-auth-email: {}\r\nx-auth-key: {}\r\ncontent-length: {}\r\n\r\n{body}",
        facts.email,
        facts.global_key,
        body.len()
    )
}

fn record(name: &str) -> String {
    json!({"type": "A", "name": name, "content": "192.0.2.1", "ttl": 60}).to_string()
}

async fn count(local: &Local) -> usize {
    local.admin("GET", RECORDS).send().await.result().as_array().unwrap().len()
}

async fn hits(local: &Local) -> Vec<(u64, u64)> {
    let shown = local.control("GET", "/faults").send().await;
    let rules = shown.result()["rule"].as_array().unwrap().clone();
    rules.iter().map(|rule| (rule["met"].as_u64().unwrap(), rule["hits"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn a_dropped_call_gets_not_a_byte() {
    let local = with(
        "[[rule]]\nname = 'before'\nmatch = { method = 'POST', first = 1 }\ndrop = 'before'\n\
         [[rule]]\nname = 'after'\nmatch = { method = 'POST', first = 1 }\ndrop = 'after'\n",
    )
    .await;
    let post = |name: &str| written(&local, "POST", RECORDS, &record(name));
    assert_eq!(raw(local.address(), &post("a.example.com")).await, b"");
    assert_eq!(count(&local).await, 0, "nothing was done");
    assert_eq!(raw(local.address(), &post("b.example.com")).await, b"");
    assert_eq!(count(&local).await, 1, "it was done, and not acknowledged");
    let third =
        local.admin("POST", RECORDS).json(&serde_json::from_str(&record("c.example.com")).unwrap()).send().await;
    third.result();
    assert!(!third.headers.contains_key("x-flarekeep-fault"));
    assert_eq!(hits(&local).await, [(3, 1), (2, 1)], "a rule behind one that acts is not asked");
}

#[tokio::test]
async fn other_requests_of_a_severed_connection_are_not_answered_either() {
    let local = with("[[rule]]\nmatch = { path = '/user' }\ndrop = 'before'\n").await;
    let both = written(&local, "GET", "/user", "") + &written(&local, "GET", "/accounts", "");
    assert_eq!(raw(local.address(), &both).await, b"");
    let after = written(&local, "GET", "/accounts", "") + &written(&local, "GET", "/user", "");
    let text = String::from_utf8(raw(local.address(), &after).await).unwrap();
    assert_eq!(text.matches("HTTP/1.1 200").count(), 1, "the answer before it arrives: {text}");
}

#[tokio::test]
async fn an_answer_is_cut_in_its_body() {
    let local = with("[[rule]]\nname = 'half'\nmatch = { operation = 'GET /user', nth = 2 }\ncut = true\n").await;
    let whole = local.admin("GET", "/user").send().await;
    let bytes = raw(local.address(), &written(&local, "GET", "/user", "")).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains(&format!("content-length: {}", whole.text.len())), "{head}");
    assert!(head.contains("x-flarekeep-fault: half") && !head.contains("transfer-encoding"), "{head}");
    assert_eq!(body, &whole.text[..whole.text.len() / 2]);
    assert_eq!(hits(&local).await, [(2, 1)]);
}

#[tokio::test]
async fn errors_and_pages_stand_in_place_of_an_answer() {
    let local = with(
        "[[rule]]\nname = 'busy'\nmatch = { path = '/client/v4/user', first = 1 }\nanswer = { status = 429, retry_after = 3 }\n\
         [[rule]]\nname = 'edge'\nmatch = { path = '/user', first = 1 }\npage = 520\n\
         [[rule]]\nname = 'limit'\nmatch = { path = '/user', first = 1 }\npage = 1015\n\
         [[rule]]\nname = 'own'\nmatch = { path = '/user', first = 1 }\nanswer = { status = 503, code = 7, message = 'later' }\n\
         [[rule]]\nname = 'raw'\nmatch = { path = '/user', first = 1 }\nanswer = { status = 200, body = 'ok' }\n\
         [[rule]]\nname = 'typed'\nmatch = { path = '/user', first = 1 }\ncontent_type = 'text/html'\n",
    )
    .await;
    let call = async || local.admin("GET", "/user").send().await;
    let busy = call().await;
    busy.refused(429, 971);
    assert_eq!(
        (&busy.headers["retry-after"], &busy.headers["x-flarekeep-fault"]),
        (&"3".parse().unwrap(), &"busy".parse().unwrap())
    );
    let edge = call().await;
    assert_eq!((edge.status, edge.headers["content-type"].to_str().unwrap()), (520, "text/html; charset=UTF-8"));
    assert!(edge.text.contains("error code: 520"));
    let limit = call().await;
    assert!(limit.status == 429 && limit.text.contains("error code: 1015"));
    let own = call().await;
    own.refused(503, 7);
    assert_eq!(own.message(), "later");
    let raw = call().await;
    assert_eq!((raw.status, raw.text.as_str()), (200, "ok"));
    let typed = call().await;
    assert_eq!((typed.status, &typed.headers["content-type"]), (200, &"text/html".parse().unwrap()));
    assert_eq!(typed.json["success"], true, "the body is the true one");
    call().await.result();
}

#[tokio::test]
async fn delays_add_up_and_slow_bytes_take_their_time() {
    let local = with(
        "[[rule]]\nname = 'a'\nmatch = { path = '/user' }\ndelay = '100ms'\n\
         [[rule]]\nname = 'b'\nmatch = { path = '/user' }\ndelay = { from = '50ms', to = '60ms' }\n\
         [[rule]]\nname = 'slow'\nmatch = { path = '/accounts' }\nslow = { bytes = 100, every = '50ms' }\n",
    )
    .await;
    let began = Instant::now();
    let late = local.admin("GET", "/user").send().await;
    late.result();
    assert!(began.elapsed() >= Duration::from_millis(150));
    let names: Vec<_> = late.headers.get_all("x-flarekeep-fault").iter().collect();
    assert_eq!(names, ["a", "b"]);
    let began = Instant::now();
    let slow = local.admin("GET", "/accounts").send().await;
    slow.result();
    let pauses = u32::try_from((slow.text.len() - 1) / 100).unwrap();
    assert!(pauses > 0 && began.elapsed() >= Duration::from_millis(50) * pauses, "{pauses}");
}

#[tokio::test]
async fn the_same_seed_gives_the_same_faults() {
    let faults = async |seed: u64| {
        let local =
            with(&format!("seed = {seed}\n[[rule]]\nname = 'odd'\nmatch = {{ probability = 0.5 }}\npage = 502\n"))
                .await;
        let mut statuses = Vec::new();
        for _ in 0..24 {
            statuses.push(local.admin("GET", "/user").send().await.status);
        }
        statuses
    };
    let first = faults(7).await;
    assert!(first.contains(&200) && first.contains(&502));
    assert_eq!(first, faults(7).await);
    assert_ne!(first, faults(8).await);
}

#[tokio::test]
async fn rules_are_set_by_http_and_count() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_zone(&["DNS Read"])]).await;
    let rules = json!({"seed": 3, "rule": [
        {"name": "one-token", "match": {"token": token.id}, "answer": {"status": 500}},
    ]});
    local.control("PUT", "/faults").json(&rules).send().await.result();
    local.by(&token, "GET", RECORDS).send().await.refused(500, 199_009);
    local.admin("GET", RECORDS).send().await.result();
    let more = json!({"name": "more", "match": {"path": "/user", "every": 2}, "page": 502});
    local.control("POST", "/faults").json(&more).send().await.result();
    local.control("POST", "/faults").json(&more).send().await.refused(400, 199_006);
    local.admin("GET", "/user").send().await.result();
    assert_eq!(local.admin("GET", "/user").send().await.status, 502);
    assert_eq!(hits(&local).await, [(1, 1), (2, 1)]);
    let bad = local
        .control("PUT", "/faults")
        .json(&json!({"rule": [{"name": "x", "delay": "1s", "cut": true}]}))
        .send()
        .await;
    bad.refused(400, 199_006);
    assert!(bad.message().contains("rule `x`, key `cut`"), "{}", bad.message());
    assert_eq!(hits(&local).await, [(1, 1), (2, 1)], "a refused change changes nothing");
    local.control("DELETE", "/faults/one-token").send().await.result();
    local.control("DELETE", "/faults/one-token").send().await.refused(404, 199_008);
    local.by(&token, "GET", RECORDS).send().await.result();
    local.control("DELETE", "/faults").send().await.result();
    assert_eq!(local.control("GET", "/faults").send().await.result()["rule"], Value::Array(Vec::new()));
    // No fault befalls the steering itself.
    local.control("PUT", "/faults").json(&json!({"rule": [{"drop": "before"}]})).send().await.result();
    local.control("DELETE", "/faults").send().await.result();
}

#[tokio::test]
async fn the_s3_face_has_faults_too() {
    let local = with(
        "[[rule]]\nname = 'put'\nmatch = { operation = 'PUT s3://{bucket_name}/{object_key}', first = 1 }\nanswer = { status = 503, code = 'SlowDown' }\n\
         [[rule]]\nname = 'cut'\nmatch = { face = 's3', method = 'GET', path = '/media/*', first = 1 }\ncut = 0.25\n",
    )
    .await;
    let token = local.account_token(&[local.at_account(&["Workers R2 Storage Write"])]).await;
    let (s3, key) = (S3::start(&local.emulator).await, token.key());
    s3.send(&key, Ask::new("PUT", "/media")).await.ok();
    let put = async || s3.send(&key, Ask::new("PUT", "/media/a").body("0123456789ab")).await;
    let refused = put().await;
    refused.refused(503, "SlowDown");
    assert_eq!(refused.headers["x-flarekeep-fault"], "put");
    put().await.ok();
    let time = common::s3::amz_date();
    let link = s3.presigned(&key, "GET", "/media/a", &time, 60);
    let address: SocketAddr = s3.address().parse().unwrap();
    let bytes = raw(address, &format!("GET {link} HTTP/1.1\r\nhost: {address}\r\n\r\n")).await;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-length: 12"), "{head}");
    assert_eq!(body, "012");
    let whole = s3.send(&key, Ask::new("GET", "/media/a")).await;
    assert_eq!(whole.text(), "0123456789ab");
}

#[tokio::test]
async fn an_added_rule_has_a_name_that_is_free() {
    let local = Local::start().await;
    let rule = json!({"match": {"path": "/nothing"}, "cut": true});
    let add = async || {
        let reply = local.control("POST", "/faults").json(&rule).send().await;
        let rules =
            reply.result()["rule"].as_array().unwrap().iter().map(|rule| rule["name"].as_str().unwrap().to_owned());
        rules.collect::<Vec<_>>()
    };
    add().await;
    assert_eq!(add().await, ["rule-1", "rule-2"]);
    local.control("DELETE", "/faults/rule-1").send().await.result();
    assert_eq!(add().await, ["rule-2", "rule-1"]);
}

#[test]
fn every_face_is_in_the_documentation() {
    let error = FaultRules::from_toml("[[rule]]\nmatch = { face = 'x' }\ncut = true\n").unwrap_err().to_string();
    let faces = error.rsplit_once("must be ").unwrap().1;
    let row = include_str!("../../../docs/emulator/faults.md").lines().find(|line| line.starts_with("| `face`"));
    for face in faces.replace(" or ", ", ").split(", ") {
        assert!(row.unwrap().contains(&format!("`{face}`")), "{face}");
    }
}
