//! Who does not know the secret, what is nobody's business, and what is no HTTP.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use common::{Stage, provide};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const API: &str = "https://api.cloudflare.com/client/v4";

async fn stage() -> Stage {
    Stage::before(Router::new().fallback(any(|| async { "{}" }))).await
}

/// Sends bytes to the proxy, and gives what it says until it ends or waits.
async fn said(stage: &Stage, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(stage.proxy.address()).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(std::time::Duration::from_secs(5), stream.read(&mut answer)).await;
    let length = read.map_or(0, |read| read.unwrap_or(0));
    String::from_utf8_lossy(&answer[..length]).into_owned()
}

async fn still_works(stage: &Stage) {
    assert_eq!(stage.client().get(format!("{API}/user")).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn nobody_is_served_without_the_secret() {
    let stage = stage().await;
    let other = Stage::before(Router::new()).await;
    for request in [
        "CONNECT api.cloudflare.com:443 HTTP/1.1\r\nhost: api.cloudflare.com:443\r\n\r\n".to_owned(),
        format!("CONNECT {} HTTP/1.1\r\nproxy-authorization: Basic Zmxhcmo6eA==\r\n\r\n", stage.server),
        format!("CONNECT {} HTTP/1.1\r\nproxy-authorization: {}\r\n\r\n", stage.server, other.authorization()),
        format!("GET http://{}/ HTTP/1.1\r\nhost: x\r\n\r\n", stage.server),
    ] {
        let answer = said(&stage, request.as_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 407 ") && answer.contains("proxy-authenticate: Basic"), "{answer}");
    }
    assert!(stage.told.all().is_empty());
    assert!(stage.proxy.address().ip().is_loopback());
    still_works(&stage).await;
}

#[tokio::test]
async fn other_hosts_get_their_bytes_as_they_are() {
    let stage = stage().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = listener.local_addr().unwrap();
    // Every byte there is, and more than any buffer holds.
    let sent: Vec<u8> = (0..3_000_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let (length, wanted) = (sent.len(), sent.clone());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut got = vec![0; length];
        stream.read_exact(&mut got).await.unwrap();
        stream.write_all(&got.iter().rev().copied().collect::<Vec<_>>()).await.unwrap();
        got
    });
    let mut tunnel = TcpStream::connect(stage.proxy.address()).await.unwrap();
    let connect =
        format!("CONNECT {there} HTTP/1.1\r\nhost: {there}\r\nproxy-authorization: {}\r\n\r\n", stage.authorization());
    tunnel.write_all(connect.as_bytes()).await.unwrap();
    let mut head = vec![0; 256];
    let read = tunnel.read(&mut head).await.unwrap();
    assert!(head[..read].starts_with(b"HTTP/1.1 200 ") && head[..read].ends_with(b"\r\n\r\n"));
    let (mut reading, mut writing) = tunnel.into_split();
    let back = tokio::spawn(async move {
        let mut back = vec![0; length];
        reading.read_exact(&mut back).await.unwrap();
        back
    });
    writing.write_all(&sent).await.unwrap();
    assert!(server.await.unwrap() == wanted);
    assert!(back.await.unwrap() == wanted.iter().rev().copied().collect::<Vec<_>>());
    assert!(stage.told.all().is_empty());
}

#[tokio::test]
async fn what_is_no_request_ends_its_own_connection_alone() {
    let stage = stage().await;
    let secret = stage.authorization();
    let long = "a".repeat(100_000);
    for bad in [
        &b"\x16\x03\x01\x02\x00\x01"[..],
        b"\0\0\0\0\r\n\r\n",
        b"CONNECT\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        format!("CONNECT {long} HTTP/1.1\r\n\r\n").as_bytes(),
        format!("CONNECT a:443 HTTP/1.1\r\nx: {long}\r\n\r\n").as_bytes(),
        format!("CONNECT nohost HTTP/1.1\r\nproxy-authorization: {secret}\r\n\r\n").as_bytes(),
        format!("CONNECT u:p@api.cloudflare.com:443 HTTP/1.1\r\nproxy-authorization: {secret}\r\n\r\n").as_bytes(),
        format!("CONNECT a.invalid:99999 HTTP/1.1\r\nproxy-authorization: {secret}\r\n\r\n").as_bytes(),
        format!("CONNECT 127.0.0.1:1 HTTP/1.1\r\nproxy-authorization: {secret}\r\n\r\n").as_bytes(),
        format!("GET / HTTP/1.1\r\nproxy-authorization: {secret}\r\n\r\n").as_bytes(),
    ] {
        let answer = said(&stage, bad).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
    // A tunnel in which nobody speaks TLS.
    let connect = format!(
        "CONNECT api.cloudflare.com:443 HTTP/1.1\r\nproxy-authorization: {secret}\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    );
    assert!(said(&stage, connect.as_bytes()).await.starts_with("HTTP/1.1 200"));
    still_works(&stage).await;
}

#[tokio::test]
async fn a_request_for_another_host_than_the_tunnels_is_refused() {
    let stage = stage().await;
    let answer = stage.client_of_http1().get(format!("{API}/user")).header("host", "example.com").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::MISDIRECTED_REQUEST);
    assert!(stage.told.all().is_empty());
}

#[tokio::test]
async fn the_authority_is_good_for_its_hosts_alone() {
    provide();
    let stage = stage().await;
    assert_eq!(stage.client().get(format!("{API}/user")).send().await.unwrap().status(), StatusCode::OK);
    // A client that does not trust it.
    let proxy = reqwest::Proxy::all(stage.proxy.url()).unwrap();
    let stranger = reqwest::Client::builder().proxy(proxy).tls_certs_only([]).build().unwrap();
    assert!(stranger.get(format!("{API}/user")).send().await.is_err());
}

#[tokio::test]
async fn a_proxy_that_ended_is_gone_with_its_connections() {
    let stage = stage().await;
    let (client, address) = (stage.client(), stage.proxy.address());
    client.get(format!("{API}/user")).send().await.unwrap();
    stage.proxy.end().await;
    assert!(client.get(format!("{API}/user")).send().await.is_err());
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn strangers_who_say_nothing_keep_nobody_out() {
    let stage = stage().await;
    let known = stage.client();
    known.get(format!("{API}/user")).send().await.unwrap();
    let mut idle = Vec::new();
    // More than there is room for.
    for _ in 0..520 {
        idle.push(TcpStream::connect(stage.proxy.address()).await.unwrap());
    }
    tokio::time::timeout(std::time::Duration::from_secs(5), still_works(&stage)).await.unwrap();
    // Who said the secret before them has its connection still.
    assert_eq!(known.get(format!("{API}/user")).send().await.unwrap().status(), StatusCode::OK);
}
