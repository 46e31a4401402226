//! Requests that could be read in two ways, by the proxy and by whoever they are passed on to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::routing::any;
use common::Stage;

const HOST: &str = "api.cloudflare.com";

/// What arrived: method, path, the names of headers, and the body.
type Arrived = Arc<Mutex<Vec<String>>>;

async fn stage() -> (Stage, Arrived) {
    let arrived = Arrived::default();
    let kept = arrived.clone();
    let answer = move |request: Request| {
        let kept = kept.clone();
        async move {
            let (head, body) = request.into_parts();
            let body = axum::body::to_bytes(body, 1 << 20).await.unwrap_or_default();
            let mut names: Vec<_> = head.headers.keys().map(axum::http::HeaderName::as_str).collect();
            names.sort_unstable();
            let said = format!("{} {} [{}] {}", head.method, head.uri, names.join(" "), String::from_utf8_lossy(&body));
            kept.lock().unwrap().push(said);
            "{}"
        }
    };
    (Stage::before(Router::new().fallback(any(answer))).await, arrived)
}

#[tokio::test]
async fn a_length_beside_chunks_is_not_passed_on() {
    for lengths in
        ["content-length: 3\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 90"]
    {
        let (stage, arrived) = stage().await;
        let request = format!(
            "POST /client/v4/a HTTP/1.1\r\nhost: {HOST}\r\n{lengths}\r\n\r\n5\r\nhello\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n"
        );
        let answer = stage.answer(HOST, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(*arrived.lock().unwrap(), ["POST /client/v4/a [host transfer-encoding] hello"], "{lengths}");
    }
}

#[tokio::test]
async fn what_has_two_lengths_or_is_chunked_otherwise_goes_nowhere() {
    let (stage, arrived) = stage().await;
    for header in [
        "content-length: 3\r\ncontent-length: 4",
        "content-length: 3, 4",
        "content-length: +3",
        "content-length: 0x3",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding : chunked",
        " transfer-encoding: chunked",
        "x: a\0b",
        "host: example.com",
    ] {
        let request = format!("POST /client/v4/a HTTP/1.1\r\nhost: {HOST}\r\n{header}\r\n\r\nabcd");
        let answer = stage.answer(HOST, &request).await;
        assert!(answer.starts_with("HTTP/1.1 4"), "{header:?}: {answer}");
    }
    assert!(arrived.lock().unwrap().is_empty(), "{arrived:?}");
}

#[tokio::test]
async fn what_is_said_to_this_proxy_is_not_passed_on() {
    let (stage, arrived) = stage().await;
    let request = format!(
        "GET /client/v4/a HTTP/1.1\r\nhost: {HOST}\r\nproxy-authorization: {}\r\nproxy-connection: keep-alive\r\n\
         upgrade: websocket\r\nconnection: upgrade, x-own\r\nx-own: 1\r\nkeep-alive: 1\r\nte: trailers\r\nx-else: 1\r\n\r\n",
        stage.authorization()
    );
    assert!(stage.answer(HOST, &request).await.starts_with("HTTP/1.1 200"));
    assert_eq!(*arrived.lock().unwrap(), ["GET /client/v4/a [host x-else] "]);
}

#[tokio::test]
async fn what_would_be_echoed_with_its_credential_goes_nowhere() {
    let (stage, arrived) = stage().await;
    let answer = stage.answer(HOST, &format!("TRACE /client/v4/a HTTP/1.1\r\nhost: {HOST}\r\n\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
    assert!(arrived.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_host_that_was_signed_is_the_one_that_arrives() {
    const R2: &str = "0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com";
    let arrived = Arc::new(Mutex::new(Vec::new()));
    let kept = arrived.clone();
    let answer = move |request: Request| {
        kept.lock().unwrap().push(request.headers()["host"].to_str().unwrap().to_owned());
        async { "" }
    };
    let stage = Stage::before(Router::new().fallback(any(answer))).await;
    let written = format!("{}:443", R2.to_uppercase());
    stage.answer(R2, &format!("GET /media/a HTTP/1.1\r\nhost: {written}\r\n\r\n")).await;
    assert_eq!(*arrived.lock().unwrap(), [written]);
}

#[tokio::test]
async fn nobody_who_does_not_know_the_secret_keeps_a_connection_with_a_body_that_never_comes() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (stage, arrived) = stage().await;
    let mut stream = tokio::net::TcpStream::connect(stage.proxy.address()).await.unwrap();
    stream.write_all(b"POST /client/v4/a HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // To the end: the proxy closes it.
    tokio::time::timeout(std::time::Duration::from_secs(5), stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 407"));
    assert!(arrived.lock().unwrap().is_empty());
}
