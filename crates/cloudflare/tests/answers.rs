//! What is read from answers: tokens, pages, refusals, and what is no answer of Cloudflare's.

mod support;

use flarekeep_cloudflare::{
    Condition, Error, Gate, GroupFilter, GroupReference, Jurisdiction, NewBucket, NewTemporaryCredentials, NewToken,
    Owner, Policy, R2Permission, ResourceValue, Stage, Status, TokenUpdate,
};
use secrecy::ExposeSecret;
use serde_json::{Value, json as value};
use support::{Reply, Scripted, good, json, refused, reply, token_value};

const TOKEN_ID: &str = "ed17574386854bf78a67040be0a770b0";
const ACCOUNT_ID: &str = "023e105f4ecef8ad9ca31a8372d0c353";

fn token(name: &str) -> Value {
    value!({"id": TOKEN_ID, "name": name, "status": "active", "policies": []})
}

fn page(entries: &[Value], info: &Value) -> Reply {
    json(
        200,
        value!({"success": true, "errors": null, "messages": null, "result": entries, "result_info": info}).to_string(),
    )
}

fn new_token() -> NewToken {
    let policy = Policy {
        id: None,
        effect: flarekeep_cloudflare::Effect::Allow,
        resources: [(format!("com.cloudflare.api.account.{ACCOUNT_ID}"), ResourceValue::All)].into(),
        permission_groups: vec![GroupReference::from(
            "c1fde68c7bcc44588cbb6ddbc16d6480".parse::<flarekeep_catalogue::GroupId>().unwrap(),
        )],
    };
    let condition = Condition::from_lists(vec!["192.0.2.0/24".parse().unwrap()], Vec::new());
    NewToken { name: "ci".to_owned(), policies: vec![policy], condition, ..NewToken::default() }
}

#[tokio::test]
async fn all_pages_are_read_and_no_more() {
    let full: Vec<Value> = (0..50).map(|i| token(&format!("t{i}"))).collect();
    let script = Scripted::new([
        Ok(page(&full, &value!({"page": 1, "per_page": 50, "count": 50, "total_count": 60}))),
        Ok(page(&full[..10], &value!({"page": 2, "per_page": 50, "count": 10, "total_count": 60}))),
    ]);
    let account = Owner::Account(ACCOUNT_ID.parse().unwrap());
    let tokens = script.client().tokens(account).list().await.unwrap();
    assert_eq!(tokens.len(), 60);
    let targets: Vec<_> = script.seen().into_iter().map(|seen| seen.target).collect();
    let base = format!("/accounts/{ACCOUNT_ID}/tokens");
    assert_eq!(targets, [format!("{base}?page=1&per_page=50"), format!("{base}?page=2&per_page=50")]);
}

#[tokio::test(start_paused = true)]
async fn pages_without_end_are_left() {
    let full: Vec<Value> = (0..50).map(|_| token("again")).collect();
    let script = Scripted::new([Ok(page(&full, &value!({})))]);
    let client = script.builder().unpaced().build().unwrap();
    let error = client.tokens(Owner::User).list_with_expired().await.unwrap_err();
    assert!(matches!(&error, Error::Malformed { detail, .. } if detail.contains("1000 pages")), "{error}");
    assert_eq!(script.count(), 1_000);
    assert_eq!(script.seen()[0].target, "/user/tokens?include_expired=true&page=1&per_page=50");
}

#[tokio::test]
async fn buckets_are_listed_by_cursor_in_their_jurisdiction() {
    let buckets = |name: &str, cursor: &str| {
        let answer =
            value!({"success": true, "result": {"buckets": [{"name": name}]}, "result_info": {"cursor": cursor}});
        Ok(json(200, answer.to_string()))
    };
    let script = Scripted::new([buckets("one", "a/b=="), buckets("two", "")]);
    let buckets = script.client().buckets(ACCOUNT_ID.parse().unwrap(), Jurisdiction::Eu);
    let names: Vec<_> = buckets.list().await.unwrap().into_iter().map(|bucket| bucket.name).collect();
    assert_eq!(names, ["one", "two"]);
    let seen = script.seen();
    assert_eq!(seen[1].target, format!("/accounts/{ACCOUNT_ID}/r2/buckets?per_page=1000&cursor=a%2Fb%3D%3D"));
    assert_eq!(seen[1].header("cf-r2-jurisdiction"), Some("eu"));
}

#[tokio::test]
async fn a_name_cannot_change_which_thing_is_meant() {
    let script = Scripted::new([Ok(good("null"))]);
    let buckets = script.client().buckets(ACCOUNT_ID.parse().unwrap(), Jurisdiction::Default);
    for name in ["", ".", ".."] {
        assert!(matches!(buckets.delete(name).await, Err(Error::Unsendable { .. })));
    }
    assert_eq!(script.count(), 0);
    buckets.delete("../a?b#c").await.unwrap();
    assert_eq!(script.seen()[0].target, format!("/accounts/{ACCOUNT_ID}/r2/buckets/..%2Fa%3Fb%23c"));
    assert_eq!(script.seen()[0].header("cf-r2-jurisdiction"), None);
}

#[tokio::test]
async fn a_bucket_is_made_with_a_hint() {
    let script = Scripted::new([Ok(good(r#"{"name":"b","location":"WEUR","surprise":1}"#))]);
    let new = NewBucket { name: "b".to_owned(), location_hint: Some("weur".to_owned()), storage_class: None };
    let made = script.client().buckets(ACCOUNT_ID.parse().unwrap(), Jurisdiction::Default).create(&new).await.unwrap();
    assert_eq!(made.location.as_deref(), Some("WEUR"));
    assert_eq!(script.seen()[0].json(), value!({"name": "b", "locationHint": "weur"}));
}

#[tokio::test]
async fn a_token_is_made_and_its_value_kept() {
    let mut made = token("ci");
    made["value"] = token_value().into();
    let script = Scripted::new([Ok(good(&made.to_string()))]);
    let created = script.client().tokens(Owner::User).create(&new_token()).await.unwrap();
    assert_eq!(created.value.expose_secret(), token_value());
    assert_eq!(created.token.status, Status::Active);
    assert!(!format!("{created:?}").contains(&token_value()));
    let seen = &script.seen()[0];
    assert_eq!(seen.line(), "POST /user/tokens");
    assert_eq!(
        seen.json(),
        value!({"name": "ci", "condition": {"request_ip": {"in": ["192.0.2.0/24"]}}, "policies": [{
            "effect": "allow",
            "resources": {format!("com.cloudflare.api.account.{ACCOUNT_ID}"): "*"},
            "permission_groups": [{"id": "c1fde68c7bcc44588cbb6ddbc16d6480"}]
        }]})
    );
}

#[tokio::test]
async fn an_odd_field_does_not_lose_the_value_of_a_token_that_was_made() {
    let made = value!({"id": TOKEN_ID, "value": token_value(), "status": 7, "policies": "none"});
    let script = Scripted::new([Ok(good(&made.to_string()))]);
    let created = script.client().tokens(Owner::User).create(&new_token()).await.unwrap();
    assert_eq!(created.value.expose_secret(), token_value());
    assert_eq!((created.token.id.to_string().as_str(), created.token.policies.len()), (TOKEN_ID, 1));
}

#[tokio::test]
async fn a_condition_without_addresses_is_not_sent() {
    let script = Scripted::new([Ok(good("null"))]);
    let tokens = script.client().tokens(Owner::User);
    let locked: Condition = serde_json::from_str(r#"{"request.ip":{"in":[],"not_in":[]}}"#).unwrap();
    let new = NewToken { condition: Some(locked.clone()), ..new_token() };
    assert!(matches!(tokens.create(&new).await, Err(Error::Unsendable { .. })));
    let NewToken { name, policies, .. } = new_token();
    let update =
        TokenUpdate { name, policies, status: None, condition: Some(locked), not_before: None, expires_on: None };
    assert!(matches!(tokens.update(TOKEN_ID.parse().unwrap(), &update).await, Err(Error::Unsendable { .. })));
    assert_eq!(script.count(), 0);
}

#[tokio::test]
async fn a_roll_sends_an_empty_object_and_gives_the_value() {
    let script = Scripted::new([Ok(good(&format!("\"{}\"", token_value())))]);
    let value = script.client().tokens(Owner::User).roll(TOKEN_ID.parse().unwrap()).await.unwrap();
    assert_eq!(value.expose_secret(), token_value());
    let seen = &script.seen()[0];
    assert_eq!(seen.line(), format!("PUT /user/tokens/{TOKEN_ID}/value"));
    assert_eq!((&seen.body[..], seen.header("content-type")), (&b"{}"[..], Some("application/json")));
}

#[tokio::test]
async fn groups_are_filtered_with_encoded_names() {
    let group =
        value!([{"id": "82e64a83756745bbbb1c9c2701bf816b", "name": "Access: Apps", "scopes": ["s"], "meta": {}}]);
    let script = Scripted::new([Ok(good(&group.to_string()))]);
    let filter = GroupFilter { name: Some("Access: Apps & more".to_owned()), scope: Some("com.x".to_owned()) };
    let groups = script.client().tokens(Owner::User).permission_groups(&filter).await.unwrap();
    assert_eq!(groups[0].scopes, ["s"]);
    let target = &script.seen()[0].target;
    assert_eq!(target, "/user/tokens/permission_groups?name=Access%3A%20Apps%20%26%20more&scope=com.x");
}

#[tokio::test]
async fn a_refusal_carries_codes_given_as_texts_and_chains() {
    let body = r#"{"success":false,"errors":[{"code":"6003","message":"Invalid request headers",
        "error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]}],"messages":null,"result":null}"#;
    let error = Scripted::new([Ok(json(400, body))]).client().user().await.unwrap_err();
    assert!(error.is_authentication() && !error.is_permission());
    assert_eq!(error.codes().collect::<Vec<_>>(), [6003, 6111]);
    assert_eq!(
        error.to_string(),
        "cloudflare refused `GET /user` (HTTP 400): Invalid request headers (code 6003); \
         Invalid format for Authorization header (code 6111)"
    );
}

#[tokio::test]
async fn success_false_is_a_refusal_whatever_the_status() {
    let error =
        Scripted::new([Ok(refused(200, 9109, "Unauthorized to access requested resource"))]).client().user().await;
    assert!(error.unwrap_err().is_permission());
}

#[tokio::test]
async fn a_result_that_cannot_be_read_names_the_field() {
    let zones = r#"[{"id":"023e105f4ecef8ad9ca31a8372d0c353","name":"a.example"},{"id":"short","name":"b"}]"#;
    let error = Scripted::new([Ok(good(zones))]).client().zones().list(None).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("`GET /zones`") && text.contains("field `[1].id`") && text.contains("`short`"), "{text}");
}

#[tokio::test]
async fn an_empty_success_is_enough_where_only_the_success_matters() {
    let script = Scripted::new([Ok(reply(200, "", ""))]);
    let client = script.client();
    client.scripts(ACCOUNT_ID.parse().unwrap()).delete("my router", true).await.unwrap();
    assert_eq!(script.seen()[0].target, format!("/accounts/{ACCOUNT_ID}/workers/scripts/my%20router?force=true"));
    assert!(matches!(client.user().await, Err(Error::Malformed { .. })));
}

#[tokio::test]
async fn a_captive_portal_is_told_from_cloudflare() {
    let script = Scripted::new([Ok(reply(200, "text/html; charset=utf-8", "<html>Please sign in"))]);
    let error = script.client().user().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`GET /user` was answered with HTTP 200 and text/html; charset=utf-8 instead of the API's JSON: \
         `<html>Please sign in`"
    );
}

#[tokio::test]
async fn names_are_compared_whole_and_routes_and_hostnames_are_sent_as_documented() {
    let zones = r#"[{"id":"023e105f4ecef8ad9ca31a8372d0c353","name":"a.example"},
        {"id":"023e105f4ecef8ad9ca31a8372d0c354","name":"aa.example"}]"#;
    let hostname = r#"{"id":"u","hostname":"www.acme.com","status":"active","ssl":{"status":"active"}}"#;
    let script = Scripted::new([Ok(good(zones)), Ok(good(r#"{"id":"r"}"#)), Ok(good(hostname))]);
    let client = script.client();
    let found = client.zones().by_name("A.example.").await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(client.routes(found[0].id).create("a.example/*", Some("router")).await.unwrap(), "r");
    let new = flarekeep_cloudflare::NewCustomHostname {
        hostname: "www.acme.com".to_owned(),
        ssl: flarekeep_cloudflare::NewHostnameSsl::default(),
        custom_metadata: None,
    };
    assert!(client.custom_hostnames(found[0].id).create(&new).await.unwrap().is_live());
    let seen = script.seen();
    assert_eq!(seen[1].json(), value!({"pattern": "a.example/*", "script": "router"}));
    assert_eq!(seen[2].json(), value!({"hostname": "www.acme.com", "ssl": {"method": "http", "type": "dv"}}));
}

#[tokio::test(start_paused = true)]
async fn temporary_r2_credentials_are_asked_for_and_read() {
    let new = NewTemporaryCredentials {
        bucket: "media".to_owned(),
        parent_access_key_id: TOKEN_ID.to_owned(),
        permission: R2Permission::ObjectReadOnly,
        ttl_seconds: 900,
        objects: Vec::new(),
        prefixes: vec!["a/".to_owned()],
    };
    let account = ACCOUNT_ID.parse().unwrap();
    let result = value!({"accessKeyId": TOKEN_ID, "secretAccessKey": "the secret", "sessionToken": "the session"});
    // Nothing is made by the call, so that a lost answer is asked for again.
    let script = Scripted::new([Err(Stage::Ambiguous), Ok(good(&result.to_string()))]);
    let made = script.client().temporary_r2_credentials(account, &new).await.unwrap();
    assert_eq!(made.access_key_id, TOKEN_ID);
    assert_eq!(made.secret_access_key.expose_secret(), "the secret");
    assert_eq!(made.session_token.expose_secret(), "the session");
    assert!(!format!("{made:?}").contains("the s"), "{made:?}");
    let seen = script.seen();
    assert_eq!(seen[1].line(), format!("POST /accounts/{ACCOUNT_ID}/r2/temp-access-credentials"));
    assert_eq!(
        seen[1].json(),
        value!({"bucket": "media", "parentAccessKeyId": TOKEN_ID, "permission": "object-read-only",
                "ttlSeconds": 900, "prefixes": ["a/"]})
    );
    let script =
        Scripted::new([Ok(good(&value!({"accessKeyId": TOKEN_ID, "secretAccessKey": "the secret"}).to_string()))]);
    let error = script.client().temporary_r2_credentials(account, &new).await.unwrap_err();
    assert!(
        matches!(error, Error::Malformed { .. }) && !format!("{error} {error:?}").contains("the secret"),
        "{error:?}"
    );
    assert!(R2Permission::ALL.iter().all(|one| value!(one) == one.as_str()));
}

#[tokio::test]
async fn pages_that_are_read_at_once_are_in_order_and_no_more_than_there_are() {
    let pages = (0..5).map(|number: usize| {
        let entries: Vec<Value> = (0..if number == 4 { 7 } else { 50 }).map(|at| (50 * number + at).into()).collect();
        Ok(page(&entries, &value!({"page": number + 1, "per_page": 50, "total_count": 207, "total_pages": 5})))
    });
    let script = Scripted::new(pages);
    let told = std::sync::atomic::AtomicUsize::new(0);
    let take = |page: Vec<u64>, of: Option<u64>| {
        let number = told.fetch_add(page.len(), std::sync::atomic::Ordering::Relaxed);
        assert_eq!(of, (number == 0).then_some(207));
        page
    };
    let request = script.client().request(flarekeep_cloudflare::Method::GET, "/user/tokens");
    let listed = request.pages(50, &Gate::new(32), take).await.unwrap();
    assert_eq!((listed.entries.concat(), listed.promised), ((0..207).collect(), Some(207)));
    assert_eq!((script.count(), told.into_inner()), (5, 207));
    let targets: Vec<_> = script.seen().into_iter().map(|seen| seen.target).collect();
    assert_eq!(targets[4], "/user/tokens?page=5&per_page=50");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_lies_about_its_pages_ends() {
    let entries: Vec<Value> = (0..50).map(Value::from).collect();
    let list = async |replies: Vec<Reply>| {
        let script = Scripted::new(replies.into_iter().map(Ok));
        let client = script.builder().unpaced().build().unwrap();
        let request = client.request(flarekeep_cloudflare::Method::GET, "/user/tokens");
        (request.listed::<u64>(50, &Gate::new(4)).await, script.count())
    };
    let endless = value!({"total_pages": u64::MAX, "total_count": u64::MAX});
    // The pages end before the totals do.
    let (listed, count) = list(vec![page(&entries, &endless), page(&[], &endless)]).await;
    assert_eq!(listed.unwrap().entries.len(), 50);
    assert!(count <= 6, "{count}");
    // They do not end at all.
    let (listed, count) = list(vec![page(&entries, &endless)]).await;
    assert!(matches!(listed, Err(Error::Malformed { .. })));
    assert_eq!(count, 1_000);
    // There are more than was said at first: the list grew.
    let says = |pages: u64| value!({"total_pages": pages, "total_count": 50 * pages});
    let (listed, count) = list(vec![page(&entries, &says(1))]).await;
    assert_eq!((listed.unwrap().entries.len(), count), (50, 1));
    let (listed, count) =
        list(vec![page(&entries, &says(2)), page(&entries, &says(3)), page(&entries, &says(3))]).await;
    assert_eq!((listed.unwrap().entries.len(), count), (150, 3));
    // Nothing is said.
    let (listed, count) = list(vec![page(&entries, &value!({})), page(&entries[..3], &value!({}))]).await;
    assert_eq!((listed.unwrap().entries.len(), count), (53, 2));
}
