//! Zones that are made, changed and removed; their settings; purging their cache; the audit log of it all.

mod common;

use common::Local;
use flarekeep_emulator::{Emulator, World};
use flarekeep_planner::source::calls::Failed;
use serde_json::{Value, json};

const LOG: &str = "/accounts/{A}/logs/audit?since=2020-01-01&before=2999-01-01";

#[tokio::test]
async fn a_zone_is_made_checked_changed_and_removed() {
    let local = Local::start().await;
    let token = local.account_token(&[local.all_zones(&["Zone Write", "DNS Write"])]).await;
    let account = local.facts.account_id.to_string();
    let post = async |body: Value| local.by(&token, "POST", "/zones").json(&body).send().await;
    let made = post(json!({"name": "Shop.Example.ORG", "account": {"id": account}, "type": "full"})).await;
    let zone = made.result().clone();
    assert_eq!((&zone["name"], &zone["status"]), (&json!("shop.example.org"), &json!("pending")));
    assert_eq!((&zone["account"]["id"], &zone["activated_on"]), (&json!(account), &Value::Null));
    post(json!({"name": "shop.example.org", "account": {"id": account}})).await.refused(400, 1061);
    post(json!({"name": "nodots"})).await.refused(400, 1049);
    post(json!({"name": "other.org", "account": {"id": "0123456789abcdef0123456789abcdef"}})).await.refused(400, 1068);

    let one = format!("/zones/{}", zone["id"].as_str().unwrap());
    let by = async |method: &str, path: &str, body: Value| {
        local.by(&token, method, &format!("{one}{path}")).json(&body).send().await
    };
    by("POST", "/dns_records", json!({"type": "A", "name": "@", "content": "203.0.113.1"})).await.result();
    assert_eq!(by("PUT", "/activation_check", json!({})).await.result()["id"], zone["id"]);
    assert_eq!(by("GET", "", json!({})).await.result()["status"], "active");
    let paused = by("PATCH", "", json!({"paused": true, "plan": {"id": "x"}})).await;
    assert_eq!((&paused.result()["paused"], &paused.result()["type"]), (&json!(true), &json!("full")));
    assert_eq!(
        by("POST", "/hold?include_subdomains=true", json!({})).await.result(),
        &json!({"hold": true, "include_subdomains": "true"})
    );
    assert_eq!(by("DELETE", "/hold?hold_after=2999-01-01T00:00:00Z", json!({})).await.result()["hold"], false);
    assert_eq!(by("DELETE", "/hold", json!({})).await.result(), &json!({"hold": false}));

    let find = async |query: &str| {
        let reply = local.admin("GET", &format!("/zones?{query}")).send().await;
        let zones = reply.result().as_array().unwrap().clone();
        zones.iter().map(|zone| zone["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(find("").await, "example.com shop.example.org");
    assert_eq!(find("name=shop.example.org").await, "shop.example.org");
    assert_eq!(find("name=contains:SHOP").await, "shop.example.org");
    assert_eq!(find("type=partial").await, "");
    assert_eq!(find("match=any&name=example.com&type=full&direction=desc").await, "shop.example.org example.com");
    assert_eq!(find(&format!("account.id={account}&status=active&per_page=1&page=2")).await, "shop.example.org");

    assert_eq!(by("DELETE", "", json!({})).await.result()["id"], zone["id"]);
    local.admin("GET", &one).send().await.refused(404, 7003);
    let again = post(json!({"name": "shop.example.org"})).await;
    let again = again.result()["id"].as_str().unwrap().to_owned();
    assert_ne!(zone["id"], again.as_str());
    let records = local.admin("GET", &format!("/zones/{again}/dns_records")).send().await;
    assert_eq!(records.result(), &json!([]));
}

#[tokio::test]
async fn settings_have_defaults_and_take_what_the_schema_says() {
    let local = Local::start().await;
    let all = local.admin("GET", "/zones/{Z}/settings").send().await;
    let all = all.result().as_array().unwrap().clone();
    assert!(
        all.len() > 60 && all.iter().any(|setting| setting["id"] == "min_tls_version" && setting["value"] == "1.0")
    );
    let patch = async |id: &str, body: Value| {
        local.admin("PATCH", &format!("/zones/{{Z}}/settings/{id}")).json(&body).send().await
    };
    let set = patch("ssl", json!({"value": "strict"})).await;
    assert_eq!((&set.result()["value"], set.result()["modified_on"].is_string()), (&json!("strict"), true));
    assert_eq!(local.admin("GET", "/zones/{Z}/settings/ssl").send().await.result()["value"], "strict");
    patch("ssl", json!({"value": "loose"})).await.refused(400, 1007);
    patch("ssl", json!({})).await.refused(400, 1007);
    patch("colour", json!({"value": "red"})).await.refused(400, 1006);
    patch("browser_cache_ttl", json!({"value": 0})).await.result();
    patch("speed_brain", json!({"value": "on"})).await.result();
    assert_eq!(patch("ssl_recommender", json!({"enabled": true})).await.result()["enabled"], true);
    let many = async |body: Value| local.admin("PATCH", "/zones/{Z}/settings").json(&body).send().await;
    let items = json!([{"id": "brotli", "value": "on"}, {"id": "always_use_https", "value": "on"}]);
    assert_eq!(many(items.clone()).await.result().as_array().unwrap().len(), 2);
    many(json!({"items": items})).await.result();
    many(json!({"ssl": "off"})).await.refused(400, 1004);
    many(json!([{"id": "ssl", "value": "off"}, {"id": "brotli", "value": 1}])).await.refused(400, 1007);
    assert_eq!(local.admin("GET", "/zones/{Z}/settings/ssl").send().await.result()["value"], "strict");
    let universal = "/zones/{Z}/ssl/universal/settings";
    assert_eq!(local.admin("GET", universal).send().await.result()["enabled"], true);
    local.admin("PATCH", universal).json(&json!({"enabled": false})).send().await.result();
    assert_eq!(local.admin("GET", universal).send().await.result()["enabled"], false);
}

#[tokio::test]
async fn a_purge_names_one_kind_of_thing() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_zone(&["Cache Purge"])]).await;
    let purge = async |body: Value| local.by(&token, "POST", "/zones/{Z}/purge_cache").json(&body).send().await;
    let zone = local.path("{Z}");
    for good in [
        json!({"purge_everything": true}),
        json!({"files": ["https://example.com/a", {"url": "https://example.com/b", "headers": {"a": "b"}}]}),
        json!({"tags": ["a"]}),
        json!({"hosts": ["example.com"]}),
        json!({"prefixes": ["example.com/a"]}),
    ] {
        assert_eq!(purge(good).await.result()["id"], zone.as_str());
    }
    purge(json!({})).await.refused(400, 1012);
    purge(json!({"purge_everything": false})).await.refused(400, 1012);
    purge(json!({"purge_everything": true, "tags": ["a"]})).await.refused(400, 1012);
    purge(json!({"tags": "a"})).await.refused(400, 1014);
    purge(json!({"files": ["a"]})).await.refused(400, 1016);
    purge(json!({"tags": vec!["a"; 101]})).await.refused(400, 1094);
}

#[tokio::test]
async fn every_change_is_in_the_audit_log_with_its_token() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_zone(&["DNS Write"])]).await;
    let body = json!({"type": "A", "name": "www", "content": "203.0.113.1"});
    let ask = local.by(&token, "POST", "/zones/{Z}/dns_records").header("user-agent", "tests/1");
    let made = ask.json(&body).send().await;
    let record = made.result()["id"].as_str().unwrap().to_owned();
    let one = format!("/zones/{{Z}}/dns_records/{record}");
    local.by(&token, "GET", &one).send().await.result();
    local.by(&token, "PATCH", &one).json(&json!({"content": "x"})).send().await.refused(400, 1004);
    local.by(&token, "DELETE", &one).send().await.result();
    local
        .admin("PUT", "/accounts/{A}/workers/scripts/w")
        .body("application/javascript", "addEventListener('fetch', () => {})")
        .send()
        .await
        .result();

    let log = local.admin("GET", &format!("{LOG}&actor_token_id={}&direction=asc", token.id)).send().await;
    let entries = log.result().as_array().unwrap().clone();
    let line = |entry: &Value| {
        format!("{} {} {}", entry["action"]["type"], entry["action"]["result"], entry["raw"]["status_code"])
    };
    assert_eq!(
        entries.iter().map(line).collect::<Vec<_>>(),
        ["\"create\" \"success\" 200", "\"update\" \"failure\" 400", "\"delete\" \"success\" 200"]
    );
    let first = &entries[0];
    assert_eq!(first["account"]["id"], local.facts.account_id.to_string());
    assert_eq!(first["zone"], json!({"id": local.path("{Z}"), "name": "example.com"}));
    assert_eq!(first["resource"]["id"], record.as_str());
    assert_eq!(first["actor"]["token_name"], "test");
    assert_eq!(
        (&first["actor"]["context"], &first["actor"]["email"]),
        (&json!("api_token"), &json!(local.facts.email))
    );
    assert_eq!(first["raw"]["uri"], local.path("/client/v4/zones/{Z}/dns_records"));
    assert_eq!(first["raw"]["user_agent"], "tests/1");
    assert_eq!(first["raw"]["cf_ray_id"], made.headers["cf-ray"].to_str().unwrap());

    let find = async |query: &str| {
        local.admin("GET", &format!("{LOG}{query}")).send().await.result().as_array().unwrap().len()
    };
    assert_eq!(find("").await, 4);
    assert_eq!(find("&actor_context=api_key").await, 1);
    assert_eq!(find("&actor_context.not=api_key&action_result=success").await, 2);
    assert_eq!(find("&action_type=create&action_type=delete").await, 2);
    assert_eq!(find("&raw_method=PUT&resource_scope=accounts").await, 1);
    assert_eq!(find("&zone_name=example.com").await, 3);
    assert_eq!(find("&zone_id=absent").await, 0);
    let none = "/accounts/{A}/logs/audit?since=2020-01-01&before=2020-01-02";
    assert_eq!(local.admin("GET", none).send().await.result(), &json!([]));
    local.admin("GET", "/accounts/{A}/logs/audit?before=2020-01-02").send().await.refused(400, 1002);
    local.by(&token, "GET", LOG).send().await.refused(403, 10000);

    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = local.admin("GET", &format!("{LOG}&limit=1{cursor}")).send().await;
        seen.extend(
            page.result().as_array().unwrap().iter().map(|entry| entry["raw"]["method"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page.json["result_info"]["cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(seen, ["PUT", "DELETE", "PATCH", "POST"]);

    let older = local.admin("GET", "/accounts/{A}/audit_logs?action.type=delete").send().await;
    assert_eq!(older.result()[0]["resource"]["id"], record.as_str());
    // Making the token was a change of the user's own.
    let own = local.admin("GET", "/user/audit_logs?action.type=create").send().await;
    assert!(own.result().as_array().unwrap().iter().any(|entry| entry["resource"]["id"] == token.id.as_str()));
}

#[tokio::test]
async fn a_zone_that_is_removed_is_named_in_the_log_and_takes_its_custom_domains_along() {
    let local = Local::start().await;
    let source = "--x\r\ncontent-disposition: form-data; name=\"metadata\"\r\n\r\n{\"main_module\": \"m.js\"}\r\n--x\r\ncontent-disposition: form-data; name=\"m.js\"; filename=\"m.js\"\r\ncontent-type: application/javascript+module\r\n\r\nexport default {}\r\n--x--\r\n";
    let upload = local.admin("PUT", "/accounts/{A}/workers/scripts/shop");
    upload.body("multipart/form-data; boundary=x", source).send().await.result();
    let domain = json!({"hostname": "shop.example.com", "service": "shop", "zone_name": "example.com"});
    local.admin("PUT", "/accounts/{A}/workers/domains").json(&domain).send().await.result();
    local.admin("DELETE", "/zones/{Z}").send().await.result();
    let domains = local.admin("GET", "/accounts/{A}/workers/domains").send().await;
    assert_eq!(domains.result(), &json!([]));
    let log = local.admin("GET", LOG).send().await;
    let entry = &log.result()[0];
    assert_eq!((&entry["raw"]["method"], &entry["zone"]["name"]), (&json!("DELETE"), &json!("example.com")), "{entry}");
}

#[tokio::test]
async fn the_log_of_a_user_ends_after_thirty_days() {
    let now = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_800_000_000));
    let clock = now.clone();
    let clock: flarekeep_emulator::Clock = std::sync::Arc::new(move || clock.load(std::sync::atomic::Ordering::SeqCst));
    let local = Local::with(flarekeep_emulator::Options { clock: Some(clock), ..common::unlimited() }).await;
    local.user_token(&[local.at_zone(&["DNS Write"])]).await;
    let count = async || local.admin("GET", "/user/audit_logs").send().await.result().as_array().unwrap().len();
    assert_eq!(count().await, 1);
    now.fetch_add(31 * 86_400, std::sync::atomic::Ordering::SeqCst);
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn what_a_token_did_is_planned_from_the_log() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_zone(&["DNS Write", "Cache Purge"])]).await;
    let body = json!({"type": "A", "name": "www", "content": "203.0.113.1"});
    local.by(&token, "POST", "/zones/{Z}/dns_records").json(&body).send().await.result();
    local.by(&token, "POST", "/zones/{Z}/purge_cache").json(&json!({"purge_everything": true})).send().await.result();
    local.admin("PATCH", "/zones/{Z}/settings/ssl").json(&json!({"value": "full"})).send().await.result();
    let log = local.admin("GET", LOG).send().await;
    let id = token.id.parse().unwrap();
    let reading = flarekeep_planner::source::log::read("log", log.text.as_bytes(), Failed::Include, Some(id)).unwrap();
    let mut operations: Vec<String> = reading.needs.iter().map(|need| need.operation.to_string()).collect();
    operations.sort();
    assert_eq!(operations, ["POST /zones/{zone_id}/dns_records", "POST /zones/{zone_id}/purge_cache"]);
    assert!(reading.unread.is_empty(), "{:?}", reading.unread);
}

#[tokio::test]
async fn members_and_roles_are_those_of_the_world() {
    let local = Local::start().await;
    let members = local.admin("GET", "/accounts/{A}/members").send().await;
    let member = members.result()[0].clone();
    assert_eq!(member["user"]["email"], local.facts.email);
    assert_eq!(members.json["result_info"]["total_count"], 1);
    let one = format!("/accounts/{{A}}/members/{}", member["id"].as_str().unwrap());
    assert_eq!(local.admin("GET", &one).send().await.result(), &member);
    local.admin("GET", "/accounts/{A}/members/absent").send().await.refused(404, 1003);
    let roles = local.admin("GET", "/accounts/{A}/roles").send().await;
    let role = roles.result()[0].clone();
    assert_eq!(member["roles"][0], role);
    let one = format!("/accounts/{{A}}/roles/{}", role["id"].as_str().unwrap());
    assert_eq!(local.admin("GET", &one).send().await.result(), &role);
}

#[tokio::test]
async fn zones_settings_and_log_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Emulator::open(folder.path(), World::generated(), common::unlimited()).unwrap();
    let local = Local::serve(open()).await;
    local.admin("POST", "/zones").json(&json!({"name": "made.org"})).send().await.result();
    local.admin("PATCH", "/zones/{Z}/settings/ssl").json(&json!({"value": "full"})).send().await.result();
    let records: Vec<Value> =
        (0..20).map(|n| json!({"type": "A", "name": format!("n{n:02}"), "content": "203.0.113.1"})).collect();
    local.admin("POST", "/zones/{Z}/dns_records/batch").json(&json!({"posts": records})).send().await.result();
    let hash = local.emulator.state_hash();
    local.shutdown_and_drop().await;

    let local = Local::serve(open()).await;
    assert_eq!(local.emulator.state_hash(), hash);
    assert_eq!(local.admin("GET", "/zones?name=made.org").send().await.result().as_array().unwrap().len(), 1);
    assert_eq!(local.admin("GET", "/zones/{Z}/settings/ssl").send().await.result()["value"], "full");
    assert_eq!(local.admin("GET", LOG).send().await.result().as_array().unwrap().len(), 3);
    let found = local.admin("GET", "/zones/{Z}/dns_records?order=name&per_page=5&page=4").send().await;
    assert_eq!(found.result()[0]["name"], "n15.example.com");
}
