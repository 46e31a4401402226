//! Who calls: headers, credentials, status, time, address, rate.

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use common::{Local, unlimited};
use flarekeep_emulator::{BarredAnswer, Options, RateLimit, VerifyDenied};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn what_is_missing_or_malformed_is_told() {
    let local = Local::start().await;
    let (email, key) = (local.facts.email.clone(), local.facts.global_key.clone());
    let token = local.user_token(&[local.at_account(&["Stream Read"])]).await;
    let ask = || local.ask("GET", "/zones");

    ask().send().await.refused(400, 9106);
    ask().header("x-auth-email", &email).send().await.refused(400, 9107);
    ask().header("x-auth-key", &key).send().await.refused(400, 9106);
    for header in ["Bearer", "Bearer ", "Bearer short", "Basic YTpi", &format!("Bearer \"{}\"", token.value)] {
        let reply = ask().header("authorization", header).send().await;
        reply.refused(400, 6003);
        assert_eq!(reply.codes(), [6003, 6111], "{header}");
    }
    let old_key = "0123456789abcdef0123456789abcdef01234";
    assert_eq!(ask().bearer(old_key).send().await.codes(), [6003, 6111]);
    assert_eq!(ask().key(&email, &token.value).send().await.codes(), [6003, 6103]);
    assert_eq!(ask().key("nobody", &key).send().await.codes(), [6003, 6102]);
    ask().key("other@example.com", &key).send().await.refused(403, 9103);
    ask().key(&email, old_key).send().await.refused(403, 9103);
    ask().key(&email.to_uppercase(), &key).send().await.result();
}

#[tokio::test]
async fn an_unknown_token_is_refused_by_family() {
    let local = Local::start().await;
    let unknown = "x".repeat(40);
    let ask = |path| local.ask("GET", path).bearer(&unknown);
    let reply = ask("/user/tokens/verify").send().await;
    reply.refused(401, 1000);
    assert_eq!(reply.message(), "Invalid API Token");
    ask("/accounts/{A}/tokens/verify").send().await.refused(401, 1000);
    let reply = ask("/zones").send().await;
    reply.refused(403, 9109);
    assert_eq!(reply.message(), "Invalid access token");
    ask("/zones/{Z}/dns_records").send().await.refused(401, 10000);
    ask("/accounts/{A}/d1/database").send().await.refused(401, 10000);
}

#[tokio::test]
async fn verify_is_for_tokens_of_its_own() {
    let local = Local::start().await;
    let user = local.user_token(&[local.at_account(&["Stream Read"])]).await;
    let account = local.account_token(&[local.at_account(&["Stream Read"])]).await;

    let reply = local.by(&user, "GET", "/user/tokens/verify").send().await;
    assert_eq!(reply.result(), &json!({"id": user.id, "status": "active"}));
    assert_eq!(
        reply.json["messages"],
        json!([{"code": 10000, "message": "This API Token is valid and active", "type": null}])
    );
    let reply = local.by(&account, "GET", "/accounts/{A}/tokens/verify").send().await;
    assert_eq!(reply.result()["id"], account.id.as_str());

    local.by(&account, "GET", "/user/tokens/verify").send().await.refused(401, 1000);
    local.by(&user, "GET", "/accounts/{A}/tokens/verify").send().await.refused(401, 1000);
    let reply = local.admin("GET", "/user/tokens/verify").send().await;
    reply.refused(400, 1001);
    assert_eq!(reply.message(), "Missing \"Authorization\" header");
    local.ask("GET", "/user/tokens/verify").bearer("short").send().await.refused(400, 6003);
}

/// A token with a window of time and a status, under a clock that the test turns.
#[tokio::test]
async fn time_and_status_close_a_token() {
    let now = Arc::new(AtomicI64::new(1_800_000_000));
    for (barred, product, verify) in [
        (BarredAnswer::InvalidToken, (403, 9109), (401, 1000)),
        (BarredAnswer::AuthenticationError, (401, 10000), (401, 1000)),
        (BarredAnswer::StatusOnVerify, (403, 9109), (200, 0)),
    ] {
        let clock = now.clone();
        clock.store(1_800_000_000, Ordering::Relaxed);
        let clock = Arc::new(move || clock.load(Ordering::Relaxed));
        let local = Local::with(Options { barred, clock: Some(clock), ..unlimited() }).await;
        let mut body = json!({
            "name": "timed",
            "policies": [local.at_zone(&["DNS Read"])],
            "not_before": "2027-01-16T00:00:00Z",
            "expires_on": "2027-01-17T00:00:00.500Z",
        });
        let token = local.admin("POST", "/user/tokens").json(&body).send().await.minted();
        let answers = async || {
            let list = local.by(&token, "GET", "/zones/{Z}/dns_records").send().await;
            let verify = local.by(&token, "GET", "/user/tokens/verify").send().await;
            ((list.status, list.code()), (verify.status, verify.code()), verify.json["result"]["status"].clone())
        };
        let refused = |answers: (_, _, _)| assert_eq!((answers.0, answers.1), (product, verify));

        refused(answers().await);
        now.store(1_800_057_600, Ordering::Relaxed);
        assert_eq!(answers().await, ((200, 0), (200, 0), "active".into()));
        now.store(1_800_144_000, Ordering::Relaxed);
        refused(answers().await);
        let shown = local.admin("GET", &format!("/user/tokens/{}", token.id)).send().await;
        assert_eq!(shown.result()["status"], "expired");

        now.store(1_800_057_600, Ordering::Relaxed);
        body["status"] = "disabled".into();
        let path = format!("/user/tokens/{}", token.id);
        local.admin("PUT", &path).json(&body).send().await.result();
        let disabled = answers().await;
        if barred == BarredAnswer::StatusOnVerify {
            assert_eq!(disabled.2, "disabled");
        }
        refused(disabled);
        body["status"] = "active".into();
        local.admin("PUT", &path).json(&body).send().await.result();
        assert_eq!(answers().await.0, (200, 0));
    }
}

#[tokio::test]
async fn the_address_closes_a_token() {
    for (switch, verify) in [
        (VerifyDenied::Location, (403, 9109)),
        (VerifyDenied::InvalidToken, (401, 1000)),
        (VerifyDenied::Answered, (200, 0)),
    ] {
        let local = Local::with(Options { verify_when_address_denied: switch, ..unlimited() }).await;
        let make = async |condition: serde_json::Value| {
            let body = json!({"name": "t", "policies": [local.at_zone(&["DNS Read"])], "condition": condition});
            local.admin("POST", "/user/tokens").json(&body).send().await.minted()
        };
        let here = make(json!({"request.ip": {"in": ["127.0.0.0/8"]}})).await;
        local.by(&here, "GET", "/zones/{Z}/dns_records").send().await.result();
        for condition in [
            json!({"request_ip": {"in": ["203.0.113.0/24"]}}),
            json!({"request_ip": {"in": ["127.0.0.0/8"], "not_in": ["127.0.0.1/32"]}}),
            json!({"request_ip": {"in": [], "not_in": []}}),
        ] {
            let elsewhere = make(condition).await;
            let reply = local.by(&elsewhere, "GET", "/zones/{Z}/dns_records").send().await;
            reply.refused(403, 9109);
            assert_eq!(reply.message(), "Cannot use the access token from location: 127.0.0.1");
            let reply = local.by(&elsewhere, "GET", "/user/tokens/verify").send().await;
            assert_eq!((reply.status, reply.code()), verify);
        }
    }
}

#[tokio::test]
async fn calls_are_counted_for_each_principal() {
    let rate_limit = Some(RateLimit { calls: 4, window: Duration::from_secs(300) });
    let local = Local::with(Options { rate_limit, ..Options::default() }).await;
    let user = local.user_token(&[local.at_user(&["User Details Read"])]).await;
    let account = local.account_token(&[local.at_account(&["Account Settings Read"])]).await;
    // Two of the user's four calls went into making the tokens.
    local.by(&user, "GET", "/user").send().await.result();
    let last = local.admin("GET", "/user").send().await;
    assert!(last.headers["ratelimit"].to_str().unwrap().starts_with("\"default\";r=0;t="));
    assert_eq!(last.headers["ratelimit-policy"], "\"default\";q=4;w=300");
    assert!(!last.headers.contains_key("retry-after"));
    let reply = local.by(&user, "GET", "/user").send().await;
    reply.refused(429, 971);
    assert_eq!(reply.headers["retry-after"], "300");
    local.admin("GET", "/user").send().await.refused(429, 971);
    local.by(&account, "GET", "/accounts/{A}").send().await.result();
    assert!(local.ask("GET", "/user").send().await.headers.contains_key("ratelimit"));
}

#[tokio::test]
async fn the_limit_is_on_unless_switched_off() {
    let limit = Options::default().rate_limit;
    assert_eq!(limit, Some(RateLimit { calls: 1200, window: Duration::from_secs(300) }));
    let local = Local::start().await;
    assert!(!local.admin("GET", "/user").send().await.headers.contains_key("ratelimit"));
}

/// Sends a request whose body is held back until something else is done; the whole answer.
async fn while_sending(local: &Local, token: &str, body: &str, meanwhile: impl Future<Output = ()>) -> String {
    let mut stream = TcpStream::connect(local.address()).await.unwrap();
    let (path, length) = (local.path("/client/v4/zones/{Z}/dns_records"), body.len());
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n"
    );
    let (first, rest) = body.split_at(5);
    stream.write_all((head + first).as_bytes()).await.unwrap();
    // The head is read and decided on by then.
    tokio::time::sleep(Duration::from_millis(300)).await;
    meanwhile.await;
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_is_gone_when_the_body_is_whole_is_refused() {
    let local = Local::with(Options { explain: true, decisions: 10, ..unlimited() }).await;
    let record = json!({"type": "A", "name": "late", "content": "192.0.2.1", "ttl": 60}).to_string();
    let policies = [local.at_zone(&["DNS Write"])];
    let begins = |answer: &str, status: &str| assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");

    let deleted = local.user_token(&policies).await;
    let answer = while_sending(&local, &deleted.value, &record, async {
        local.admin("DELETE", &format!("/user/tokens/{}", deleted.id)).send().await.result();
    });
    begins(&answer.await, "401");
    let decisions = local.control("GET", "/decisions?last=1").send().await;
    let decision = &decisions.result()["decisions"][0];
    assert_eq!((&decision["allowed"], &decision["cause"]), (&json!(false), &json!("unknown-credential")));

    let rolled = local.user_token(&policies).await;
    let answer = while_sending(&local, &rolled.value, &record, async {
        local.admin("PUT", &format!("/user/tokens/{}/value", rolled.id)).json(&json!({})).send().await.result();
    });
    begins(&answer.await, "401");

    let narrowed = local.user_token(&policies).await;
    let answer = while_sending(&local, &narrowed.value, &record, async {
        let body = json!({"name": "test", "status": "active", "policies": [local.at_zone(&["DNS Read"])]});
        local.admin("PUT", &format!("/user/tokens/{}", narrowed.id)).json(&body).send().await.result();
    });
    let answer = answer.await;
    begins(&answer, "403");
    assert!(answer.contains("missing-group"), "{answer}");
    assert_eq!(local.admin("GET", "/zones/{Z}/dns_records").send().await.result(), &json!([]));

    let kept = local.user_token(&policies).await;
    begins(&while_sending(&local, &kept.value, &record, async {}).await, "200");
    let answer = while_sending(&local, &kept.value, &record, async {
        local.admin("DELETE", "/zones/{Z}").send().await.result();
    });
    let answer = answer.await;
    assert!(answer.starts_with("HTTP/1.1 403 ") || answer.starts_with("HTTP/1.1 404 "), "{answer}");
}
