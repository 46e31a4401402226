//! How fast verify is, beside a handler that does nothing, over 16 connections.
//!
//! `cargo test --release -p flarekeep-emulator --test speed -- --ignored --nocapture`

mod common;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::Router;
use axum::serve::ListenerExt;
use common::Local;
use flarekeep_emulator::Options;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_millis(700);
const ROUNDS: usize = 7;

/// The promise: verify reaches at least this part of the bare handler's rate.
const SHARE: f64 = 0.7;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; run it alone, in release"]
async fn verify_keeps_up_with_a_bare_handler() {
    // With the rate limit's work done and never reached.
    let mut options = Options::default();
    if let Some(limit) = &mut options.rate_limit {
        limit.calls = u32::MAX;
    }
    let local = Local::with(options).await;
    let token = local.user_token(&[local.at_zone(&["DNS Write"])]).await;
    let bare = bare().await;
    let verify = format!(
        "GET /client/v4/user/tokens/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\r\n",
        token.value
    );
    // The same bytes to both, so that reading the request costs the same.
    let (mut shares, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (nothing, verified) = (rate(bare, &verify).await, rate(local.address(), &verify).await);
        shares.push(verified / nothing);
        rates.push(verified);
    }
    shares.sort_by(f64::total_cmp);
    rates.sort_by(f64::total_cmp);
    let (share, verified) = (shares[ROUNDS / 2], rates[ROUNDS / 2]);
    println!("verify: {verified:.0} calls/s, {:.0} % of a bare handler", share * 100.0);
    assert!(share >= SHARE, "{share}");
}

/// A server that answers everything with a constant of the same kind.
async fn bare() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = listener.tap_io(|stream| stream.set_nodelay(true).unwrap());
    let answer = || async { ([("content-type", "application/json")], "{\"result\":null,\"success\":true}") };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    address
}

/// Calls per second over all connections.
async fn rate(address: SocketAddr, request: &str) -> f64 {
    let began = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS).map(|_| tokio::spawn(client(address, request.to_owned(), began))).collect();
    let mut calls = 0;
    for client in clients {
        calls += client.await.unwrap();
    }
    f64::from(calls) / began.elapsed().as_secs_f64()
}

async fn client(address: SocketAddr, request: String, began: Instant) -> u32 {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut calls, mut buffer) = (0, [0; 2048]);
    while began.elapsed() < ROUND {
        stream.write_all(request.as_bytes()).await.unwrap();
        // Answers are small and come in one piece.
        let read = stream.read(&mut buffer).await.unwrap();
        assert!(buffer[..read].starts_with(b"HTTP/1.1 200") && buffer[..read].ends_with(b"}"));
        calls += 1;
    }
    calls
}
