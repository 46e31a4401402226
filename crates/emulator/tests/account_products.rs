//! R2 buckets, Workers and KV of an account.

mod common;

use common::{Local, Minted};
use serde_json::{Value, json};

/// A reader of a product, and one with all its rights.
async fn pair(local: &Local, read: &str, write: &str) -> (Minted, Minted) {
    (local.user_token(&[local.at_account(&[read])]).await, local.user_token(&[local.at_account(&[write])]).await)
}

#[tokio::test]
async fn r2_buckets() {
    let local = Local::start().await;
    let (reader, writer) = pair(&local, "Workers R2 Storage Read", "Workers R2 Storage Write").await;
    let list = "/accounts/{A}/r2/buckets";
    // wrangler sends its JSON as text.
    let post = |name: &str| {
        let body = json!({"name": name, "locationHint": "weur"}).to_string();
        local.by(&writer, "POST", list).body("text/plain;charset=UTF-8", body)
    };
    let made = post("site").send().await;
    let expected = (&json!("site"), &json!("weur"), &json!("Standard"));
    assert_eq!((&made.result()["name"], &made.result()["location"], &made.result()["storage_class"]), expected);
    post("site").send().await.refused(409, 10004);
    for bad in ["-", "", "ab", "Site", "a_b"] {
        post(bad).send().await.refused(400, 10005);
    }
    post("site").header("cf-r2-jurisdiction", "eu").send().await.result();
    post("only-eu").header("cf-r2-jurisdiction", "eu").send().await.result();
    local.by(&reader, "GET", &format!("{list}/only-eu")).send().await.refused(404, 10006);
    let eu = local.by(&reader, "GET", &format!("{list}/only-eu")).header("cf-r2-jurisdiction", "eu").send().await;
    assert_eq!(eu.result()["jurisdiction"], "eu");
    for name in ["alpha", "beta"] {
        post(name).send().await.result();
    }
    let page = local.by(&reader, "GET", &format!("{list}?per_page=2")).send().await;
    assert_eq!(page.result()["buckets"].as_array().unwrap().len(), 2);
    let cursor = page.json["result_info"]["cursor"].as_str().unwrap();
    let rest = local.by(&reader, "GET", &format!("{list}?per_page=2&cursor={cursor}")).send().await;
    assert_eq!(rest.result()["buckets"][0]["name"], "site");
    assert_eq!(rest.json["result_info"]["cursor"], "");
    let found = local.by(&reader, "GET", &format!("{list}?name_contains=et")).send().await;
    assert_eq!(found.result()["buckets"].as_array().unwrap().len(), 1);

    local.by(&reader, "POST", list).json(&json!({"name": "-"})).send().await.refused(403, 10000);
    local.by(&reader, "DELETE", &format!("{list}/site")).send().await.refused(403, 10000);
    local.by(&writer, "DELETE", &format!("{list}/site")).send().await.result();
    for method in ["GET", "DELETE"] {
        local.by(&writer, method, &format!("{list}/site")).send().await.refused(404, 10006);
    }
    // A right on a bucket's items does not open the REST API.
    let key = local.path("com.cloudflare.edge.r2.bucket.{A}_default_alpha");
    let groups = &["Workers R2 Storage Bucket Item Write"];
    let items =
        local.user_token(&[common::policy(json!({ key: "*" }), flarekeep_catalogue::Scope::Bucket, groups)]).await;
    local
        .by(&items, "PUT", &format!("{list}/alpha/objects/a.txt"))
        .body("text/plain", "x")
        .send()
        .await
        .refused(403, 10000);
    let object = |method: &str, path: &str| local.by(&writer, method, &format!("{list}/{path}"));
    let put = object("PUT", "alpha/objects/a/b%20c.txt").body("text/plain", "hello").send().await;
    let etag = "5d41402abc4b2a76b9719d911017c592";
    assert_eq!((&put.result()["key"], &put.result()["size"]), (&json!("a/b c.txt"), &json!("5")));
    assert_eq!(put.result()["etag"], etag);
    let got = local.by(&reader, "GET", &format!("{list}/alpha/objects/a/b%20c.txt")).send().await;
    assert_eq!(
        (got.status, got.text.as_str(), &got.headers["content-type"]),
        (200, "hello", &"text/plain".parse().unwrap())
    );
    assert_eq!(got.headers["etag"], format!("\"{etag}\"").as_str());
    object("DELETE", "alpha").send().await.refused(409, 10008);
    object("DELETE", "alpha/objects/a/b%20c.txt").send().await.result();
    object("GET", "alpha/objects/a/b%20c.txt").send().await.refused(404, 10007);
    object("PUT", "nothing/objects/a").body("text/plain", "x").send().await.refused(404, 10006);
}

/// A form as wrangler sends it.
fn form(metadata: &Value, modules: &[(&str, &str)]) -> String {
    let mut form = format!("--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n");
    for (name, text) in modules {
        form += &format!(
            "--b\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: application/javascript+module\r\n\r\n{text}\r\n"
        );
    }
    form + "--b--\r\n"
}

const FORM: &str = "multipart/form-data; boundary=b";

#[tokio::test]
async fn workers_scripts() {
    let local = Local::start().await;
    let (reader, writer) = pair(&local, "Workers Scripts Read", "Workers Scripts Write").await;
    let list = "/accounts/{A}/workers/scripts";
    let one = "/accounts/{A}/workers/scripts/router?excludeScript=true&bindings_inherit=strict";
    let put = async |metadata: Value, modules: &[(&str, &str)]| {
        local.by(&writer, "PUT", one).body(FORM, form(&metadata, modules)).send().await
    };
    let source = "export default { fetch() { return new Response('ok') } }";
    let bindings = json!([
        {"type": "plain_text", "name": "DOMAIN", "text": "example.com"},
        {"type": "secret_text", "name": "KEY", "text": "hidden-text"},
    ]);
    let metadata = json!({"main_module": "index.js", "compatibility_date": "2026-08-01", "bindings": bindings});
    let made = put(metadata.clone(), &[("index.js", source)]).await;
    assert_eq!((&made.result()["id"], &made.result()["has_modules"]), (&json!("router"), &json!(true)));
    assert!(made.result()["startup_time_ms"].is_number());
    let read = local.by(&reader, "GET", &format!("{list}/router")).send().await;
    assert_eq!((read.status, read.text.as_str()), (200, source));
    let listed = local.by(&reader, "GET", list).send().await;
    assert_eq!(listed.result()[0]["id"], "router");
    let settings = local.by(&reader, "GET", &format!("{list}/router/settings")).send().await;
    assert_eq!(settings.result()["compatibility_date"], "2026-08-01");
    assert_eq!(settings.result()["bindings"][1], json!({"name": "KEY", "type": "secret_text"}));
    assert!(!settings.text.contains("hidden-text"));

    put(json!({"main_module": "absent.js"}), &[("index.js", source)]).await.refused(400, 10021);
    put(json!({}), &[("index.js", source)]).await.refused(400, 10021);
    let missing = json!({"main_module": "a", "bindings": [{"type": "r2_bucket", "name": "B", "bucket_name": "none"}]});
    put(missing, &[("a", source)]).await.refused(400, 10085);
    let missing = json!({"main_module": "a", "bindings": [{"type": "kv_namespace", "name": "K", "namespace_id": "0"}]});
    put(missing, &[("a", source)]).await.refused(400, 10041);
    local.by(&writer, "PUT", one).json(&metadata).send().await.refused(400, 10001);
    local.by(&writer, "PUT", one).body(FORM, "no form").send().await.refused(400, 10021);
    let bad_name = format!("{list}/Bad.Name");
    local
        .by(&writer, "PUT", &bad_name)
        .body(FORM, form(&metadata, &[("index.js", source)]))
        .send()
        .await
        .refused(400, 10016);

    let secrets = format!("{list}/router/secrets");
    let secret = json!({"name": "TOKEN", "text": "hidden-too", "type": "secret_text"});
    assert_eq!(
        local.by(&writer, "PUT", &secrets).json(&secret).send().await.result(),
        &json!({"name": "TOKEN", "type": "secret_text"})
    );
    local.by(&writer, "PUT", &secrets).json(&json!({})).send().await.refused(400, 10026);
    local.by(&reader, "PUT", &secrets).json(&secret).send().await.refused(403, 10000);
    let names = async || local.by(&reader, "GET", &secrets).send().await.result().as_array().unwrap().len();
    assert_eq!(names().await, 2);
    put(json!({"main_module": "index.js", "keep_bindings": ["secret_text"]}), &[("index.js", source)]).await.result();
    assert_eq!(names().await, 2);
    put(json!({"main_module": "index.js"}), &[("index.js", source), ("b.js", "export {}")]).await.result();
    assert_eq!(names().await, 0);
    let both = local.by(&reader, "GET", &format!("{list}/router")).send().await;
    assert!(
        both.headers["content-type"].to_str().unwrap().starts_with("multipart/form-data") && both.text.contains("b.js")
    );

    let subdomain = format!("{list}/router/subdomain");
    assert_eq!(local.by(&reader, "GET", &subdomain).send().await.result()["enabled"], false);
    local.by(&writer, "POST", &subdomain).json(&json!({"enabled": true})).send().await.result();
    assert_eq!(local.by(&reader, "GET", &subdomain).send().await.result()["enabled"], true);
    local.by(&writer, "POST", &subdomain).json(&json!({})).send().await.refused(400, 10026);

    local.by(&reader, "DELETE", &format!("{list}/router?force=true")).send().await.refused(403, 10000);
    local.by(&writer, "DELETE", &format!("{list}/router?force=true")).send().await.result();
    for (method, path) in
        [("GET", ""), ("DELETE", ""), ("GET", "/settings"), ("GET", "/subdomain"), ("GET", "/secrets")]
    {
        local.by(&writer, method, &format!("{list}/router{path}")).send().await.refused(404, 10007);
    }
}

#[tokio::test]
async fn kv() {
    let local = Local::start().await;
    let (reader, writer) = pair(&local, "Workers KV Storage Read", "Workers KV Storage Write").await;
    let list = "/accounts/{A}/storage/kv/namespaces";
    let post = async |body: Value| local.by(&writer, "POST", list).json(&body).send().await;
    let made = post(json!({"title": "tenants"})).await;
    let id = made.result()["id"].as_str().unwrap().to_owned();
    post(json!({"title": "tenants"})).await.refused(400, 10014);
    post(json!({"title": ""})).await.refused(400, 10019);
    post(json!({})).await.refused(400, 10019);
    let one = format!("{list}/{id}");
    let rename = local.by(&writer, "PUT", &one).json(&json!({"title": "renamed"})).send().await;
    assert_eq!(rename.result()["title"], "renamed");
    assert_eq!(local.by(&reader, "GET", &one).send().await.result()["title"], "renamed");
    let listed = local.by(&reader, "GET", &format!("{list}?per_page=1000")).send().await;
    assert_eq!(listed.json["result_info"]["total_count"], 1);
    assert_eq!(local.by(&reader, "GET", &format!("{list}?per_page=1000&page=2")).send().await.result(), &json!([]));

    let value = |key: &str| format!("{one}/values/{key}");
    let plain =
        local.by(&writer, "PUT", &value("a%2Fb?expiration_ttl=60")).body("text/plain", "\u{1}bytes").send().await;
    plain.result();
    let read = local.by(&reader, "GET", &value("a%2Fb")).send().await;
    assert_eq!((read.status, read.text.as_str()), (200, "\u{1}bytes"));
    assert!(read.headers.contains_key("expiration"));
    let multipart = "--b\r\nContent-Disposition: form-data; name=\"value\"\r\n\r\nformed\r\n--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{\"n\":1}\r\n--b--\r\n";
    local.by(&writer, "PUT", &value("form")).body(FORM, multipart).send().await.result();
    assert_eq!(local.by(&reader, "GET", &value("form")).send().await.text, "formed");
    assert_eq!(local.by(&reader, "GET", &format!("{one}/metadata/form")).send().await.result(), &json!({"n": 1}));
    local.by(&writer, "PUT", &value("x?expiration_ttl=59")).body("text/plain", "x").send().await.refused(400, 10034);
    local.by(&writer, "PUT", &value(&"k".repeat(513))).body("text/plain", "x").send().await.refused(400, 10029);
    local.by(&reader, "GET", &value("absent")).send().await.refused(404, 10009);

    let items = json!([{"key": "bulk/1", "value": "one"}, {"key": "bulk/2", "value": "dHdv", "base64": true}]);
    let bulk = local.by(&writer, "PUT", &format!("{one}/bulk")).json(&items).send().await;
    assert_eq!(bulk.result()["successful_key_count"], 2);
    assert_eq!(local.by(&reader, "GET", &value("bulk%2F2")).send().await.text, "two");
    local.by(&writer, "PUT", &format!("{one}/bulk")).json(&json!([{"key": "k"}])).send().await.refused(400, 10012);
    let keys = local.by(&reader, "GET", &format!("{one}/keys?prefix=bulk/&limit=1")).send().await;
    assert_eq!(keys.result(), &json!([{"name": "bulk/1"}]));
    let cursor = keys.json["result_info"]["cursor"].as_str().unwrap();
    let rest = local.by(&reader, "GET", &format!("{one}/keys?prefix=bulk/&cursor={cursor}")).send().await;
    assert_eq!((rest.result(), &rest.json["result_info"]["cursor"]), (&json!([{"name": "bulk/2"}]), &json!("")));
    local.by(&reader, "GET", &format!("{one}/keys?cursor=%21")).send().await.refused(400, 10012);
    local.by(&writer, "DELETE", &value("bulk%2F1")).send().await.result();
    local.by(&writer, "POST", &format!("{one}/bulk/delete")).json(&json!(["bulk/2", "absent"])).send().await.result();
    assert_eq!(local.by(&reader, "GET", &format!("{one}/keys?prefix=bulk/")).send().await.result(), &json!([]));

    for (method, path) in
        [("POST", list), ("PUT", &one), ("DELETE", &one), ("PUT", &value("k")), ("DELETE", &value("k"))]
    {
        local.by(&reader, method, path).json(&json!({})).send().await.refused(403, 10000);
    }
    local.by(&writer, "DELETE", &one).send().await.result();
    for (method, path) in [("GET", &one), ("DELETE", &one), ("GET", &value("form")), ("PUT", &value("k"))] {
        local.by(&writer, method, path).json(&json!({"title": "t"})).send().await.refused(404, 10013);
    }
}
