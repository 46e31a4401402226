//! All custom domains of a Worker at once, as wrangler sets them.

mod common;

use common::{Local, Minted};
use serde_json::{Value, json};

const FORM: &str = "multipart/form-data; boundary=b";

async fn upload(local: &Local, token: &Minted, script: &str) {
    let metadata = json!({"main_module": "a.js"});
    let form = format!(
        "--b\r\nContent-Disposition: form-data; name=\"metadata\"\r\n\r\n{metadata}\r\n--b\r\nContent-Disposition: \
         form-data; name=\"a.js\"; filename=\"a.js\"\r\nContent-Type: application/javascript+module\r\n\r\nx\r\n--b--\r\n"
    );
    let path = format!("/accounts/{{A}}/workers/scripts/{script}");
    local.by(token, "PUT", &path).body(FORM, form).send().await.result();
}

/// What a changeset says, by its four lists: the hostnames, and whether those that are there change.
fn told(changeset: &Value) -> Value {
    let names = |list: &str| -> Vec<Value> {
        let told = |domain: &Value| match domain.get("modified") {
            Some(modified) => json!([domain["hostname"], modified]),
            None => domain["hostname"].clone(),
        };
        changeset[list].as_array().unwrap().iter().map(told).collect()
    };
    json!([names("added"), names("removed"), names("updated"), names("conflicting")])
}

#[tokio::test]
async fn a_workers_domains_are_set_together_and_a_changeset_says_how_before() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_account(&["Workers Scripts Write"])]).await;
    let by = async |method: &str, path: &str, body: Value| {
        local.by(&token, method, &format!("/accounts/{{A}}/workers/{path}")).json(&body).send().await
    };
    let changeset = |script: &str| format!("scripts/{script}/domains/changeset?replace_state=true");
    let records = |script: &str| format!("scripts/{script}/domains/records");
    let origins = |hosts: &[&str]| -> Value { hosts.iter().map(|host| json!({"hostname": host})).collect() };
    by("PUT", &records("shop"), json!({"origins": []})).await.refused(404, 10007);
    for script in ["shop", "other"] {
        upload(&local, &token, script).await;
    }

    let two = origins(&["a.example.com", "B.example.com"]);
    let told_of = |reply: &common::Reply| told(reply.result());
    let before = by("POST", &changeset("shop"), two.clone()).await;
    assert_eq!(told_of(&before), json!([["a.example.com", "b.example.com"], [], [], []]));
    assert_eq!(by("GET", "domains", json!(null)).await.result(), &json!([]), "a changeset changes nothing");
    by("PUT", &records("shop"), json!({"origins": two})).await.result();
    let there = by("GET", "domains/records?service=shop", json!(null)).await.result().clone();
    assert_eq!(there[0]["enabled"], json!(true));
    let id =
        there.as_array().unwrap().iter().find(|domain| domain["hostname"] == "a.example.com").unwrap()["id"].clone();
    let one = format!("domains/records/{}", id.as_str().unwrap());
    assert_eq!(by("GET", &one, json!(null)).await.result()["zone_name"], "example.com");

    // What is not named goes, and what is there stays what it is.
    let flags = json!([{"hostname": "a.example.com", "previews_enabled": true}]);
    let after = by("POST", &changeset("shop"), origins(&["a.example.com"])).await;
    assert_eq!(told_of(&after), json!([[], ["b.example.com"], [["a.example.com", false]], []]));
    assert_eq!(told_of(&by("POST", &changeset("shop"), flags.clone()).await)[2], json!([["a.example.com", true]]));
    let keeps = by("POST", "scripts/shop/domains/changeset", json!([])).await;
    assert_eq!(told_of(&keeps), json!([[], [], [], []]), "without `replace_state` nothing goes");
    by("PUT", &records("shop"), json!({"origins": flags})).await.result();
    let left = by("GET", "domains/records", json!(null)).await.result().clone();
    assert_eq!((left.as_array().unwrap().len(), &left[0]["id"], &left[0]["previews_enabled"]), (1, &id, &json!(true)));

    // Another Worker takes a domain only where it says so.
    let wanted = origins(&["a.example.com"]);
    assert_eq!(told_of(&by("POST", &changeset("other"), wanted.clone()).await)[2], json!([["a.example.com", true]]));
    by("PUT", &records("other"), json!({"origins": wanted})).await.refused(409, 100_116);
    let taken = json!({"origins": wanted, "override_existing_origin": true});
    by("PUT", &records("other"), taken).await.result();
    assert_eq!(by("GET", &one, json!(null)).await.result()["service"], "other");
    by("PUT", &records("shop"), json!({"origins": origins(&["a.elsewhere.org"])})).await.refused(400, 10083);
    by("POST", &changeset("shop"), origins(&["a.elsewhere.org"])).await.refused(400, 10083);
    by("PUT", &records("shop"), json!({})).await.refused(400, 10026);
}

#[tokio::test]
async fn a_domain_that_dns_records_are_in_the_way_of_takes_them_only_where_asked() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_account(&["Workers Scripts Write"])]).await;
    upload(&local, &token, "shop").await;
    let record = json!({"type": "A", "name": "a.example.com", "content": "192.0.2.1"});
    let made = local.admin("POST", "/zones/{Z}/dns_records").json(&record).send().await.result()["id"].clone();
    let origins = json!([{"hostname": "a.example.com", "zone_name": "example.com"}]);
    let path = "/accounts/{A}/workers/scripts/shop/domains/changeset?replace_state=true";
    let changes = local.by(&token, "POST", path).json(&origins).send().await;
    assert_eq!(told(changes.result()), json!([[], [], [], ["a.example.com"]]));
    assert_eq!(changes.result()["conflicting"][0]["external_dns_record_id"], made);
    let put = async |body: Value| {
        local.by(&token, "PUT", "/accounts/{A}/workers/scripts/shop/domains/records").json(&body).send().await
    };
    put(json!({"origins": origins})).await.refused(409, 100_117);
    put(json!({"origins": origins, "override_existing_dns_record": true})).await.result();
    let left = local.admin("GET", "/zones/{Z}/dns_records?name=a.example.com").send().await;
    assert_eq!(left.result(), &json!([]));
}

#[tokio::test]
async fn who_may_only_read_sets_no_domains() {
    let local = Local::start().await;
    let writer = local.user_token(&[local.at_account(&["Workers Scripts Write"])]).await;
    upload(&local, &writer, "shop").await;
    let reader = local.user_token(&[local.at_account(&["Workers Scripts Read"])]).await;
    local.by(&reader, "GET", "/accounts/{A}/workers/domains/records").send().await.result();
    for (method, call) in [("POST", "changeset"), ("PUT", "records")] {
        let path = format!("/accounts/{{A}}/workers/scripts/shop/domains/{call}");
        local.by(&reader, method, &path).json(&json!({"origins": []})).send().await.refused(403, 10000);
    }
}
