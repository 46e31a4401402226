//! What a world's file puts into an emulator.

mod common;

use common::s3::{Ask, S3};
use common::{Local, Minted, unlimited};
use flarekeep_emulator::{Emulator, World};
use serde_json::{Value, json};

/// A text with the form of an account token's value, made when it is run.
fn value(letter: &str) -> String {
    format!("cfat_{}", letter.repeat(48))
}

fn world() -> String {
    format!(
        r#"
        [[account]]
        name = "Acme"
        id = "aaaa0000aaaa0000aaaa0000aaaa0001"
        [[user]]
        email = "ada@example.com"
        [[zone]]
        name = "example.com"
        plan = "business"

        [[dns_record]]
        id = "dddd0000dddd0000dddd0000dddd0001"
        type = "A"
        name = "www.example.com"
        content = "192.0.2.1"
        proxied = true

        [[bucket]]
        name = "media"
        [[bucket]]
        name = "media"
        jurisdiction = "eu"

        [[kv_namespace]]
        title = "settings"
        id = "bbbb0000bbbb0000bbbb0000bbbb0001"
        values = {{ greeting = "hello" }}
        [[kv_namespace.value]]
        key = "binary"
        value = "AAE="
        base64 = true
        metadata = {{ kind = "test" }}
        expiration_ttl = 3600

        [[token]]
        name = "ci"
        id = "cccc0000cccc0000cccc0000cccc0001"
        value = "{}"
        expires_on = 2100-01-01T00:00:00Z
        [[token.policy]]
        groups = ["DNS Read"]
        resources = ["zone:example.com"]
        [[token.policy]]
        groups = ["Workers R2 Storage Bucket Item Write"]
        resources = ["bucket:media"]

        [[token]]
        name = "made"
        owner = "ada@example.com"
        [[token.policy]]
        groups = ["DNS Write"]
        resources = ["zone:*"]

        [[token]]
        name = "off"
        status = "disabled"
        value = "{}"
        [[token.policy]]
        groups = ["DNS Read"]
        resources = ["zone:example.com"]

        [[token]]
        name = "elsewhere"
        value = "{}"
        allow_from = ["192.0.2.0/24"]
        [[token.policy]]
        groups = ["DNS Read"]
        resources = ["zone:example.com"]
        "#,
        value("a"),
        value("b"),
        value("c")
    )
}

const RECORDS: &str = "/zones/{Z}/dns_records";

async fn check(local: &Local) {
    let records = local.admin("GET", RECORDS).send().await;
    assert_eq!(records.result()[0]["id"], "dddd0000dddd0000dddd0000dddd0001");
    assert_eq!(local.admin("GET", "/zones/{Z}").send().await.result()["plan"]["legacy_id"], "business");
    let kv = "/accounts/{A}/storage/kv/namespaces/bbbb0000bbbb0000bbbb0000bbbb0001";
    assert_eq!(local.admin("GET", &format!("{kv}/values/greeting")).send().await.text, "hello");
    let keys = local.admin("GET", &format!("{kv}/keys")).send().await;
    assert_eq!(keys.result()[0]["metadata"], json!({"kind": "test"}));
    let eu = local.admin("GET", "/accounts/{A}/r2/buckets").header("cf-r2-jurisdiction", "eu").send().await;
    assert_eq!(eu.result()["buckets"].as_array().map(Vec::len), Some(1));
    let by = async |value: &str, method: &str, body: Value| {
        local.ask(method, RECORDS).bearer(value).json(&body).send().await.status
    };
    assert_eq!(by(&value("a"), "GET", json!({})).await, 200);
    assert_eq!(by(&value("a"), "POST", json!({})).await, 403);
    assert_eq!(by(&value("b"), "GET", json!({})).await, 403, "it is disabled");
    assert_eq!(by(&value("c"), "GET", json!({})).await, 403, "it is for other addresses");
}

#[tokio::test]
async fn everything_is_there_and_comes_back() {
    let local = Local::in_world(&world(), unlimited()).await;
    check(&local).await;
    let facts: Vec<_> = local.facts.tokens.iter().map(|token| (token.name.as_str(), token.value.is_some())).collect();
    assert_eq!(facts, [("ci", false), ("made", true), ("off", false), ("elsewhere", false)]);
    assert_eq!(local.facts.tokens[0].id.to_string(), "cccc0000cccc0000cccc0000cccc0001");
    let made = local.facts.tokens[1].value.clone().unwrap();
    let record = json!({"type": "TXT", "name": "t.example.com", "content": "t", "ttl": 60});
    local.ask("POST", RECORDS).bearer(&made).json(&record).send().await.result();
    local.admin("DELETE", "/accounts/{A}/tokens/cccc0000cccc0000cccc0000cccc0001").send().await.result();
    local.control("POST", "/reset").send().await.result();
    check(&local).await;
    local.ask("POST", RECORDS).bearer(&made).json(&record).send().await.result();
    // A token of the world has S3 credentials as any.
    let ci = Minted { id: local.facts.tokens[0].id.to_string(), value: value("a") };
    let s3 = S3::start(&local.emulator).await;
    s3.send(&ci.key(), Ask::new("PUT", "/media/a").body("x")).await.ok();
    assert!(!format!("{:?} {:?}", local.facts, local.emulator).contains(&made));
}

#[tokio::test]
async fn it_outlives_the_process_and_so_does_the_way_back() {
    let folder = tempfile::tempdir().unwrap();
    let open = |world: World| Emulator::open(folder.path(), world, unlimited()).unwrap();
    let local = Local::serve(open(World::from_toml(&world()).unwrap())).await;
    local.admin("DELETE", "/zones/{Z}/dns_records/dddd0000dddd0000dddd0000dddd0001").send().await.result();
    local.shutdown_and_drop().await;
    let local = Local::serve(open(World::generated())).await;
    assert_eq!(local.admin("GET", RECORDS).send().await.result(), &json!([]));
    local.control("POST", "/reset").send().await.result();
    check(&local).await;
}

#[test]
fn the_example_is_a_world() {
    let world = World::from_toml(include_str!("../../../examples/world.toml")).unwrap();
    let plans: Vec<_> = world.zones.iter().map(|zone| (zone.name.as_str(), zone.plan.as_str())).collect();
    assert_eq!(plans, [("example.com", "free"), ("example.org", "pro")]);
}
