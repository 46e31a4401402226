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
