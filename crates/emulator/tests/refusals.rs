//! Each disputed answer under each position of its switch, and the limits.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::{Local, Minted, Reply, unlimited};
use flarekeep_emulator::{
    BadZoneId, Disputed, ErrorStyle, FlatZones, Fractions, IpKey, LockOut, MalformedBearer, NoCredential, Options,
    PolicyOrder, QuotaError, RateLimit, Regrant, TokenMark, Unrouted, WrongMethod,
};
use serde_json::{Value, json};

/// Which call is made, with which credential.
#[derive(Clone, Copy)]
enum By {
    Nobody,
    Malformed,
    Unknown,
    UnknownKey,
    Key,
    Account,
}

/// One call under some options: its status, the codes of its errors, and the first message.
type Row = (&'static str, &'static str, By, Options, u16, &'static [i64], &'static str);

const DNS: &str = "/zones/{Z}/dns_records";
const FORMAT: &str = "Invalid request headers";
const ROUTE: &str = "Could not route to";

#[tokio::test]
#[allow(clippy::too_many_lines)]
async fn every_disputed_answer_is_as_its_switch_says() {
    let with = |change: fn(&mut Options)| {
        let mut options = unlimited();
        change(&mut options);
        options
    };
    let rows: Vec<Row> = vec![
        ("GET", "/zones/x", By::Key, unlimited(), 404, &[7003, 7000], ROUTE),
        ("GET", "/zones/x", By::Key, with(|o| o.unrouted = Unrouted::BadRequest), 400, &[7003, 7000], ROUTE),
        (
            "GET",
            "/accounts/x",
            By::Key,
            with(|o| o.bad_zone_id = BadZoneId::InvalidIdentifier),
            404,
            &[7003, 7000],
            ROUTE,
        ),
        (
            "GET",
            "/zones/x",
            By::Key,
            with(|o| o.bad_zone_id = BadZoneId::InvalidIdentifier),
            400,
            &[9109],
            "Invalid zone identifier",
        ),
        ("GET", "/nowhere", By::Nobody, unlimited(), 400, &[7000], "No route for that URI"),
        ("POST", "/user/tokens/0/roll", By::Key, unlimited(), 400, &[7000], "No route for that URI"),
        ("PATCH", "/user/tokens/0", By::Key, unlimited(), 405, &[7001], "Method PATCH not available for that URI."),
        (
            "PATCH",
            "/user/tokens/0",
            By::Key,
            with(|o| o.wrong_method = WrongMethod::NotAllowed),
            405,
            &[10405],
            "Method not allowed",
        ),
        (
            "GET",
            DNS,
            By::Nobody,
            unlimited(),
            400,
            &[9106],
            "Missing X-Auth-Key, X-Auth-Email or Authorization headers",
        ),
        (
            "GET",
            DNS,
            By::Nobody,
            with(|o| o.no_credential = NoCredential::NamesEmail),
            403,
            &[9106],
            "Missing X-Auth-Email header",
        ),
        ("GET", "/user/tokens/verify", By::Nobody, unlimited(), 400, &[1001], "Missing \"Authorization\" header"),
        ("GET", DNS, By::Malformed, unlimited(), 400, &[6003, 6111], FORMAT),
        (
            "GET",
            DNS,
            By::Malformed,
            with(|o| o.malformed_bearer = MalformedBearer::ByProduct),
            400,
            &[6003, 6111],
            FORMAT,
        ),
        (
            "GET",
            "/accounts/{A}/workers/scripts",
            By::Malformed,
            with(|o| o.malformed_bearer = MalformedBearer::ByProduct),
            400,
            &[9106],
            "Authentication failed (status: 400)",
        ),
        (
            "GET",
            "/accounts/{A}/stream",
            By::Malformed,
            with(|o| o.malformed_bearer = MalformedBearer::ByProduct),
            400,
            &[9106],
            "Authentication failed (status: 400)",
        ),
        (
            "GET",
            "/user/tokens/verify",
            By::Malformed,
            with(|o| o.malformed_bearer = MalformedBearer::ByProduct),
            400,
            &[6111],
            "Invalid format for Authorization header",
        ),
        ("GET", DNS, By::Unknown, unlimited(), 401, &[10000], "Authentication error"),
        (
            "GET",
            DNS,
            By::Unknown,
            with(|o| o.disputed = Disputed { unknown_token: 403, ..Disputed::default() }),
            403,
            &[10000],
            "Authentication error",
        ),
        (
            "GET",
            "/user",
            By::Unknown,
            with(|o| o.disputed = Disputed { unknown_token: 403, ..Disputed::default() }),
            403,
            &[9109],
            "Invalid access token",
        ),
        ("GET", "/user", By::UnknownKey, unlimited(), 403, &[9103], "Unknown X-Auth-Key or X-Auth-Email"),
        (
            "GET",
            "/user",
            By::UnknownKey,
            with(|o| o.disputed = Disputed { unknown_key: 400, ..Disputed::default() }),
            400,
            &[9103],
            "Unknown X-Auth-Key or X-Auth-Email",
        ),
        ("GET", "/user/tokens/verify", By::Account, unlimited(), 401, &[1000], "Invalid API Token"),
        (
            "GET",
            "/user/tokens/verify",
            By::Account,
            with(|o| o.disputed = Disputed { verify: 403, ..Disputed::default() }),
            403,
            &[1000],
            "Invalid API Token",
        ),
        (
            "GET",
            "/accounts",
            By::Account,
            unlimited(),
            400,
            &[1001],
            "List accounts endpoint does not support account owned tokens.",
        ),
        ("GET", "/accounts", By::Account, with(|o| o.account_tokens_list_accounts = true), 200, &[], ""),
        (
            "GET",
            "/zones/{Z}/pagerules",
            By::Account,
            unlimited(),
            400,
            &[1011],
            "Page Rules endpoint does not support account owned tokens.",
        ),
        (
            "GET",
            "/accounts/{A}/challenges/widgets",
            By::Account,
            unlimited(),
            403,
            &[10405],
            "Method not allowed for this authentication scheme",
        ),
        (
            "GET",
            "/accounts/{A}/registrar/domains",
            By::Account,
            with(|o| o.disputed = Disputed { closed_code: 10000, ..Disputed::default() }),
            403,
            &[10000],
            "Method not allowed for this authentication scheme",
        ),
        (
            "GET",
            "/accounts/{A}/d1/database",
            By::Account,
            unlimited(),
            403,
            &[7403],
            "The given account is not valid or is not authorized to access this service",
        ),
        ("POST", "/zones", By::Account, unlimited(), 400, &[1068], "Permission denied"),
        ("GET", "/user/tokens/0", By::Key, unlimited(), 404, &[1003], "Token not found"),
        ("POST", "/user/tokens", By::Key, unlimited(), 400, &[1198], "the request body could not be decoded as JSON"),
    ];
    for (method, path, by, options, status, codes, message) in rows {
        let local = Local::with(options).await;
        let reply = asked(&local, method, path, by).await;
        assert_eq!((reply.status, reply.codes().as_slice()), (status, codes), "{method} {path}: {}", reply.text);
        assert!(reply.message().starts_with(message), "{method} {path}: {}", reply.text);
    }
}

async fn asked(local: &Local, method: &str, path: &str, by: By) -> Reply {
    let ask = local.ask(method, path);
    let ask = match by {
        By::Nobody => ask,
        By::Malformed => ask.bearer("short"),
        By::Unknown => ask.bearer(&"x".repeat(40)),
        By::UnknownKey => ask.key(&local.facts.email, "0123456789abcdef0123456789abcdef01234"),
        By::Key => ask.key(&local.facts.email, &local.facts.global_key),
        By::Account => ask.bearer(&local.account_token(&[local.at_account(&["Stream Read"])]).await.value),
    };
    ask.send().await
}

#[tokio::test]
async fn enriched_refusals_point_to_the_operation_s_page() {
    let local = Local::with(Options { error_style: ErrorStyle::Enriched, ..unlimited() }).await;
    let poor = local.poor_token().await;
    let reply = local.by(&poor, "GET", "/accounts/{A}/workers/workers").send().await;
    // The example of Cloudflare's changelog of 2026-08-20, `messages` and all.
    let page =
        "https://developers.cloudflare.com/api/resources/workers/subresources/beta/subresources/workers/methods/list";
    assert_eq!(reply.json["errors"], json!([{"code": 10000, "message": "Forbidden", "documentation_url": page}]));
    assert_eq!((&reply.json["success"], &reply.json["messages"]), (&false.into(), &json!([])));
    let core = local.by(&poor, "GET", "/user").send().await;
    core.refused(403, 9109);
    assert!(
        core.json["errors"][0]["documentation_url"].as_str().unwrap().ends_with("/api/resources/user/methods/get"),
        "{}",
        core.text
    );
}

#[tokio::test]
async fn many_unknown_tokens_lock_an_address_out_and_leave_valid_ones_alone() {
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = now.clone();
    let clock = Some(Arc::new(move || clock.load(Ordering::Relaxed)) as Arc<dyn Fn() -> i64 + Send + Sync>);
    let lock_out = Some(LockOut { failures: 3, window: Duration::from_secs(300) });
    let local = Local::with(Options { lock_out, clock: clock.clone(), ..unlimited() }).await;
    let token = local.user_token(&[local.at_user(&["User Details Read"])]).await;
    let unknown = async |path: &str| local.ask("GET", path).bearer(&"x".repeat(40)).send().await;
    for _ in 0..3 {
        assert_eq!(unknown("/user").await.message(), "Invalid access token");
    }
    let locked = unknown("/user").await;
    locked.refused(403, 9109);
    assert!(locked.message().starts_with("Max auth failures reached"));
    unknown("/user/tokens/verify").await.refused(401, 1000);
    unknown(DNS).await.refused(401, 10000);
    local.by(&token, "GET", "/user").send().await.result();
    now.fetch_add(300, Ordering::Relaxed);
    assert_eq!(unknown("/user").await.message(), "Invalid access token");

    let local = Local::with(Options { lock_out: None, ..unlimited() }).await;
    for _ in 0..30 {
        let reply = local.ask("GET", "/user").bearer(&"x".repeat(40)).send().await;
        assert_eq!(reply.message(), "Invalid access token");
    }
}

#[tokio::test]
async fn the_edge_limits_calls_per_second_in_the_form_that_is_asked_for() {
    let clock = Some(Arc::new(|| 1_800_000_000_i64) as Arc<dyn Fn() -> i64 + Send + Sync>);
    let local = Local::with(Options { address_limit: Some(2), clock, ..unlimited() }).await;
    let accepting = async |accept: &str| local.admin("GET", "/user").header("accept", accept).send().await;
    accepting("*/*").await.result();
    accepting("*/*").await.result();
    let page = accepting("*/*").await;
    assert_eq!((page.status, page.headers["retry-after"].to_str().unwrap()), (429, "1"));
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html") && page.text.contains("1015"));
    for kind in ["application/json", "application/problem+json"] {
        let problem = accepting(kind).await;
        assert_eq!(problem.headers["content-type"], format!("{kind}; charset=utf-8"));
        assert_eq!((&problem.json["status"], &problem.json["error_code"]), (&429.into(), &1015.into()));
        assert_eq!(problem.json["errors"], Value::Null, "no envelope");
    }
}

#[tokio::test]
async fn graphql_has_a_limit_of_its_own() {
    let limit = |calls| Some(RateLimit { calls, window: Duration::from_secs(300) });
    let options = Options { rate_limit: limit(100), graphql_limit: limit(1), ..Options::default() };
    let local = Local::with(options).await;
    let query = || local.admin("POST", "/graphql").json(&json!({"query": "{viewer {budget}}"})).send();
    assert_eq!(query().await.status, 200);
    let reply = query().await;
    reply.refused(429, 971);
    assert_eq!(reply.headers["retry-after"], "300");
    local.admin("GET", "/user").send().await.result();
}

#[tokio::test]
async fn an_edit_of_policies_spreads_and_a_roll_does_not() {
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    let clock = now.clone();
    let clock = Some(Arc::new(move || clock.load(Ordering::Relaxed)) as Arc<dyn Fn() -> i64 + Send + Sync>);
    let local = Local::with(Options { propagation: 60, clock, ..unlimited() }).await;
    let token = local.user_token(&[local.at_zone(&["DNS Read"])]).await;
    let path = format!("/user/tokens/{}", token.id);
    let body = json!({"name": "test", "policies": [local.at_zone(&["Zone Settings Read"])]});
    local.admin("PUT", &path).json(&body).send().await.result();
    let allowed = async |token: &Minted| {
        let status = async |path: &str| local.by(token, "GET", path).send().await.status;
        // Zone settings are not simulated in every version: authorised is what is asked here.
        (status(DNS).await != 403, status("/zones/{Z}/settings").await != 403)
    };
    assert_eq!(allowed(&token).await, (true, false), "the old rights hold");
    let value = local.admin("PUT", &format!("{path}/value")).json(&json!({})).send().await;
    let rolled = Minted { value: value.result().as_str().unwrap().to_owned(), ..token.clone() };
    local.by(&token, "GET", DNS).send().await.refused(401, 10000);
    now.fetch_add(59, Ordering::Relaxed);
    assert_eq!(allowed(&rolled).await, (true, false));
    now.fetch_add(1, Ordering::Relaxed);
    assert_eq!(allowed(&rolled).await, (false, true), "the new ones do");
}

#[tokio::test]
async fn what_cloudflare_marks_is_out_of_use_or_out_of_reach() {
    let local = Local::start().await;
    let token = local.user_token(&[local.at_zone(&["DNS Read"])]).await;
    let (path, id) = (format!("/user/tokens/{}", token.id), token.id.parse().unwrap());
    assert!(local.emulator.mark_token(id, TokenMark::Exposed));
    local.by(&token, "GET", DNS).send().await.refused(403, 9109);
    assert_eq!(local.admin("GET", &path).send().await.result()["status"], "revoked (exposed)");
    assert_eq!(local.admin("GET", "/user/tokens").send().await.result(), &json!([]));
    let all = local.admin("GET", "/user/tokens?include_expired=true").send().await;
    assert_eq!(all.result()[0]["status"], "revoked (exposed)");
    let value = local.admin("PUT", &format!("{path}/value")).json(&json!({})).send().await;
    let rolled = Minted { value: value.result().as_str().unwrap().to_owned(), ..token };
    local.by(&rolled, "GET", DNS).send().await.result();

    assert!(local.emulator.mark_token(id, TokenMark::Managed));
    let body = json!({"name": "t", "policies": [local.at_zone(&["DNS Read"])]});
    local.admin("PUT", &path).json(&body).send().await.refused(400, 1001);
    local.admin("DELETE", &path).send().await.refused(400, 1001);
    local.admin("PUT", &format!("{path}/value")).json(&json!({})).send().await.refused(400, 1001);
    assert!(!local.emulator.mark_token("0".repeat(32).parse().unwrap(), TokenMark::Managed));
}

#[tokio::test]
async fn the_quota_s_error_is_a_switch() {
    let quota_error = QuotaError { status: 403, code: 1234, message: "enough".to_owned() };
    let local = Local::with(Options { tokens_per_user: 1, quota_error, ..unlimited() }).await;
    local.poor_token().await;
    let body = json!({"name": "t", "policies": [local.at_zone(&["DNS Read"])]});
    let reply = local.admin("POST", "/user/tokens").json(&body).send().await;
    reply.refused(403, 1234);
    assert_eq!(reply.message(), "enough");
}

/// The order of the groups of two policies as they are shown, in three answers.
async fn orders(order: PolicyOrder) -> Vec<Vec<Vec<String>>> {
    let local = Local::with(Options { policy_order: order, ..unlimited() }).await;
    let groups = ["Zone Settings Read", "DNS Write", "Cache Purge", "Zone Read", "DNS Read", "Workers Routes Read"];
    let policies: Vec<Value> =
        (0..5).map(|first| local.at_zone(&[&groups[first..], &groups[..first]].concat()[..3])).collect();
    let minted = local.user_token(&policies).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let reply = local.admin("GET", &format!("/user/tokens/{}", minted.id)).send().await;
        let names = |policy: &Value| {
            let groups = policy["permission_groups"].as_array().unwrap().iter();
            groups.map(|group| group["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        seen.push(reply.result()["policies"].as_array().unwrap().iter().map(names).collect());
    }
    seen
}

#[tokio::test]
async fn policies_are_shown_in_the_order_of_the_switch() {
    let kept = orders(PolicyOrder::Kept).await;
    assert_eq!(kept[0][0], ["Zone Settings Read", "DNS Write", "Cache Purge"]);
    assert!(kept[0] == kept[1] && kept[1] == kept[2]);
    let sorted = orders(PolicyOrder::Sorted).await;
    assert!(sorted[0] == sorted[1] && sorted[1] == sorted[2] && sorted[0] != kept[0]);
    let shuffled = orders(PolicyOrder::Shuffled).await;
    assert!(shuffled[0] != shuffled[1] || shuffled[1] != shuffled[2]);
    let whole = |mut policies: Vec<Vec<String>>| {
        policies.iter_mut().for_each(|groups| groups.sort());
        policies.sort();
        policies
    };
    assert_eq!(whole(shuffled[0].clone()), whole(kept[0].clone()), "nothing is lost");
}

#[tokio::test]
async fn small_switches_of_a_token_s_body() {
    let flat = json!({"com.cloudflare.api.account.zone.*": "*"});
    let policy = common::policy(flat, flarekeep_catalogue::Scope::Zone, &["DNS Read"]);
    let post = async |local: &Local, path: &str, extra: Value| {
        let mut body = json!({"name": "t", "policies": [policy]});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        local.admin("POST", path).json(&body).send().await
    };
    let local = Local::start().await;
    let account = "/accounts/{A}/tokens";
    let made = post(
        &local,
        account,
        json!({"expires_on": "2099-01-01T00:00:00.250Z", "condition": {"request.ip": {"in": ["::/0"]}}}),
    )
    .await;
    assert_eq!(made.result()["expires_on"], "2099-01-01T00:00:00Z");
    assert_eq!(made.result()["condition"], json!({"request_ip": {"in": ["::/0"]}}));
    assert_eq!((&made.result()["provisioner_type"], &made.result()["provisioner_id"]), (&Value::Null, &Value::Null));
    assert_eq!(made.result()["creator_email_at_creation"], local.facts.email.as_str());
    let users = post(&local, "/user/tokens", json!({})).await;
    assert!(users.result().get("provisioner_type").is_none());

    let strict =
        Options { flat_zones: FlatZones::Reject, fractions: Fractions::Reject, ip_key: IpKey::Dot, ..unlimited() };
    let local = Local::with(strict).await;
    post(&local, account, json!({})).await.refused(400, 1001);
    post(&local, "/user/tokens", json!({"expires_on": "2099-01-01T00:00:00.250Z"})).await.refused(400, 400);
    let made = post(&local, "/user/tokens", json!({"condition": {"request_ip": {"in": ["::/0"]}}})).await;
    assert_eq!(made.result()["condition"], json!({"request.ip": {"in": ["::/0"]}}));
}

#[tokio::test]
async fn whether_a_minter_may_make_minters_is_a_switch() {
    for (regrant, status) in [(Regrant::Allow, 200), (Regrant::Refuse, 400)] {
        let local = Local::with(Options { regrant, ..unlimited() }).await;
        let minter = local.user_token(&[local.at_user(&["API Tokens Write"])]).await;
        let body = json!({"name": "t", "policies": [local.at_user(&["API Tokens Write"])]});
        let reply = local.by(&minter, "POST", "/user/tokens").json(&body).send().await;
        assert_eq!(reply.status, status, "{}", reply.text);
        local.admin("POST", "/user/tokens").json(&body).send().await.result();
    }
}
