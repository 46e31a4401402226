//! A credential that is kept from the command: its calls get it if they may, and are refused here if not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::any;
use common::Stage;
use flarekeep_proxy::{Decision, Exchange, Held, Keeper, Policy, Refusal};
use secrecy::SecretString;

const API: &str = "https://api.cloudflare.com/client/v4";

/// Allows what has `allowed` in its path.
#[derive(Default)]
struct ByPath(Mutex<Vec<String>>);

impl Policy for ByPath {
    fn decide(&self, call: &Exchange) -> Decision {
        match call.url.contains("allowed") {
            true => Decision::Allow,
            false => Decision::Refuse(Refusal { code: 10000, why: "the plan <does> not allow it".to_owned() }),
        }
    }

    fn refused(&self, call: &Exchange, why: &str) {
        self.0.lock().unwrap().push(format!("{} {why}", call.method));
    }
}

fn held(token: &str) -> Held {
    Held {
        token: SecretString::from(token),
        key_id: format!("{token}-id"),
        key_secret: SecretString::from(format!("{token}-secret")),
    }
}

async fn stage(only_tells: bool) -> (Stage, Arc<ByPath>) {
    async fn mirror(request: Request) -> String {
        request.headers().get("authorization").map_or("none".to_owned(), |value| value.to_str().unwrap().to_owned())
    }
    let policy = Arc::new(ByPath::default());
    let keeper = Keeper { stand_in: held("stand-in"), real: held("real"), policy: policy.clone(), only_tells };
    (Stage::kept(Router::new().fallback(any(mirror)), Some(keeper)).await, policy)
}

#[tokio::test]
async fn the_stand_in_is_swapped_where_a_call_may_have_the_token() {
    let (stage, policy) = stage(false).await;
    let client = stage.client();
    let said = |path: &str, value: &str| client.get(format!("{API}{path}")).bearer_auth(value).send();
    assert_eq!(said("/allowed", "stand-in").await.unwrap().text().await.unwrap(), "Bearer real");
    for (path, value) in
        [("/other", "stand-in"), ("/allowed", "real"), ("/allowed", "else"), ("/pages/assets/../allowed", "x")]
    {
        let refused = said(path, value).await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN, "{path} {value}");
        let text = refused.text().await.unwrap();
        assert!(
            text.contains("\"code\":10000") && text.contains("flarekeep's guard") && !text.contains("real"),
            "{text}"
        );
    }
    // What shows nothing gets what everybody gets, and an upload keeps what it was given.
    assert_eq!(client.get(format!("{API}/ips")).send().await.unwrap().text().await.unwrap(), "none");
    assert_eq!(said("/pages/assets/upload", "eyJ.a.b").await.unwrap().text().await.unwrap(), "Bearer eyJ.a.b");
    // A key beside the stand-in would go before it.
    let both =
        client.get(format!("{API}/allowed")).bearer_auth("stand-in").header("x-auth-key", "k").send().await.unwrap();
    assert_eq!(both.status(), StatusCode::FORBIDDEN);
    assert_eq!(policy.0.lock().unwrap().len(), 5);
    let told = stage.told.when(8).await;
    assert!(!format!("{told:?}").contains("real"));
}

#[tokio::test]
async fn a_guard_that_only_tells_refuses_nothing() {
    let (stage, policy) = stage(true).await;
    let client = stage.client();
    let said = |value: &'static str| client.get(format!("{API}/other")).bearer_auth(value).send();
    assert_eq!(said("stand-in").await.unwrap().text().await.unwrap(), "Bearer real");
    assert_eq!(said("else").await.unwrap().text().await.unwrap(), "Bearer else");
    assert_eq!(policy.0.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn keys_that_are_not_the_stand_ins_are_refused_as_s3_does() {
    let (stage, _) = stage(false).await;
    let url = format!("https://{}.r2.cloudflarestorage.com/allowed/key", "a1".repeat(16));
    for id in ["real-id", "stand-in-id"] {
        let signature =
            format!("AWS4-HMAC-SHA256 Credential={id}/20261123/auto/s3/aws4_request, SignedHeaders=host, Signature=00");
        let call = stage.client().get(&url).header("authorization", signature);
        let call = call.header("x-amz-date", "20261123T000000Z").header("x-amz-content-sha256", "UNSIGNED-PAYLOAD");
        let refused = call.send().await.unwrap();
        assert_eq!(refused.status(), StatusCode::FORBIDDEN);
        assert!(refused.text().await.unwrap().contains("<Code>AccessDenied</Code>"));
    }
}

#[tokio::test]
async fn a_call_that_may_be_read_as_another_is_refused() {
    let (stage, policy) = stage(false).await;
    let host = "api.cloudflare.com";
    let own = "authorization: Bearer stand-in";
    for headers in [
        "authorization: Bearer stand-in\r\nx-http-method-override: DELETE",
        "authorization: Bearer stand-in\r\nx-original-url: /client/v4/other",
        "authorization: Bearer stand-in\r\nx-auth-user-service-key: v1.0-x",
        "authorization: Bearer stand-in\r\nauthorization: Bearer else",
        "authorization: \u{fffd}\r\nauthorization: Bearer else",
        "authorization: \u{fffd}",
    ] {
        let request = format!("GET /client/v4/allowed HTTP/1.1\r\nhost: {host}\r\n{headers}\r\n\r\n");
        let answer = stage.answer(host, &request).await;
        assert!(answer.starts_with("HTTP/1.1 403") && answer.contains("flarekeep's guard"), "{headers}: {answer}");
    }
    assert_eq!(policy.0.lock().unwrap().len(), 6);
    let answer = stage.answer(host, &format!("GET /client/v4/allowed HTTP/1.1\r\nhost: {host}\r\n{own}\r\n\r\n")).await;
    assert!(answer.ends_with("Bearer real"), "{answer}");
}

#[tokio::test]
async fn a_copy_whose_source_cannot_be_told_is_refused() {
    const R2: &str = "0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com";
    let (stage, policy) = stage(false).await;
    let signature =
        "AWS4-HMAC-SHA256 Credential=stand-in-id/20261123/auto/s3/aws4_request, SignedHeaders=host, Signature=00";
    for sources in ["x-amz-copy-source: /allowed/a\r\nx-amz-copy-source: /other/b", "x-amz-copy-source: /other/\u{e9}"]
    {
        let request =
            format!("PUT /allowed/key HTTP/1.1\r\nhost: {R2}\r\nauthorization: {signature}\r\n{sources}\r\n\r\n");
        let answer = stage.answer(R2, &request).await;
        assert!(answer.contains("what it copies"), "{sources}: {answer}");
    }
    assert_eq!(policy.0.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_refused_upload_is_answered_and_not_broken_off() {
    let (stage, policy) = stage(false).await;
    for client in [stage.client(), stage.client_of_http1()] {
        for size in [1, 300_000] {
            let call = client.put(format!("{API}/other")).bearer_auth("stand-in").body(vec![b'x'; size]);
            assert_eq!(call.send().await.unwrap().status(), StatusCode::FORBIDDEN, "{size}");
        }
    }
    assert_eq!(policy.0.lock().unwrap().len(), 4);
}
