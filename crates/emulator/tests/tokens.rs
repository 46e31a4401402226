//! A token's life: create, list, get, update, roll, delete, and what the API says to each mistake.

mod common;

use common::{Local, group_id, policy, unlimited};
use flarekeep_catalogue::Scope;
use flarekeep_emulator::{Options, QuotaError, ScopeMismatch};
use serde_json::{Value, json};

#[tokio::test]
async fn a_user_token_lives_and_dies() {
    let local = Local::start().await;
    let body = json!({"name": "ci", "policies": [local.at_zone(&["DNS Write", "DNS Read"])]});
    let reply = local.admin("POST", "/user/tokens").json(&body).send().await;
    let created = reply.result().clone();
    let token = reply.minted();
    assert_eq!(token.value.len(), 53);
    let (body_part, checksum) = token.value.strip_prefix("cfut_").unwrap().split_at(40);
    assert_eq!(checksum, format!("{:08x}", crc32fast::hash(body_part.as_bytes())));
    assert_eq!(created["status"], "active");
    let names: Vec<&Value> = created["policies"][0]["permission_groups"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|group| group["name"] == "DNS Write"));
    assert!(created["policies"][0]["id"].is_string());

    local.by(&token, "GET", "/zones/{Z}/dns_records").send().await.result();
    let path = format!("/user/tokens/{}", token.id);
    let shown = local.admin("GET", &path).send().await;
    assert!(shown.result()["value"].is_null() && shown.result()["last_used_on"].is_string());
    assert!(!shown.text.contains(&token.value));

    for body in ["{}", ""] {
        let rolled = local.admin("PUT", &format!("{path}/value")).body("application/json", body).send().await;
        let value = rolled.result().as_str().unwrap().to_owned();
        assert!(value.starts_with("cfut_") && value != token.value);
        local.ask("GET", "/user/tokens/verify").bearer(&value).send().await.result();
        local.by(&token, "GET", "/user/tokens/verify").send().await.refused(401, 1000);
    }
    let rolled = local.admin("PUT", &format!("{path}/value")).json(&json!({})).send().await;
    let value = rolled.result().as_str().unwrap().to_owned();
    let deleted = local.admin("DELETE", &path).send().await;
    assert_eq!(deleted.result(), &json!({"id": token.id}));
    local.ask("GET", "/user/tokens/verify").bearer(&value).send().await.refused(401, 1000);
    for method in ["GET", "PUT", "DELETE"] {
        local.admin(method, &path).json(&body).send().await.refused(404, 1003);
    }
    local.admin("GET", "/user/tokens/no-id").send().await.refused(404, 1003);
    local.admin("PATCH", &path).json(&json!({})).send().await.refused(405, 7001);
    local.admin("POST", &format!("{path}/roll")).send().await.refused(400, 7000);
}

#[tokio::test]
async fn an_update_replaces_all_but_the_value() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_zone(&["DNS Read"])]).await;
    let path = format!("/user/tokens/{}", token.id);
    let mut body = json!({
        "name": "renamed",
        "policies": [local.at_account(&["Workers R2 Storage Read"])],
        "condition": {"request.ip": {"in": ["127.0.0.1/32"], "not_in": []}},
        "expires_on": "2099-01-01T00:00:00Z",
    });
    let updated = local.admin("PUT", &path).json(&body).send().await;
    assert_eq!(updated.result()["condition"], json!({"request_ip": {"in": ["127.0.0.1/32"], "not_in": []}}));
    assert_eq!(updated.result()["expires_on"], "2099-01-01T00:00:00Z");
    local.by(&token, "GET", "/zones/{Z}/dns_records").send().await.refused(403, 10000);
    local.by(&token, "GET", "/accounts/{A}/r2/buckets").send().await.result();

    body["status"] = "disabled".into();
    body["condition"] = Value::Null;
    let updated = local.admin("PUT", &path).json(&body).send().await;
    assert!(updated.result()["condition"].is_null());
    local.by(&token, "GET", "/accounts/{A}/r2/buckets").send().await.refused(403, 9109);
    // Without a status, the one there is stays.
    body.as_object_mut().unwrap().remove("status");
    assert_eq!(local.admin("PUT", &path).json(&body).send().await.result()["status"], "disabled");
}

#[tokio::test]
async fn what_is_wrong_with_a_body_is_told_and_changes_nothing() {
    let local = Local::start().await;
    let fine = local.at_zone(&["DNS Read"]);
    let before = local.emulator.state_hash();
    let post = async |body: Value| local.admin("POST", "/user/tokens").json(&body).send().await;
    for name in [json!(""), json!("x".repeat(121)), json!(7), Value::Null] {
        let reply = post(json!({"name": name, "policies": [fine]})).await;
        reply.refused(400, 400);
        assert!(reply.message().contains("name must have a length"));
    }
    let with = |change: fn(&mut Value)| {
        let mut policy = fine.clone();
        change(&mut policy);
        json!({"name": "t", "policies": [policy]})
    };
    for body in [
        json!({"name": "t"}),
        json!({"name": "t", "policies": []}),
        json!({"name": "t", "policies": "all"}),
        json!({"name": "t", "policies": [7]}),
        with(|policy| policy["effect"] = "maybe".into()),
        with(|policy| policy["permission_groups"] = json!([])),
        with(|policy| policy["resources"] = json!({})),
        json!({"name": "t", "policies": [fine], "expires_on": "tomorrow"}),
        json!({"name": "t", "policies": [fine], "not_before": "2030-01-01T00:00:00Z", "expires_on": "2029-01-01T00:00:00Z"}),
        json!({"name": "t", "policies": [fine], "condition": {"request_ip": {"in": ["203.0.113.7"]}}}),
        json!({"name": "t", "policies": [fine], "condition": {"request_ip": {"in": "all"}}}),
        json!({"name": "t", "policies": [fine], "status": "revoked (exposed)"}),
    ] {
        post(body).await.refused(400, 400);
    }
    for body in [
        with(|policy| policy["permission_groups"] = json!([{"id": "f".repeat(32)}])),
        with(|policy| policy["permission_groups"] = json!([{"name": "DNS Read"}])),
        with(|policy| policy["resources"] = json!({"com.cloudflare.api.account.zone.example.com": "*"})),
        with(|policy| policy["resources"] = json!({"com.cloudflare.api.account.zone.*": "+"})),
        with(|policy| {
            policy["resources"] = json!({"com.cloudflare.api.account.*": {"com.cloudflare.api.account.zone.*": 1}});
        }),
    ] {
        post(body).await.refused(400, 1001);
    }
    post(with(|policy| policy["resources"] = json!({"com.cloudflare.edge.r2.bucket.*": "*"}))).await.refused(403, 9109);
    for text in ["", "{", "[]", "null", "\u{0}"] {
        local.admin("POST", "/user/tokens").body("application/json", text).send().await.refused(400, 1198);
    }
    assert_eq!(local.emulator.state_hash(), before);
}

#[tokio::test]
async fn resources_outside_the_owner_fail_the_common_check() {
    let local = Local::start().await;
    let other = "f".repeat(32);
    for (scope, key, group) in [
        (Scope::Account, format!("com.cloudflare.api.account.{other}"), "Workers Scripts Read"),
        (Scope::Zone, format!("com.cloudflare.api.account.zone.{other}"), "DNS Read"),
        (Scope::User, format!("com.cloudflare.api.user.{other}"), "User Details Read"),
    ] {
        let body = json!({"name": "t", "policies": [policy(json!({ key: "*" }), scope, &[group])]});
        let reply = local.admin("POST", "/user/tokens").json(&body).send().await;
        reply.refused(400, 1001);
        let expected = format!("Failed common permission check against resources. (Permission group: \"{group}\")");
        assert_eq!(reply.message(), expected);
    }
    let own_account = local.at_account(&["Workers Scripts Read"]);
    let all = policy(json!({"com.cloudflare.api.account.*": "*"}), Scope::Account, &["Workers Scripts Read"]);
    let post = async |path: &str, policy: &Value| {
        local.admin("POST", path).json(&json!({"name": "t", "policies": [policy]})).send().await
    };
    post("/user/tokens", &all).await.result();
    post("/accounts/{A}/tokens", &own_account).await.result();
    post("/accounts/{A}/tokens", &all).await.refused(400, 1001);
    post("/accounts/{A}/tokens", &local.at_user(&["User Details Read"])).await.refused(400, 1001);
}

#[tokio::test]
async fn account_tokens_are_told_from_user_tokens() {
    let local = Local::start().await;
    let token = local.account_token(&[local.at_account(&["Account API Tokens Read"])]).await;
    assert!(token.value.starts_with("cfat_"));
    let path = format!("/accounts/{{A}}/tokens/{}", token.id);
    let shown = local.by(&token, "GET", &path).send().await;
    assert_eq!(shown.result()["creator_email_at_creation"], local.facts.email.as_str());
    local.admin("GET", &format!("/user/tokens/{}", token.id)).send().await.refused(404, 1003);
    local.by(&token, "DELETE", &path).send().await.refused(403, 9109);
    local.by(&token, "GET", "/user").send().await.refused(403, 9109);
    local.by(&token, "GET", "/memberships").send().await.refused(403, 9109);
    local.by(&token, "GET", "/accounts").send().await.refused(400, 1001);
    let reply = local.by(&token, "GET", "/zones/{Z}/pagerules").send().await;
    reply.refused(400, 1011);
    assert_eq!(reply.message(), "Page Rules endpoint does not support account owned tokens.");
    local.by(&token, "GET", "/accounts/{A}/challenges/widgets").send().await.refused(403, 10405);
}

#[tokio::test]
async fn lists_have_pages_and_leave_out_the_expired() {
    let local = Local::start().await;
    for n in 0..7 {
        let body = json!({"name": format!("t{n}"), "policies": [local.at_zone(&["DNS Read"])]});
        local.admin("POST", "/user/tokens").json(&body).send().await.result();
    }
    let old = json!({"name": "old", "policies": [local.at_zone(&["DNS Read"])], "expires_on": "2020-01-01T00:00:00Z"});
    local.admin("POST", "/user/tokens").json(&old).send().await.result();
    let list = async |query: &str| local.admin("GET", &format!("/user/tokens{query}")).send().await;
    let reply = list("?page=2&per_page=5").await;
    assert_eq!(reply.result().as_array().unwrap().len(), 2);
    let info = json!({"page": 2, "per_page": 5, "count": 2, "total_count": 7, "total_pages": 2});
    assert_eq!(reply.json["result_info"], info);
    assert_eq!(list("?page=3&per_page=5").await.result(), &json!([]));
    assert_eq!(list("?include_expired=true").await.json["result_info"]["total_count"], 8);
    let ids = |reply: &common::Reply| -> Vec<Value> {
        reply.result().as_array().unwrap().iter().map(|token| token["id"].clone()).collect()
    };
    let mut ascending = ids(&list("?direction=asc").await);
    ascending.reverse();
    assert_eq!(ids(&list("").await), ascending);
}

#[tokio::test]
async fn quotas_hold_also_when_many_ask_at_once() {
    let quota_error = QuotaError { status: 403, code: 4242, message: "enough".to_owned() };
    let options = Options { tokens_per_user: 3, tokens_per_account: 1, quota_error, ..unlimited() };
    let local = Local::with(options).await;
    let body = json!({"name": "t", "policies": [local.at_zone(&["DNS Read"])]});
    let ask = || local.admin("POST", "/user/tokens").json(&body).send();
    let replies = [tokio::join!(ask(), ask(), ask()), tokio::join!(ask(), ask(), ask())];
    let made = replies.iter().flat_map(|(a, b, c)| [a, b, c]).filter(|reply| reply.status == 200).count();
    assert_eq!(made, 3);
    ask().await.refused(403, 4242);
    local.admin("POST", "/accounts/{A}/tokens").json(&body).send().await.result();
    local.admin("POST", "/accounts/{A}/tokens").json(&body).send().await.refused(403, 4242);
    let options = Options::default();
    assert_eq!((options.tokens_per_user, options.tokens_per_account), (50, 500));
}

#[tokio::test]
async fn a_group_at_another_scope_grants_nothing_or_is_rejected() {
    for (switch, accepted) in [(ScopeMismatch::Accept, true), (ScopeMismatch::Reject, false)] {
        let local = Local::with(Options { scope_mismatch: switch, ..unlimited() }).await;
        let key = local.path("com.cloudflare.api.account.{A}");
        let misplaced = policy(json!({ key: "*" }), Scope::Zone, &["Workers Routes Write"]);
        let body = json!({"name": "t", "policies": [misplaced]});
        let reply = local.admin("POST", "/user/tokens").json(&body).send().await;
        if accepted {
            let token = reply.minted();
            local.by(&token, "GET", "/zones/{Z}/workers/routes").send().await.refused(403, 10000);
        } else {
            reply.refused(400, 1001);
        }
    }
}

#[tokio::test]
async fn the_permission_groups_are_listed() {
    let local = Local::start().await;
    let list = async |path: &str| local.admin("GET", path).send().await.result().as_array().unwrap().clone();
    let user = list("/user/tokens/permission_groups").await;
    let account = list("/accounts/{A}/tokens/permission_groups?per_page=5").await;
    let has = |groups: &[Value], scope: &str| groups.iter().any(|group| group["scopes"] == json!([scope]));
    assert!(has(&user, "com.cloudflare.api.user") && !has(&account, "com.cloudflare.api.user"));
    assert!(user.len() > 340 && account.len() == user.len() - 6);
    let found = list("/user/tokens/permission_groups?name=DNS%20Write&scope=com.cloudflare.api.account.zone").await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], group_id(Scope::Zone, "DNS Write"));
    assert_eq!((&found[0]["category"], &found[0]["is_selectable"]), (&json!("dns_and_zones"), &json!(true)));
    assert_eq!(list("/user/tokens/permission_groups?name=No+Such+Group").await, Vec::<Value>::new());
}
