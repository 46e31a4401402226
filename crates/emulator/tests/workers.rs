//! What a deployment by wrangler asks for: a Worker by its other names, versions, deployments, all routes at once.

mod common;

use common::{Local, Minted, Reply};
use serde_json::{Value, json};

const FORM: &str = "multipart/form-data; boundary=b";
const SCRIPT: &str = "/accounts/{A}/workers/scripts/router";
const SERVICE: &str = "/accounts/{A}/workers/services/router";
const WORKER: &str = "/accounts/{A}/workers/workers/router";

fn form(source: &str) -> String {
    let metadata = json!({"main_module": "a.js", "keep_bindings": ["secret_text"], "compatibility_date": "2026-08-01"});
    format!(
        "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n--b\r\nContent-Disposition: \
         form-data; name=\"a.js\"; filename=\"a.js\"\r\nContent-Type: application/javascript+module\r\n\r\n{source}\r\n--b--\r\n"
    )
}

async fn writer(local: &Local) -> Minted {
    local.user_token(&[local.at_account(&["Workers Scripts Write"])]).await
}

async fn upload(local: &Local, token: &Minted, method: &str, path: &str, source: &str) -> Reply {
    local.by(token, method, path).body(FORM, form(source)).send().await
}

#[tokio::test]
async fn a_worker_that_is_not_there_is_missed_with_the_codes_that_wrangler_knows() {
    let local = Local::start().await;
    let token = writer(&local).await;
    local.by(&token, "GET", SERVICE).send().await.refused(404, 10090);
    local.by(&token, "DELETE", SERVICE).send().await.refused(404, 10090);
    for path in ["/secrets", "/deployments", "/versions", "/settings", "/script-settings"] {
        local.by(&token, "GET", &format!("{SCRIPT}{path}")).send().await.refused(404, 10007);
    }
    local.by(&token, "GET", WORKER).send().await.refused(404, 10007);
    upload(&local, &token, "POST", &format!("{SCRIPT}/versions"), "1").await.refused(404, 10007);
}

#[tokio::test]
async fn a_version_is_live_once_it_is_deployed() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let source = async || local.by(&token, "GET", SCRIPT).send().await.text;
    let (versions, deployments) = (format!("{SCRIPT}/versions"), format!("{SCRIPT}/deployments"));
    let first = upload(&local, &token, "PUT", SCRIPT, "first").await;
    assert_eq!(first.result()["deployment_id"].as_str().unwrap().len(), 32);
    let secret = json!({"name": "KEY", "text": "hidden-text"});
    local.by(&token, "PUT", &format!("{SCRIPT}/secrets")).json(&secret).send().await.result();
    let settings = json!({"tags": ["team=shop"], "observability": {"enabled": true}, "logpush": null});
    let patched = local.by(&token, "PATCH", &format!("{SCRIPT}/script-settings")).json(&settings).send().await;
    assert_eq!((&patched.result()["tags"], &patched.result()["logpush"]), (&json!(["team=shop"]), &json!(false)));

    let second = upload(&local, &token, "POST", &versions, "second").await;
    assert_eq!(
        (&second.result()["number"], &second.result()["resources"]["bindings"][0]["name"]),
        (&json!(3), &json!("KEY"))
    );
    assert_eq!(source().await, "first", "a version alone changes nothing");
    let id = second.result()["id"].clone();
    let deploy = async |share: f64, id: &Value| {
        let body = json!({"strategy": "percentage", "versions": [{"version_id": id, "percentage": share}]});
        local.by(&token, "POST", &deployments).json(&body).send().await
    };
    deploy(99.0, &id).await.refused(400, 10026);
    let first = local.by(&token, "GET", &versions).send().await.result()["items"][2]["id"].clone();
    for shares in [[(&id, 150.0), (&first, -50.0)], [(&id, 50.0), (&id, 50.0)], [(&id, 100.0), (&first, 0.0)]] {
        let shares = shares.map(|(id, share)| json!({"version_id": id, "percentage": share}));
        let body = json!({"strategy": "percentage", "versions": shares});
        local.by(&token, "POST", &deployments).json(&body).send().await.refused(400, 10026);
    }
    deploy(100.0, &json!("none")).await.refused(404, 10212);
    assert_eq!(deploy(100.0, &id).await.result()["versions"], json!([{"version_id": id, "percentage": 100.0}]));
    assert_eq!(source().await, "second");
    let listed = local.by(&token, "GET", &deployments).send().await;
    let listed = listed.result()["deployments"].as_array().unwrap();
    assert_eq!((listed.len(), &listed[0]["versions"][0]["version_id"]), (3, &id), "the newest first");
    let kept = local.by(&token, "GET", &format!("{SCRIPT}/settings")).send().await;
    assert_eq!(
        (&kept.result()["tags"], &kept.result()["bindings"]),
        (&json!(["team=shop"]), &json!([{"name": "KEY", "type": "secret_text"}]))
    );
    let one = local.by(&token, "GET", &format!("{versions}/{}", id.as_str().unwrap())).send().await;
    assert_eq!(one.result()["metadata"]["source"], "api");
    local.by(&token, "GET", &format!("{versions}/none")).send().await.refused(404, 10212);
    assert_eq!(local.by(&token, "GET", &versions).send().await.result()["items"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_worker_has_other_names() {
    let local = Local::start().await;
    let token = writer(&local).await;
    upload(&local, &token, "PUT", SCRIPT, "first").await.result();
    let on = json!({"enabled": true});
    local.by(&token, "POST", &format!("{SCRIPT}/subdomain")).json(&on).send().await.result();
    let service = local.by(&token, "GET", SERVICE).send().await;
    let script = &service.result()["default_environment"]["script"];
    assert_eq!((&script["id"], &script["last_deployed_from"]), (&json!("router"), &json!("api")));
    let worker = local.by(&token, "GET", WORKER).send().await;
    assert_eq!((&worker.result()["name"], &worker.result()["subdomain"]["enabled"]), (&json!("router"), &json!(true)));
    let by_tag = local.by(&token, "GET", &WORKER.replace("router", script["tag"].as_str().unwrap())).send().await;
    assert_eq!(by_tag.result(), worker.result());
    let name = local.by(&token, "GET", "/accounts/{A}/workers/subdomain").send().await;
    assert!(name.result()["subdomain"].as_str().unwrap().starts_with("local-"));
    local.by(&token, "DELETE", &format!("{SERVICE}?force=true")).send().await.result();
    local.by(&token, "GET", SCRIPT).send().await.refused(404, 10007);
}

#[tokio::test]
async fn all_routes_at_once_are_for_a_token_of_all_zones_alone() {
    let local = Local::start().await;
    let token = writer(&local).await;
    upload(&local, &token, "PUT", SCRIPT, "first").await.result();
    let routes = format!("{SCRIPT}/routes");
    let body = json!([{"pattern": "example.com/a", "zone_name": "example.com"}, {"pattern": "example.com/b"}]);
    local.by(&token, "PUT", &routes).json(&body).send().await.refused(403, 10000);
    let put = async |body: Value| local.admin("PUT", &routes).json(&body).send().await;
    assert_eq!(put(body).await.result()[1]["zone_name"], "example.com");
    put(json!([{"pattern": "example.com/c"}])).await.result();
    let there = local.admin("GET", "/zones/{Z}/workers/routes").send().await;
    let patterns: Vec<&Value> = there.result().as_array().unwrap().iter().map(|route| &route["pattern"]).collect();
    assert_eq!(patterns, [&json!("example.com/c")], "what is not named is gone");
    put(json!([{"pattern": "example.org/*"}])).await.refused(400, 10022);
    put(json!({})).await.refused(400, 10026);
    let taken = json!({"pattern": "example.com/d"});
    local.admin("POST", "/zones/{Z}/workers/routes").json(&taken).send().await.result();
    put(json!([{"pattern": "example.com/d"}])).await.refused(409, 10020);
    local.admin("PUT", "/accounts/{A}/workers/scripts/none/routes").json(&json!([])).send().await.refused(404, 10007);
}

#[tokio::test]
async fn secrets_are_kept_shown_without_their_values_and_changed_where_the_newest_version_is_live() {
    let local = Local::start().await;
    let token = writer(&local).await;
    upload(&local, &token, "PUT", SCRIPT, "first").await.result();
    let bulk = async |secrets: Value| {
        local.by(&token, "PATCH", &format!("{SCRIPT}/secrets-bulk")).json(&json!({"secrets": secrets})).send().await
    };
    bulk(json!({"A": {"type": "secret_text", "text": "hidden-a"}, "B": {"text": "hidden-b"}})).await.result();
    let left = bulk(json!({"A": null})).await;
    assert_eq!(left.result(), &json!({"B": {"name": "B", "type": "secret_text"}}));
    let one = local.by(&token, "GET", &format!("{SCRIPT}/secrets/B")).send().await;
    assert_eq!(one.result(), &json!({"name": "B", "type": "secret_text"}));
    local.by(&token, "GET", &format!("{SCRIPT}/secrets/A")).send().await.refused(404, 10056);
    let versions = local.by(&token, "GET", &format!("{SCRIPT}/versions")).send().await;
    let first = versions.result()["items"][2]["id"].clone();
    let back = json!({"strategy": "percentage", "versions": [{"version_id": first, "percentage": 100}]});
    let deploy =
        async |query: &str| local.by(&token, "POST", &format!("{SCRIPT}/deployments{query}")).json(&back).send().await;
    deploy("").await.refused(400, 10220);
    let deployed = deploy("?force=true").await;
    let id = deployed.result()["id"].as_str().unwrap();
    local.by(&token, "GET", &format!("{SCRIPT}/deployments/{id}")).send().await.result();
    local.by(&token, "GET", &format!("{SCRIPT}/deployments/none")).send().await.refused(404, 10336);
    bulk(json!({"C": {"text": "x"}})).await.refused(400, 10215);
    upload(&local, &token, "POST", &format!("{SCRIPT}/versions"), "second").await.result();
}

#[tokio::test]
async fn bindings_are_inherited_or_the_upload_is_refused() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let put = async |bindings: Value, query: &str| {
        let metadata = json!({"main_module": "a.js", "bindings": bindings});
        let body = form("x").replace(&form_metadata(), &metadata.to_string());
        local.by(&token, "PUT", &format!("{SCRIPT}{query}")).body(FORM, body).send().await
    };
    put(json!([{"type": "plain_text", "name": "V", "text": "one"}]), "").await.result();
    put(json!([{"type": "inherit", "name": "V"}]), "?bindings_inherit=strict").await.result();
    let settings = local.by(&token, "GET", &format!("{SCRIPT}/settings")).send().await;
    assert_eq!(settings.result()["bindings"], json!([{"type": "plain_text", "name": "V", "text": "one"}]));
    put(json!([{"type": "inherit", "name": "W"}]), "?bindings_inherit=strict").await.refused(400, 10057);
    put(json!([{"type": "d1", "name": "DB", "id": "none"}]), "").await.refused(400, 10021);
    put(json!([{"type": "queue", "name": "Q", "queue_name": "none"}]), "").await.refused(400, 11000);
}

fn form_metadata() -> String {
    json!({"main_module": "a.js", "keep_bindings": ["secret_text"], "compatibility_date": "2026-08-01"}).to_string()
}

#[tokio::test]
async fn assets_are_uploaded_in_a_session_and_named_by_its_last_jwt() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let (a, b) = ("a".repeat(32), "b".repeat(32));
    let manifest = json!({"manifest": {"/index.html": {"hash": a, "size": 2}, "/b.txt": {"hash": b, "size": 2}}});
    let begin =
        async || local.by(&token, "POST", &format!("{SCRIPT}/assets-upload-session")).json(&manifest).send().await;
    let session = begin().await;
    assert_eq!(session.result()["buckets"], json!([[a, b]]));
    let jwt = session.result()["jwt"].as_str().unwrap().to_owned();
    let send = async |bearer: &str, hash: &str| {
        let body = format!(
            "--b\r\nContent-Disposition: form-data; name=\"{hash}\"; filename=\"{hash}\"\r\nContent-Type: text/html\r\n\r\naGk=\r\n--b--\r\n"
        );
        local
            .ask("POST", "/accounts/{A}/workers/assets/upload?base64=true")
            .bearer(bearer)
            .body(FORM, body)
            .send()
            .await
    };
    assert_eq!(send(&jwt, &a).await.status, 202);
    assert_eq!(send(&jwt, &"c".repeat(32)).await.status, 400);
    assert!(send(&token.value, &b).await.status >= 400, "a token is no JWT");
    let script = async |jwt: &str| {
        let metadata = json!({"main_module": "a.js", "assets": {"jwt": jwt, "config": {"html_handling": "none"}}});
        let body = form("x").replace(&form_metadata(), &metadata.to_string());
        local.by(&token, "PUT", SCRIPT).body(FORM, body).send().await
    };
    script(&jwt).await.refused(400, 10021);
    let done = send(&jwt, &b).await;
    assert_eq!(done.status, 201);
    let complete = done.json["result"]["jwt"].as_str().unwrap();
    assert_eq!(script(complete).await.result()["has_assets"], true);
    let again = begin().await;
    assert_eq!(again.result()["buckets"], json!([]));
    script(again.result()["jwt"].as_str().unwrap()).await.result();
}

#[tokio::test]
async fn custom_domains_schedules_and_the_rest() {
    let local = Local::start().await;
    let token = writer(&local).await;
    upload(&local, &token, "PUT", SCRIPT, "first").await.result();
    let domain = json!({"hostname": "shop.example.com", "service": "router", "zone_name": "example.com"});
    let put = async |body: &Value| local.by(&token, "PUT", "/accounts/{A}/workers/domains").json(body).send().await;
    let made = put(&domain).await;
    assert_eq!(put(&domain).await.result(), made.result());
    upload(&local, &token, "PUT", "/accounts/{A}/workers/scripts/other", "x").await.result();
    let mut other = domain.clone();
    other["service"] = "other".into();
    put(&other).await.refused(409, 100_116);
    let schedules = json!([{"cron": "*/5 * * * *"}]);
    let set = local.by(&token, "PUT", &format!("{SCRIPT}/schedules")).json(&schedules).send().await;
    assert_eq!(set.result()["schedules"][0]["cron"], "*/5 * * * *");
    local
        .by(&token, "PUT", &format!("{SCRIPT}/schedules"))
        .json(&json!([{"cron": "x"}]))
        .send()
        .await
        .refused(400, 10100);
    let name = json!({"subdomain": "acme"});
    local.by(&token, "PUT", "/accounts/{A}/workers/subdomain").json(&name).send().await.result();
    let name = local.by(&token, "GET", "/accounts/{A}/workers/subdomain").send().await;
    assert_eq!(name.result()["subdomain"], "acme");
    for path in ["workers", "scripts-search?name=rout", "durable_objects/namespaces"] {
        local.by(&token, "GET", &format!("/accounts/{{A}}/workers/{path}")).send().await.result();
    }
    local.by(&token, "DELETE", SCRIPT).send().await.result();
    let domains = local.by(&token, "GET", "/accounts/{A}/workers/domains").send().await;
    assert_eq!(domains.result(), &json!([]), "a Worker's domains go with it");
}

#[tokio::test]
async fn the_version_that_is_live_outlives_a_hundred_uploads() {
    let local = Local::start().await;
    let token = writer(&local).await;
    upload(&local, &token, "PUT", SCRIPT, "live").await.result();
    for n in 0..101 {
        upload(&local, &token, "POST", &format!("{SCRIPT}/versions"), &n.to_string()).await.result();
    }
    let versions = local.by(&token, "GET", &format!("{SCRIPT}/versions")).send().await;
    let items = versions.result()["items"].as_array().unwrap().clone();
    assert_eq!((items.len(), &items[0]["number"], &items[99]["number"]), (100, &json!(102), &json!(1)));
    assert_eq!(local.by(&token, "GET", SCRIPT).send().await.text, "live");
    let id = items[99]["id"].as_str().unwrap();
    local.by(&token, "GET", &format!("{SCRIPT}/versions/{id}")).send().await.result();
}

#[tokio::test]
async fn a_module_whose_type_is_no_header_is_refused() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let body = form("x").replace("application/javascript+module", "text/a\u{1}b");
    let answer = local.by(&token, "PUT", SCRIPT).body(FORM, body).send().await;
    assert_eq!(answer.status, 400, "{}", answer.text);
}
