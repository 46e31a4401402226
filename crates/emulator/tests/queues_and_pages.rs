//! Queues, with their messages over HTTP, and Pages, from a project to its second deployment.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use common::{Local, Minted, Reply, unlimited};
use flarekeep_emulator::{Options, RateLimit};
use serde_json::{Value, json};

const QUEUES: &str = "/accounts/{A}/queues";
const PROJECTS: &str = "/accounts/{A}/pages/projects";

async fn token(local: &Local, group: &str) -> Minted {
    local.user_token(&[local.at_account(&[group])]).await
}

async fn post(local: &Local, token: &Minted, path: &str, body: Value) -> Reply {
    local.by(token, "POST", path).json(&body).send().await
}

#[tokio::test]
async fn a_queue_is_made_consumed_changed_and_deleted() {
    let local = Local::start().await;
    let token = token(&local, "Queues Write").await;
    let made = post(&local, &token, QUEUES, json!({"queue_name": "jobs"})).await;
    let queue = format!("{QUEUES}/{}", made.result()["queue_id"].as_str().unwrap());
    post(&local, &token, QUEUES, json!({"queue_name": "jobs"})).await.refused(409, 11009);
    post(&local, &token, QUEUES, json!({"queue_name": "-"})).await.refused(400, 11003);
    let named = local.by(&token, "GET", &format!("{QUEUES}?page=1&name=jobs")).send().await;
    assert_eq!(named.result()[0]["queue_name"], "jobs");
    let none = local.by(&token, "GET", &format!("{QUEUES}?name=other")).send().await;
    assert_eq!(none.result(), &json!([]));
    let consumers = format!("{queue}/consumers");
    post(&local, &token, &consumers, json!({"type": "worker", "script_name": "none"})).await.refused(404, 10007);
    let pull = json!({"type": "http_pull", "settings": {"max_retries": 1}});
    let consumer = post(&local, &token, &consumers, pull.clone()).await;
    post(&local, &token, &consumers, pull).await.refused(409, 11004);
    let paused = json!({"settings": {"delivery_paused": true}});
    let patched = local.by(&token, "PATCH", &queue).json(&paused).send().await;
    assert_eq!(
        (&patched.result()["settings"]["delivery_paused"], &patched.result()["consumers_total_count"]),
        (&json!(true), &json!(1))
    );
    let consumer = format!("{consumers}/{}", consumer.result()["consumer_id"].as_str().unwrap());
    local.by(&token, "DELETE", &consumer).send().await.result();
    local.by(&token, "GET", &consumer).send().await.refused(404, 11005);
    local.by(&token, "DELETE", &queue).send().await.result();
    local.by(&token, "GET", &queue).send().await.refused(404, 11000);
}

#[tokio::test]
async fn a_message_is_held_by_its_lease_until_its_time_is_over() {
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = now.clone();
    let options = Options { clock: Some(Arc::new(move || clock.load(Ordering::Relaxed))), ..unlimited() };
    let local = Local::with(options).await;
    let token = token(&local, "Queues Write").await;
    let made = post(&local, &token, QUEUES, json!({"queue_name": "jobs"})).await;
    let queue = format!("{QUEUES}/{}", made.result()["queue_id"].as_str().unwrap());
    let messages = format!("{queue}/messages");
    post(&local, &token, &format!("{messages}/pull"), json!({})).await.refused(405, 11010);
    let pulling = json!({"type": "http_pull", "settings": {"max_retries": 1}});
    post(&local, &token, &format!("{queue}/consumers"), pulling).await.result();
    post(&local, &token, &messages, json!({"body": "now", "content_type": "text"})).await.result();
    let batch = json!({"messages": [{"body": {"a": 1}, "content_type": "json", "delay_seconds": 60}]});
    post(&local, &token, &format!("{messages}/batch"), batch).await.result();
    let pull =
        async || post(&local, &token, &format!("{messages}/pull"), json!({"visibility_timeout_ms": 10_000})).await;
    let first = pull().await;
    let lease = first.result()["messages"][0]["lease_id"].clone();
    assert_eq!(
        (&first.result()["messages"][0]["body"], &first.result()["message_backlog_count"]),
        (&json!("now"), &json!(2))
    );
    assert_eq!(pull().await.result()["messages"], json!([]), "one is held, the other is delayed");
    now.fetch_add(20, Ordering::Relaxed);
    let again = pull().await;
    assert_eq!(again.result()["messages"][0]["attempts"], 2);
    let ack = async |lease: &Value| {
        post(&local, &token, &format!("{messages}/ack"), json!({"acks": [{"lease_id": lease}]})).await
    };
    assert_eq!(ack(&lease).await.result()["ackCount"], 0, "the old lease holds nothing");
    assert_eq!(ack(&again.result()["messages"][0]["lease_id"]).await.result()["ackCount"], 1);
    now.fetch_add(60, Ordering::Relaxed);
    let late = pull().await;
    assert_eq!(late.result()["messages"][0]["body"], "eyJhIjoxfQ==");
    let purge = json!({"delete_messages_permanently": true});
    post(&local, &token, &format!("{queue}/purge"), purge).await.result();
    let metrics = local.by(&token, "GET", &format!("{queue}/metrics")).send().await;
    assert_eq!(metrics.result()["backlog_count"], 0);
}

fn deployment(manifest: &Value, branch: &str) -> String {
    let part =
        |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    format!("{}{}--b--\r\n", part("manifest", &manifest.to_string()), part("branch", branch))
}

#[tokio::test]
async fn a_project_is_deployed_twice_and_rolled_back() {
    let local = Local::start().await;
    let token = token(&local, "Pages Write").await;
    let made = post(&local, &token, PROJECTS, json!({"name": "site", "production_branch": "main"})).await;
    assert_eq!(
        (&made.result()["subdomain"], &made.result()["latest_deployment"]),
        (&json!("site.pages.dev"), &Value::Null)
    );
    post(&local, &token, PROJECTS, json!({"name": "site"})).await.refused(409, 8_000_002);
    let project = format!("{PROJECTS}/site");
    let jwt = local.by(&token, "GET", &format!("{project}/upload-token")).send().await.result()["jwt"].clone();
    let jwt = jwt.as_str().unwrap();
    let by_jwt =
        async |jwt: &str, path: &str, body: Value| local.ask("POST", path).bearer(jwt).json(&body).send().await;
    let hashes = json!({"hashes": ["a1", "b2"]});
    let check = async || by_jwt(jwt, "/pages/assets/check-missing", hashes.clone()).await;
    assert_eq!(check().await.result(), &json!(["a1", "b2"]));
    let forged = format!("{jwt}x");
    by_jwt(&forged, "/pages/assets/check-missing", hashes.clone()).await.refused(401, 8_000_013);
    assert!(by_jwt(&token.value, "/pages/assets/check-missing", hashes.clone()).await.status >= 400);
    let deploy = async |manifest: Value, branch: &str| {
        let ask = local.by(&token, "POST", &format!("{project}/deployments"));
        ask.body("multipart/form-data; boundary=b", deployment(&manifest, branch)).send().await
    };
    assert_eq!(deploy(json!({"/index.html": "a1"}), "main").await.status, 400, "the asset is not there yet");
    let file =
        |key: &str| json!({"key": key, "value": "aGk=", "base64": true, "metadata": {"contentType": "text/html"}});
    by_jwt(jwt, "/pages/assets/upload", json!([file("a1"), file("b2")])).await.result();
    assert_eq!(check().await.result(), &json!([]));
    by_jwt(jwt, "/pages/assets/upsert-hashes", hashes.clone()).await.result();
    let first = deploy(json!({"/index.html": "a1"}), "main").await;
    assert_eq!(
        (&first.result()["environment"], &first.result()["latest_stage"]["name"]),
        (&json!("production"), &json!("deploy"))
    );
    let second = deploy(json!({"/index.html": "b2"}), "main").await;
    let preview = deploy(json!({"/index.html": "b2"}), "try/it").await;
    assert_eq!(preview.result()["aliases"], json!(["https://try-it.site.pages.dev"]));
    let live = async || local.by(&token, "GET", &project).send().await.result()["canonical_deployment"]["id"].clone();
    assert_eq!(live().await, second.result()["id"]);
    let id = first.result()["id"].as_str().unwrap();
    post(&local, &token, &format!("{project}/deployments/{id}/rollback"), json!({})).await.result();
    assert_eq!(live().await, first.result()["id"]);
    local.by(&token, "DELETE", &format!("{project}/deployments/{id}")).send().await.refused(400, 8_000_034);
    let listed = local.by(&token, "GET", &format!("{project}/deployments?env=preview")).send().await;
    assert_eq!(listed.result().as_array().unwrap().len(), 1);
    let variables =
        json!({"deployment_configs": {"production": {"env_vars": {"K": {"type": "secret_text", "value": "hidden"}}}}});
    let patched = local.by(&token, "PATCH", &project).json(&variables).send().await;
    assert!(!patched.text.contains("hidden") && patched.text.contains("\"K\""));
    let revoked = format!("/user/tokens/{}", token.id);
    local.admin("DELETE", &revoked).send().await.result();
    by_jwt(jwt, "/pages/assets/check-missing", hashes.clone()).await.refused(401, 8_000_013);
}

#[tokio::test]
async fn a_ticket_opens_nothing_that_its_token_may_not_ask_for() {
    let rate_limit = Some(RateLimit { calls: 40, window: std::time::Duration::from_secs(300) });
    let local = Local::with(Options { rate_limit, ..Options::default() }).await;
    let ticket = async |token: &Minted| {
        let path = format!("{PROJECTS}/site/upload-token");
        local.by(token, "GET", &path).send().await.result()["jwt"].as_str().unwrap().to_owned()
    };
    let check = async |jwt: &str| {
        let ask = local.ask("POST", "/pages/assets/check-missing").bearer(jwt).json(&json!({"hashes": []}));
        let reply = ask.send().await;
        (reply.status, reply.code())
    };
    let first = token(&local, "Pages Write").await;
    post(&local, &first, PROJECTS, json!({"name": "site", "production_branch": "main"})).await.result();
    let jwt = ticket(&first).await;
    assert_eq!(check(&jwt).await, (200, 0));
    let path = format!("/user/tokens/{}", first.id);
    let set = async |status: &str, group: &str| {
        let body = json!({"name": "test", "status": status, "policies": [local.at_account(&[group])]});
        local.admin("PUT", &path).json(&body).send().await.result();
    };
    set("disabled", "Pages Write").await;
    assert_eq!(check(&jwt).await, (403, 9109), "it is disabled");
    set("active", "Stream Read").await;
    assert_eq!(check(&jwt).await.0, 403, "what it needs is taken away");
    set("active", "Pages Write").await;
    assert_eq!(check(&jwt).await, (200, 0));
    local.admin("PUT", &format!("{path}/value")).json(&json!({})).send().await.result();
    assert_eq!(check(&jwt).await, (401, 8_000_013), "it is rolled");

    // The calls of a ticket are those of its user.
    let second = token(&local, "Pages Write").await;
    let jwt = ticket(&second).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(check(&jwt).await.0);
    }
    assert_eq!((statuses[0], statuses[39]), (200, 429));
}

#[tokio::test]
async fn a_lease_below_a_second_can_be_acknowledged() {
    let local = Local::start().await;
    let token = token(&local, "Queues Write").await;
    let made = post(&local, &token, QUEUES, json!({"queue_name": "jobs"})).await;
    let queue = format!("{QUEUES}/{}", made.result()["queue_id"].as_str().unwrap());
    let messages = format!("{queue}/messages");
    post(&local, &token, &format!("{queue}/consumers"), json!({"type": "http_pull"})).await.result();
    for (timeout, body) in [(1_500, "a"), (999, "b")] {
        post(&local, &token, &messages, json!({"body": body, "content_type": "text"})).await.result();
        let pulled = post(&local, &token, &format!("{messages}/pull"), json!({"visibility_timeout_ms": timeout})).await;
        assert_eq!(pulled.result()["messages"][0]["body"], body);
        let lease = pulled.result()["messages"][0]["lease_id"].clone();
        let acknowledged = json!({"acks": [{"lease_id": lease}]});
        assert_eq!(post(&local, &token, &format!("{messages}/ack"), acknowledged).await.result()["ackCount"], 1);
    }
}

/// The log's growth says how much each write rewrites.
#[tokio::test]
async fn a_write_keeps_its_own_rows_alone() {
    let folder = tempfile::tempdir().unwrap();
    let emulator =
        flarekeep_emulator::Emulator::open(folder.path(), flarekeep_emulator::World::generated(), unlimited());
    let local = Local::serve(emulator.unwrap()).await;
    let size = || -> u64 {
        let files = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().metadata().unwrap().len());
        files.sum()
    };
    let queues = token(&local, "Queues Write").await;
    let made = post(&local, &queues, QUEUES, json!({"queue_name": "jobs"})).await;
    let messages = format!("{QUEUES}/{}/messages", made.result()["queue_id"].as_str().unwrap());
    for _ in 0..20 {
        post(&local, &queues, &messages, json!({"body": "x".repeat(50_000), "content_type": "text"})).await.result();
    }
    let before = size();
    post(&local, &queues, &messages, json!({"body": "short", "content_type": "text"})).await.result();
    assert!(size() - before < 20_000, "{}", size() - before);
    let pages = token(&local, "Pages Write").await;
    post(&local, &pages, PROJECTS, json!({"name": "site", "production_branch": "main"})).await.result();
    let deploy = async |file: &str| {
        let part = format!("--b\r\nContent-Disposition: form-data; name=\"_worker.js\"\r\n\r\n{file}\r\n");
        let form = part + &deployment(&json!({}), "main");
        let form_type = "multipart/form-data; boundary=b";
        let path = format!("{PROJECTS}/site/deployments");
        local.by(&pages, "POST", &path).body(form_type, form).send().await
    };
    for _ in 0..3 {
        deploy(&"y".repeat(300_000)).await.result();
    }
    let before = size();
    deploy("short").await.result();
    assert!(size() - before < 20_000, "{}", size() - before);
    for _ in 0..110 {
        deploy("short").await.result();
    }
    let listed = local.by(&pages, "GET", &format!("{PROJECTS}/site/deployments")).send().await;
    assert_eq!(listed.json["result_info"]["total_count"], 100);
}
