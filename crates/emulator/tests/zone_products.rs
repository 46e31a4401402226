//! DNS records, Workers routes and custom hostnames of a zone.

mod common;

use common::{Local, Minted, unlimited};
use flarekeep_emulator::{Hostnames, Options};
use serde_json::{Value, json};

/// A reader of a product, and one with all its rights.
async fn pair(local: &Local, read: &str, write: &str) -> (Minted, Minted) {
    (local.user_token(&[local.at_zone(&[read])]).await, local.user_token(&[local.at_zone(&[write])]).await)
}

#[tokio::test]
async fn dns_records() {
    let local = Local::start().await;
    let (reader, writer) = pair(&local, "DNS Read", "DNS Write").await;
    let list = "/zones/{Z}/dns_records";
    let post = async |body: Value| local.by(&writer, "POST", list).json(&body).send().await;

    let made =
        post(json!({"type": "a", "name": "www", "content": "203.0.113.1", "proxied": true, "comment": "hi"})).await;
    let record = made.result().clone();
    assert_eq!((&record["name"], &record["type"]), (&json!("www.example.com"), &json!("A")));
    assert_eq!((&record["ttl"], &record["proxiable"]), (&json!(1), &json!(true)));
    post(json!({"type": "AAAA", "name": "*", "content": "100::", "ttl": 1})).await.result();
    post(json!({"type": "TXT", "name": "_acme-challenge", "content": "token", "ttl": 120})).await.result();
    post(json!({"type": "MX", "name": "@", "content": "mail.example.com", "priority": 10})).await.result();
    post(json!({"type": "CNAME", "name": "customers", "content": "fallback.example.com"})).await.result();
    let srv =
        json!({"type": "SRV", "name": "_x._tcp", "data": {"priority": 1, "weight": 2, "port": 3, "target": "a.b"}});
    assert_eq!(post(srv).await.result()["content"], "1 2 3 a.b");

    post(json!({"type": "A", "name": "www", "content": "203.0.113.1"})).await.refused(400, 81058);
    post(json!({"type": "CNAME", "name": "www", "content": "x.example.com"})).await.refused(400, 81053);
    let reply = post(json!({"type": "A", "name": "x", "content": "not-an-address"})).await;
    assert_eq!(reply.codes(), [1004, 9005]);
    for bad in [
        json!({"type": "AAAA", "name": "x", "content": "203.0.113.1"}),
        json!({"type": "CNAME", "name": "x", "content": ""}),
        json!({"type": "MX", "name": "x", "content": "mail.example.com"}),
        json!({"type": "TXT", "name": "x", "content": ""}),
        json!({"type": "NOPE", "name": "x", "content": "y"}),
        json!({"type": "A", "name": "a b", "content": "203.0.113.1"}),
        json!({"type": "A", "content": "203.0.113.1"}),
        json!({"type": "A", "name": "x", "content": "203.0.113.1", "ttl": 5}),
        json!({"type": "TXT", "name": "x", "content": "y", "proxied": true}),
        json!({}),
    ] {
        post(bad).await.refused(400, 1004);
    }
    local.by(&writer, "POST", list).body("application/json", "]").send().await.refused(400, 9207);

    let find = async |query: &str| {
        let reply = local.by(&reader, "GET", &format!("{list}?{query}")).send().await;
        reply.result().as_array().unwrap().len()
    };
    assert_eq!(find("").await, 6);
    assert_eq!(find("type=TXT&name.exact=_acme-challenge.example.com&content.exact=token").await, 1);
    assert_eq!(find("name=WWW.example.com").await, 1);
    assert_eq!(find("type=A&type=MX").await, 1);
    assert_eq!(find("match=any&type=A&content.contains=mail").await, 2);
    assert_eq!(find("search=hi&colour=red").await, 1);
    assert_eq!(find("per_page=4&page=2").await, 2);
    assert_eq!(find("page=9").await, 0);

    let one = format!("{list}/{}", record["id"].as_str().unwrap());
    let patched = local.by(&writer, "PATCH", &one).json(&json!({"content": "203.0.113.2"})).send().await;
    let expected = (&json!("203.0.113.2"), &json!("hi"), &json!(true));
    assert_eq!((&patched.result()["content"], &patched.result()["comment"], &patched.result()["proxied"]), expected);
    let put = json!({"type": "A", "name": "www", "content": "203.0.113.3", "ttl": 300});
    let replaced = local.by(&writer, "PUT", &one).json(&put).send().await;
    assert_eq!((&replaced.result()["comment"], &replaced.result()["ttl"]), (&Value::Null, &json!(300)));
    assert_eq!(local.by(&reader, "GET", &one).send().await.result()["content"], "203.0.113.3");
    for (method, path) in [("POST", list), ("PATCH", &one), ("PUT", &one), ("DELETE", &one)] {
        local.by(&reader, method, path).json(&put).send().await.refused(403, 10000);
    }
    local.by(&writer, "DELETE", &one).send().await.result();
    for method in ["GET", "PATCH", "PUT", "DELETE"] {
        local.by(&writer, method, &one).json(&put).send().await.refused(404, 81044);
    }
}

#[tokio::test]
async fn workers_routes() {
    let local = Local::start().await;
    let (reader, writer) = pair(&local, "Workers Routes Read", "Workers Routes Write").await;
    let source = "addEventListener('fetch', () => {})";
    let script = "/accounts/{A}/workers/scripts/router";
    local.admin("PUT", script).body("application/javascript", source).send().await.result();
    let list = "/zones/{Z}/workers/routes";
    let post = async |body: Value| local.by(&writer, "POST", list).json(&body).send().await;
    let made = post(json!({"pattern": "*.example.com/*", "script": "router"})).await;
    let id = made.result()["id"].as_str().unwrap().to_owned();
    post(json!({"pattern": "*/*", "script": "router"})).await.result();
    assert!(post(json!({"pattern": "example.com/static/*"})).await.result()["script"].is_null());
    post(json!({"pattern": "*.example.com/*"})).await.refused(409, 10020);
    post(json!({"pattern": "other.org/*", "script": "router"})).await.refused(400, 10022);
    post(json!({"pattern": "example.com/a", "script": "absent"})).await.refused(400, 10019);
    post(json!({})).await.refused(400, 10022);
    let one = format!("{list}/{id}");
    let put = json!({"pattern": "www.example.com/*", "script": "router"});
    local.by(&writer, "PUT", &one).json(&put).send().await.result();
    assert_eq!(local.by(&reader, "GET", &one).send().await.result()["pattern"], "www.example.com/*");
    assert_eq!(local.by(&reader, "GET", list).send().await.result().as_array().unwrap().len(), 3);
    local.by(&reader, "POST", list).json(&put).send().await.refused(403, 10000);
    local.by(&reader, "DELETE", &one).send().await.refused(403, 10000);
    local.by(&writer, "DELETE", &one).send().await.result();
    for method in ["GET", "PUT", "DELETE"] {
        local.by(&writer, method, &one).json(&put).send().await.refused(404, 10009);
    }
}

#[tokio::test]
async fn custom_hostnames() {
    let hostnames = Hostnames { hard_cap: 2, ..Hostnames::default() };
    let local = Local::with(Options { custom_hostnames_per_zone: 1, hostnames, ..unlimited() }).await;
    let (reader, writer) = pair(&local, "SSL and Certificates Read", "SSL and Certificates Write").await;
    let list = "/zones/{Z}/custom_hostnames";
    let post = async |hostname: &str| {
        let body = json!({"hostname": hostname, "ssl": {"method": "txt", "type": "dv"}, "custom_metadata": {"t": "a"}});
        local.by(&writer, "POST", list).json(&body).send().await
    };
    let made = post("WWW.acme.org").await;
    let hostname = made.result().clone();
    assert_eq!((&hostname["hostname"], &hostname["status"]), (&json!("www.acme.org"), &json!("pending")));
    assert_eq!(hostname["ssl"]["status"], "pending_validation");
    assert_eq!(hostname["ssl"]["validation_records"][0]["txt_name"], "_acme-challenge.www.acme.org");
    assert_eq!(hostname["ownership_verification"]["name"], "_cf-custom-hostname.www.acme.org");
    assert_ne!(hostname["ownership_verification"]["value"], hostname["ssl"]["validation_records"][0]["txt_value"]);
    post("www.acme.org").await.refused(409, 1406);
    for (bad, code) in [("-", 1407), ("acme", 1407), ("", 1407), ("example.com", 1411)] {
        post(bad).await.refused(400, code);
    }
    post("*.acme.org").await.refused(400, 1448);
    post("api.acme.org").await.result();
    post("third.acme.org").await.refused(403, 1405);
    let quota = local.by(&reader, "GET", &format!("{list}/quota")).send().await;
    assert_eq!(*quota.result(), json!({"allocated": 1, "used": 2, "exceeded": true, "hard_cap": 2}));
    let found = local.by(&reader, "GET", &format!("{list}?hostname=www.acme.org")).send().await;
    assert_eq!(found.json["result_info"]["total_count"], 1);

    let one = format!("{list}/{}", hostname["id"].as_str().unwrap());
    let patch = json!({"ssl": {"method": "http", "type": "dv"}, "custom_origin_server": "o.example.com"});
    local.by(&writer, "PATCH", &one).json(&patch).send().await.refused(400, 1421);
    let origin = json!({"type": "A", "name": "o", "content": "192.0.2.1"});
    local.admin("POST", "/zones/{Z}/dns_records").json(&origin).send().await.result();
    let patched = local.by(&writer, "PATCH", &one).json(&patch).send().await;
    assert_eq!(patched.result()["custom_origin_server"], "o.example.com");
    assert_eq!(patched.result()["custom_metadata"], json!({"t": "a"}));
    assert!(patched.result()["ssl"]["validation_records"][0]["http_url"].is_string());
    for (method, path) in [("POST", list), ("PATCH", &one), ("DELETE", &one)] {
        local.by(&reader, method, path).json(&patch).send().await.refused(403, 10000);
    }
    assert_eq!(local.by(&writer, "DELETE", &one).send().await.result()["id"], hostname["id"]);
    for method in ["GET", "PATCH", "DELETE"] {
        local.by(&writer, method, &one).json(&patch).send().await.refused(404, 1436);
    }

    let origin = format!("{list}/fallback_origin");
    local.by(&reader, "GET", &origin).send().await.refused(404, 1551);
    for bad in [json!({"origin": "-"}), json!({"origin": "fallback.other.org"}), json!({}), json!([])] {
        local.by(&writer, "PUT", &origin).json(&bad).send().await.refused(400, 1415);
    }
    let body = json!({"origin": "fallback.example.com"});
    local.by(&reader, "PUT", &origin).json(&body).send().await.refused(403, 10000);
    assert_eq!(local.by(&writer, "PUT", &origin).json(&body).send().await.result()["status"], "initializing");
    assert_eq!(local.by(&reader, "GET", &origin).send().await.result()["status"], "active");
    assert_eq!(local.by(&writer, "DELETE", &origin).send().await.result()["status"], "pending_deletion");
    local.by(&writer, "DELETE", &origin).send().await.refused(404, 1551);
}
