//! What steers the emulator: resetting, going back, time travel, and who may.

mod common;

use std::net::SocketAddr;

use common::{Local, unlimited};
use flarekeep_emulator::{Emulator, LockOut, Options, RateLimit, World};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const RECORDS: &str = "/zones/{Z}/dns_records";

async fn add(local: &Local, name: &str) {
    let record = json!({"type": "A", "name": name, "content": "192.0.2.1", "ttl": 60});
    local.admin("POST", RECORDS).json(&record).send().await.result();
}

async fn names(local: &Local) -> Vec<String> {
    let reply = local.admin("GET", RECORDS).send().await;
    let mut names: Vec<_> =
        reply.result().as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn a_reset_goes_back_to_the_seeded_world() {
    let local = Local::start().await;
    let before = local.emulator.state_hash();
    let token = local.user_token(&[local.at_zone(&["DNS Write"])]).await;
    add(&local, "a.example.com").await;
    local.control("POST", "/clock").json(&json!({"advance": "1d"})).send().await.result();
    local.control("POST", "/faults").json(&json!({"match": {"path": "/nothing"}, "cut": true})).send().await.result();
    assert_ne!(local.emulator.state_hash(), before);
    local.control("POST", "/reset").send().await.result();
    assert_eq!(local.emulator.state_hash(), before);
    assert!(names(&local).await.is_empty());
    assert!(matches!(local.by(&token, "GET", RECORDS).send().await.status, 400..=403), "tokens are gone");
    let clock = local.control("GET", "/clock").send().await;
    assert_eq!(clock.result()["ahead_of_system_seconds"], 0);
    assert_eq!(local.control("GET", "/faults").send().await.result()["rule"], json!([]));
}

#[tokio::test]
async fn snapshots_are_states_to_go_back_to() {
    let local = Local::start().await;
    add(&local, "a.example.com").await;
    let one = local.control("POST", "/snapshot").send().await;
    assert_eq!(one.result()["name"], "snapshot-1");
    add(&local, "b.example.com").await;
    local.control("POST", "/snapshot").json(&json!({"name": "both"})).send().await.result();
    local.control("POST", "/restore").json(&json!({"name": "snapshot-1"})).send().await.result();
    assert_eq!(names(&local).await, ["a.example.com"]);
    add(&local, "c.example.com").await;
    local.control("POST", "/restore").json(&json!({"name": "both"})).send().await.result();
    assert_eq!(names(&local).await, ["a.example.com", "b.example.com"]);
    local.control("POST", "/restore").json(&json!({"name": "snapshot-1"})).send().await.result();
    assert_eq!(names(&local).await, ["a.example.com"], "what came after a snapshot is not in it");
    let listed = local.control("GET", "/snapshots").send().await;
    assert_eq!(listed.result().as_array().unwrap().len(), 2);
    local.control("DELETE", "/snapshots/both").send().await.result();
    local.control("POST", "/restore").json(&json!({"name": "both"})).send().await.refused(404, 199_008);
    local.control("DELETE", "/snapshots").send().await.result();
    assert_eq!(local.control("GET", "/snapshots").send().await.result(), &json!([]));
    for n in 0..64 {
        local.control("POST", "/snapshot").json(&json!({"name": format!("n{n}")})).send().await.result();
    }
    local.control("POST", "/snapshot").send().await.refused(400, 199_006);
    local.control("POST", "/snapshot").json(&json!({"name": "n7"})).send().await.result();
}

#[tokio::test]
async fn a_restore_lasts_as_a_write_does() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Emulator::open(folder.path(), World::generated(), unlimited()).unwrap();
    let local = Local::serve(open()).await;
    add(&local, "a.example.com").await;
    local.control("POST", "/snapshot").json(&json!({"name": "a"})).send().await.result();
    add(&local, "b.example.com").await;
    local.control("POST", "/restore").json(&json!({"name": "a"})).send().await.result();
    local.shutdown_and_drop().await;
    let local = Local::serve(open()).await;
    assert_eq!(names(&local).await, ["a.example.com"]);
    local.control("POST", "/reset").send().await.result();
    local.shutdown_and_drop().await;
    let local = Local::serve(open()).await;
    assert!(names(&local).await.is_empty(), "a reset goes back behind the start of this process");
}

#[tokio::test]
async fn tokens_end_by_the_emulated_time() {
    let local = Local::start().await;
    let body =
        json!({"name": "ends", "policies": [local.at_zone(&["DNS Read"])], "expires_on": "2100-01-01T00:00:00Z"});
    let token = local.admin("POST", "/user/tokens").json(&body).send().await.minted();
    let status = async || local.by(&token, "GET", RECORDS).send().await.status;
    assert_eq!(status().await, 200);
    let set =
        local.control("POST", "/clock").json(&json!({"now": "2099-12-31T23:59:00Z", "freeze": true})).send().await;
    assert_eq!(
        (set.result()["frozen"].clone(), set.result()["now"].clone()),
        (json!(true), json!("2099-12-31T23:59:00Z"))
    );
    assert_eq!(status().await, 200);
    local.control("POST", "/clock").json(&json!({"advance": "1m1s"})).send().await.result();
    assert_eq!(status().await, 403);
    local.control("POST", "/clock").json(&json!({"reset": true})).send().await.result();
    assert_eq!(status().await, 200);
    for bad in [
        json!({}),
        json!({"now": "soon"}),
        json!({"advance": "1 year"}),
        json!({"advance": -5}),
        json!({"now": "2030-01-01T00:00:00Z", "advance": "1d"}),
        json!({"reset": true, "freeze": true}),
        json!({"later": true}),
        json!({"advance": "900000w"}),
    ] {
        local.control("POST", "/clock").json(&bad).send().await.refused(400, 199_006);
    }
}

#[tokio::test]
async fn the_start_may_be_another_time() {
    let local = Local::with(Options { now: Some(4_102_444_800), ..unlimited() }).await;
    let now = local.control("GET", "/clock").send().await.result()["now"].as_str().unwrap().to_owned();
    assert!(now.starts_with("2100-01-01T00:00:"), "{now}");
}

#[tokio::test]
async fn going_back_in_time_leaves_nobody_blocked() {
    let rate_limit = Some(RateLimit { calls: 2, window: std::time::Duration::from_secs(300) });
    let local = Local::with(Options { rate_limit, ..Options::default() }).await;
    local.control("POST", "/clock").json(&json!({"advance": "365d"})).send().await.result();
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(local.admin("GET", "/user").send().await.status);
    }
    assert_eq!(statuses, [200, 200, 429]);
    local.control("POST", "/clock").json(&json!({"reset": true})).send().await.result();
    assert_eq!(local.admin("GET", "/user").send().await.status, 200);
}

#[tokio::test]
async fn the_last_decisions_are_told() {
    let local = Local::with(Options { decisions: 3, ..unlimited() }).await;
    let token = local.poor_token().await;
    for _ in 0..3 {
        local.by(&token, "GET", RECORDS).send().await;
    }
    let all = local.control("GET", "/decisions").send().await;
    let decisions = all.result()["decisions"].as_array().unwrap();
    assert_eq!((decisions.len(), all.result()["last"].as_u64()), (3, Some(4)), "the ring holds three");
    let last = &decisions[2];
    assert_eq!(last["operation"], "GET /zones/{zone_id}/dns_records");
    assert_eq!((last["allowed"].clone(), last["status"].clone()), (json!(false), json!(403)));
    assert_eq!(last["token"], token.id.as_str());
    assert!(last["why"].as_str().unwrap().contains("needs one of DNS"), "{last}");
    assert!(!all.text.contains(&token.value));
    let since = local.control("GET", "/decisions?since=3").send().await;
    assert_eq!(since.result()["decisions"].as_array().unwrap().len(), 1, "the steering itself is not among them");
    let newest = local.control("GET", "/decisions?last=2").send().await;
    assert_eq!(newest.result()["decisions"].as_array().unwrap().len(), 2);
    local.control("DELETE", "/decisions").send().await.result();
    assert_eq!(local.control("GET", "/decisions").send().await.result()["decisions"], json!([]));
    local.control("GET", "/decisions?since=x").send().await.refused(400, 199_006);
}

#[tokio::test]
async fn no_page_in_a_browser_steers() {
    let local = Local::start().await;
    add(&local, "a.example.com").await;
    let before = local.emulator.state_hash();
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-origin"),
        ("host", "evil.example"),
        ("host", "rebound.example:8787"),
    ] {
        local.control("POST", "/reset").header(name, value).send().await.refused(403, 199_007);
    }
    assert_eq!(local.emulator.state_hash(), before);
    local.control("GET", "/health").header("sec-fetch-site", "none").send().await.result();
    local.control("GET", "/health").header("host", "localhost:8787").send().await.result();
    let absolute =
        raw(local.address(), "POST http://evil.example/__flarekeep/reset HTTP/1.1\r\nhost: localhost\r\n").await;
    assert!(absolute.starts_with("HTTP/1.1 403"), "{absolute}");
}

#[tokio::test]
async fn what_is_not_there_is_said() {
    let local = Local::start().await;
    let overview = local.control("GET", "").send().await;
    let calls: Vec<&Value> = overview.result()["calls"].as_array().unwrap().iter().map(|call| &call["path"]).collect();
    assert!(calls.contains(&&json!("/__flarekeep/reset")), "{calls:?}");
    assert_eq!(local.control("GET", "/").send().await.status, 200);
    local.control("GET", "/nothing").send().await.refused(404, 199_008);
    local.control("GET", "/reset").send().await.refused(405, 7001);
    local.control("POST", "/reset").json(&json!({"all": true})).send().await.refused(400, 199_006);
    local.control("POST", "/clock").body("text/plain", "[1]").send().await.refused(400, 199_006);
    local.control("POST", "/clock").body("text/plain", vec![b' '; (1 << 20) + 1]).send().await.refused(400, 199_006);
    assert_eq!(local.ask("GET", "/__flarekeep/health").send().await.status, 400, "it is not below the API's base");
}

async fn raw(address: SocketAddr, head: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(format!("{head}connection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test]
async fn going_back_in_time_forgets_every_count() {
    let lock_out = Some(LockOut { failures: 1, window: std::time::Duration::from_secs(300) });
    let local = Local::with(Options { lock_out, ..unlimited() }).await;
    local.control("POST", "/clock").json(&json!({"advance": "365d"})).send().await.result();
    let unknown = "z".repeat(40);
    let code = async || local.ask("GET", "/user").bearer(&unknown).send().await.message().starts_with("Max auth");
    assert_eq!([code().await, code().await], [false, true]);
    local.control("POST", "/clock").json(&json!({"reset": true})).send().await.result();
    assert!(!code().await);
}

#[tokio::test]
async fn going_back_forgets_the_changes_that_failed_since() {
    let local = Local::start().await;
    let failures = async || {
        let path = "/accounts/{A}/logs/audit?since=2020-01-01&before=2099-01-01&action_result=failure";
        local.admin("GET", path).send().await.result().as_array().unwrap().len()
    };
    let fail = async || {
        let record = json!({"type": "A", "name": "w", "content": "nonsense", "ttl": 60});
        assert_eq!(local.admin("POST", RECORDS).json(&record).send().await.status, 400);
    };
    fail().await;
    local.control("POST", "/snapshot").json(&json!({"name": "one"})).send().await.result();
    fail().await;
    assert_eq!(failures().await, 2);
    for _ in 0..2 {
        local.control("POST", "/restore").json(&json!({"name": "one"})).send().await.result();
        assert_eq!(failures().await, 1);
        fail().await;
    }
    local.control("POST", "/reset").send().await.result();
    assert_eq!(failures().await, 0);
    fail().await;
    local.control("POST", "/reset").send().await.result();
    assert_eq!(failures().await, 0);
}

#[tokio::test]
async fn every_call_is_in_the_documentation() {
    let text = include_str!("../../../docs/emulator/control.md");
    let local = Local::start().await;
    let overview = local.control("GET", "/").send().await;
    for call in overview.result()["calls"].as_array().unwrap() {
        let name = call["path"].as_str().unwrap().strip_prefix("/__flarekeep/").unwrap();
        let named = format!("| `{} {name}", call["method"].as_str().unwrap());
        assert!(text.contains(&named), "{named}");
    }
}
