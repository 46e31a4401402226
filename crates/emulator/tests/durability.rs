//! A state folder: reload, a killed process, permissions, a disk that fails.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Local, unlimited};
use flarekeep_emulator::{Emulator, OpenError, Server, World};
use serde_json::json;

/// Set for the process that is to be killed.
const FOLDER: &str = "FLAREKEEP_EMULATOR_TEST_FOLDER";

fn open(folder: &Path) -> Emulator {
    Emulator::open(folder, World::generated(), unlimited()).unwrap()
}

#[tokio::test]
async fn a_state_is_the_same_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let local = Local::serve(open(&folder)).await;
    let user = local.user_token(&[local.at_zone(&["DNS Write"])]).await;
    let account = local.account_token(&[local.at_account(&["Workers KV Storage Write"])]).await;
    local
        .by(&user, "POST", "/zones/{Z}/dns_records")
        .json(&json!({"type": "A", "name": "www", "content": "203.0.113.1"}))
        .send()
        .await
        .result();
    local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": "site"})).send().await.result();
    local
        .admin("PUT", "/accounts/{A}/workers/scripts/router")
        .body("application/javascript", "\u{0}é")
        .send()
        .await
        .result();
    local
        .admin("POST", "/zones/{Z}/workers/routes")
        .json(&json!({"pattern": "*/*", "script": "router"}))
        .send()
        .await
        .result();
    let namespace =
        local.by(&account, "POST", "/accounts/{A}/storage/kv/namespaces").json(&json!({"title": "t"})).send().await;
    let namespace = namespace.result()["id"].as_str().unwrap().to_owned();
    let value = format!("/accounts/{{A}}/storage/kv/namespaces/{namespace}/values/k");
    local.by(&account, "PUT", &value).body("text/plain", "v").send().await.result();
    let hostname = json!({"hostname": "www.acme.org", "ssl": {"method": "txt", "type": "dv"}});
    local.admin("POST", "/zones/{Z}/custom_hostnames").json(&hostname).send().await.result();
    let (hash, zone, used) = (local.emulator.state_hash(), local.path("{Z}"), format!("/user/tokens/{}", user.id));

    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("state.log"))), (0o700, 0o600));
    let log = fs::read(folder.join("state.log")).unwrap();
    for told in ["site", "example.com", "router"] {
        assert!(!log.windows(told.len()).any(|some| some == told.as_bytes()), "{told}: the log is sealed");
    }
    assert!(matches!(Emulator::open(&folder, World::generated(), unlimited()), Err(OpenError::InUse { .. })));
    local.shutdown_and_drop().await;

    let local = Local::serve(open(&folder)).await;
    assert_eq!((local.emulator.state_hash(), local.path("{Z}")), (hash, zone));
    let records = local.by(&user, "GET", "/zones/{Z}/dns_records").send().await;
    assert_eq!(records.result().as_array().unwrap().len(), 1);
    assert_eq!(local.by(&account, "GET", &value).send().await.text, "v");
    assert!(local.admin("GET", &used).send().await.result()["last_used_on"].is_string());
}

#[tokio::test]
async fn a_write_that_cannot_be_saved_is_not_made() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("state");
    let local = Local::serve(open(&place)).await;
    let before = local.emulator.state_hash();
    fs::remove_dir_all(&place).unwrap();
    let reply = local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": "site"})).send().await;
    reply.refused(500, 199_004);
    assert_eq!(local.emulator.state_hash(), before);
    local.admin("GET", "/accounts/{A}/r2/buckets/site").send().await.refused(404, 10006);
}

#[test]
fn a_file_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in [("state.log", ""), ("state.log", "{}"), ("state.log", "\u{0}"), ("state.json", "{}")] {
        let _ = fs::remove_file(folder.path().join("state.log"));
        fs::write(folder.path().join(file), text).unwrap();
        let opened = Emulator::open(folder.path(), World::generated(), unlimited());
        assert!(matches!(opened, Err(OpenError::Unreadable { .. })), "{text}");
    }
}

/// Runs in a process of its own, which is this test binary once more, until it is killed.
#[tokio::test]
#[ignore = "the child of the next test"]
async fn child() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let server = Server::start(open(Path::new(&folder)), "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let mut out = std::io::stdout();
    writeln!(out, "\nport {}", server.address().port()).unwrap();
    out.flush().unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn a_killed_process_loses_nothing_that_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let facts = open(folder.path()).facts();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.map_while(Result::ok).find_map(|line| line.strip_prefix("port ").map(ToOwned::to_owned)).unwrap();
    let remote = common::remote(&format!("127.0.0.1:{port}"), &facts);
    let mut made = 0;
    let began = std::time::Instant::now();
    while made < 20 || began.elapsed().as_millis() < 200 {
        remote
            .post(&format!("/accounts/{}/r2/buckets", facts.account_id), &json!({"name": format!("bucket-{made}")}))
            .await;
        made += 1;
    }
    // SIGKILL.
    child.kill().unwrap();
    child.wait().unwrap();

    let local = Local::serve(open(folder.path())).await;
    let list = local.admin("GET", "/accounts/{A}/r2/buckets?per_page=1000").send().await;
    assert_eq!(list.result()["buckets"].as_array().unwrap().len(), made);
}

/// Rows come back in the order of their keys, not in that of the calls: what is found by name and by value must not
/// depend on it. Ids are random, so that one round shows little.
#[tokio::test]
async fn what_is_found_by_name_is_found_after_a_restart() {
    let www = json!({"type": "A", "name": "www", "content": "203.0.113.1"});
    for _ in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let local = Local::serve(open(folder.path())).await;
        local.admin("POST", "/zones/{Z}/dns_records").json(&www).send().await.result();
        local.control("POST", "/snapshot").json(&json!({"name": "a"})).send().await.result();
        local.control("POST", "/reset").send().await.result();
        local.admin("POST", "/zones/{Z}/dns_records").json(&www).send().await.result();
        local.control("POST", "/restore").json(&json!({"name": "a"})).send().await.result();
        local.admin("DELETE", "/zones/{Z}").send().await.result();
        for name in ["x.org", "example.com"] {
            local.admin("POST", "/zones").json(&json!({"name": name})).send().await.result();
        }
        local.control("POST", "/restore").json(&json!({"name": "a"})).send().await.result();
        let hash = local.emulator.state_hash();
        local.shutdown_and_drop().await;

        let local = Local::serve(open(folder.path())).await;
        assert_eq!(local.emulator.state_hash(), hash);
        for list in ["/zones/{Z}/dns_records", "/zones/{Z}/dns_records?name=www.example.com", "/zones?name=example.com"]
        {
            assert_eq!(local.admin("GET", list).send().await.result().as_array().unwrap().len(), 1, "{list}");
        }
        local.admin("POST", "/zones").json(&json!({"name": "example.com"})).send().await.refused(400, 1061);
    }
}

#[tokio::test]
async fn a_reset_after_a_restart_goes_back_to_the_seeded_world() {
    let value = format!("cfat_{}{}", "a".repeat(40), "0".repeat(8));
    let text = format!(
        "[[account]]\nname = 'A'\n[[user]]\nemail = 'a@b.c'\n[[zone]]\nname = 'one.org'\n[[zone]]\nname = 'two.org'\n\
         [[dns_record]]\nzone = 'one.org'\ntype = 'A'\nname = 'www'\ncontent = '203.0.113.1'\n\
         [[token]]\nname = 'ci'\nvalue = '{value}'\n[[token.policy]]\ngroups = ['DNS Write']\nresources = ['zone:one.org']\n\
         [[bucket]]\nname = 'media'\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let world = || World::from_toml(&text).unwrap();
    let local = Local::serve(Emulator::open(folder.path(), world(), unlimited()).unwrap()).await;
    local.admin("DELETE", "/zones/{Z}").send().await.result();
    local.admin("POST", "/zones").json(&json!({"name": "made.org"})).send().await.result();
    local.shutdown_and_drop().await;

    for restarted in [false, true] {
        let local = Local::serve(Emulator::open(folder.path(), world(), unlimited()).unwrap()).await;
        if !restarted {
            local.control("POST", "/reset").send().await.result();
        }
        let zones = local.admin("GET", "/zones").send().await;
        let names: Vec<&str> =
            zones.result().as_array().unwrap().iter().map(|zone| zone["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["one.org", "two.org"], "{restarted}");
        let verified = local.ask("GET", "/accounts/{A}/tokens/verify").bearer(&value).send().await;
        assert_eq!(verified.result()["status"], "active");
        local.admin("GET", "/accounts/{A}/r2/buckets/media").send().await.result();
        local.shutdown_and_drop().await;
    }
}

/// The log grows by what an upload brings, however many versions there are.
#[tokio::test]
async fn an_upload_of_a_worker_writes_its_own_version_alone() {
    const SIZE: usize = 100_000;
    const TIMES: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("state");
    let local = Local::serve(open(&folder)).await;
    for n in 0..TIMES {
        let put = local.admin("PUT", "/accounts/{A}/workers/scripts/router");
        put.body("application/javascript", format!("{n}{}", "x".repeat(SIZE))).send().await.result();
    }
    let length = fs::metadata(folder.join("state.log")).unwrap().len();
    assert!(length < (TIMES * SIZE * 2) as u64, "{length} bytes for {TIMES} uploads of {SIZE}");
    let (hash, path) = (local.emulator.state_hash(), "/accounts/{A}/workers/scripts/router/versions");
    local.shutdown_and_drop().await;
    let local = Local::serve(open(&folder)).await;
    assert_eq!(local.emulator.state_hash(), hash);
    assert_eq!(local.admin("GET", path).send().await.result()["items"].as_array().unwrap().len(), TIMES);
}
