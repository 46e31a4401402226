//! Calls that are looked into: passed on as they are, and told without what is nobody's business.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Version};
use axum::routing::any;
use common::Stage;
use flarekeep_proxy::{CredentialKind, Face};

const API: &str = "https://api.cloudflare.com/client/v4";

/// Answers what it was asked, as the API would write it.
fn mirror() -> Router {
    async fn answer(request: Request) -> (StatusCode, HeaderMap, String) {
        let (head, body) = request.into_parts();
        let body = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        let text = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("-").to_owned();
        let refused = head.uri.path().contains("refused");
        let errors = if refused { r#"[{"code":10000,"message":"Authentication error"}]"# } else { "[]" };
        let said = format!(
            "{} {} host={} encoding={} body={}",
            head.method,
            head.uri,
            text("host"),
            text("accept-encoding"),
            body.len()
        );
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/json; charset=UTF-8".parse().unwrap());
        headers.insert("alt-svc", "h3=\":443\"".parse().unwrap());
        let status = if refused { StatusCode::FORBIDDEN } else { StatusCode::OK };
        (status, headers, format!("{{\"result\":\"{said}\",\"errors\":{errors}}}"))
    }
    Router::new().fallback(any(answer))
}

#[tokio::test]
async fn calls_are_passed_on_in_both_versions_of_http() {
    let stage = Stage::before(mirror()).await;
    for (client, version) in [(stage.client(), Version::HTTP_2), (stage.client_of_http1(), Version::HTTP_11)] {
        let answer = client.post(format!("{API}/zones?name=a%20b")).body("12345").send().await.unwrap();
        assert_eq!((answer.status(), answer.version()), (StatusCode::OK, version));
        assert!(!answer.headers().contains_key("alt-svc"));
        let host = stage.server;
        let wanted = format!("POST /client/v4/zones?name=a%20b host={host} encoding=- body=5");
        assert_eq!(answer.text().await.unwrap(), format!("{{\"result\":\"{wanted}\",\"errors\":[]}}"));
    }
    let told = stage.told.when(2).await;
    assert_eq!(told[0].url, format!("{API}/zones"));
    assert_eq!((told[0].query.as_deref(), told[0].status, told[0].face), (Some("name=a%20b"), Some(200), Face::Api));
}

#[tokio::test]
async fn a_client_that_takes_an_address_needs_no_proxy() {
    let stage = Stage::before(mirror()).await;
    common::provide();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    let url = stage.proxy.api_url();
    let answer = client.post(format!("{url}/zones?name=a%20b")).bearer_auth("x").body("12345").send().await.unwrap();
    let wanted = format!("POST /client/v4/zones?name=a%20b host={} encoding=- body=5", stage.server);
    assert_eq!(answer.text().await.unwrap(), format!("{{\"result\":\"{wanted}\",\"errors\":[]}}"));
    assert_eq!(stage.told.when(1).await[0].url, format!("{API}/zones"));
    let without = url.replacen("/client", "0/client", 1);
    assert_eq!(client.get(format!("{without}/zones")).send().await.unwrap().status(), 407);
}

#[tokio::test]
async fn what_is_told_holds_codes_and_kinds_and_no_value() {
    let stage = Stage::before(mirror()).await;
    let value = format!("cfut_{}", "aB3x".repeat(12));
    let client = stage.client();
    let refused =
        client.get(format!("{API}/refused")).bearer_auth(&value).header("user-agent", "wrangler/4.0.0").send();
    assert_eq!(refused.await.unwrap().status(), StatusCode::FORBIDDEN);
    let query = r#"{"query":"{ viewer { zones { x } } }"}"#;
    client.post(format!("{API}/graphql")).header("x-auth-key", &value).body(query).send().await.unwrap();
    client.post(format!("{API}/accounts/x/events/graphql")).body(query).send().await.unwrap();
    let told = stage.told.when(3).await;
    assert_eq!(told[2].graphql, None, "another product's own");
    assert_eq!((told[0].status, told[0].errors.as_slice()), (Some(403), &[10000][..]));
    assert!(told[0].by_wrangler && !told[1].by_wrangler);
    assert_eq!((told[0].credential, told[1].credential), (CredentialKind::UserToken, CredentialKind::GlobalKey));
    assert_eq!(told[1].graphql.as_deref(), Some(query.as_bytes()));
    assert!(!format!("{told:?}").contains(&value) && told[0].graphql.is_none());
}

#[tokio::test]
async fn calls_of_r2_keep_what_they_were_signed_with() {
    let stage = Stage::before(mirror()).await;
    let host = format!("{}.r2.cloudflarestorage.com", "a1".repeat(16));
    let put = stage.client().put(format!("https://{host}/media/a%2Fb?x-id=PutObject&X-Amz-Signature=secret"));
    let answer =
        put.header("x-amz-copy-source", "/other/key").header("accept-encoding", "identity").send().await.unwrap();
    let said = answer.text().await.unwrap();
    assert!(said.contains(&format!("host={host} encoding=identity")), "{said}");
    let told = stage.told.when(1).await;
    assert_eq!((told[0].url.clone(), told[0].face), (format!("https://{host}/media/a%2Fb"), Face::R2));
    assert_eq!((told[0].copies.as_deref(), told[0].credential), (Some("/other/key"), CredentialKind::S3Keys));
    assert!(!format!("{told:?}").contains("secret"));
}

#[tokio::test]
async fn bodies_pass_in_both_directions_however_long() {
    const CHUNK: usize = 256 << 10;
    const CHUNKS: usize = 400;
    async fn count(request: Request) -> String {
        use futures_util::StreamExt;
        let mut stream = request.into_body().into_data_stream();
        let mut length = 0;
        while let Some(chunk) = stream.next().await {
            length += chunk.unwrap().len();
        }
        length.to_string()
    }
    async fn give() -> axum::body::Body {
        let chunks = (0..CHUNKS).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; CHUNK])));
        axum::body::Body::from_stream(futures_util::stream::iter(chunks))
    }
    let stage =
        Stage::before(Router::new().route("/client/v4/put", any(count)).route("/client/v4/get", any(give))).await;
    for client in [stage.client(), stage.client_of_http1()] {
        let before = peak();
        let chunks = (0..CHUNKS).map(|_| Ok::<_, std::io::Error>(Bytes::from(vec![7; CHUNK])));
        let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
        let answer = client.put(format!("{API}/put")).body(body).send().await.unwrap();
        assert_eq!(answer.text().await.unwrap(), (CHUNK * CHUNKS).to_string());
        let mut answer = client.get(format!("{API}/get")).send().await.unwrap();
        let mut length = 0;
        while let Some(chunk) = answer.chunk().await.unwrap() {
            length += chunk.len();
        }
        assert_eq!(length, CHUNK * CHUNKS);
        // 100 MiB went each way; client, proxy and server are all in this process.
        let grown = peak() - before;
        assert!(grown < 40 << 10, "{grown} KiB");
    }
}

#[tokio::test]
async fn a_call_without_an_answer_is_told_without_a_status() {
    let stage = Stage::before(Router::new().route("/client/v4/slow", any(std::future::pending::<String>))).await;
    let call = stage.client().get(format!("{API}/slow")).timeout(std::time::Duration::from_millis(300));
    assert!(call.send().await.is_err());
    assert_eq!(stage.told.when(1).await[0].status, None);
}

/// The most memory that this process ever had, in KiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().split(' ').next().unwrap().parse().unwrap()
}
