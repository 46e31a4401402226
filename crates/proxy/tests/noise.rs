//! Noise: requests that are broken at random, before the tunnel and in it. Nothing stops the proxy, and nothing is told that was no
//! call.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::any;
use common::Stage;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// How many broken inputs each test sends; `NOISE=100000` makes it longer.
fn rounds() -> usize {
    std::env::var("NOISE").ok().and_then(|text| text.parse().ok()).unwrap_or(300)
}

/// Numbers that are the same in every run (xorshift64*).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides
    }

    /// The bytes with some of them changed, left out, doubled, or replaced by what parsers stumble over.
    fn broken(&mut self, text: &[u8]) -> Vec<u8> {
        const STONES: [&[u8]; 10] = [
            b"\r\n",
            b"\n",
            b"\0",
            b" ",
            b"\x80",
            b"%",
            b":",
            b"\r\ncontent-length: 18446744073709551616",
            b"\r\ntransfer-encoding: chunked",
            b"HTTP/9.9",
        ];
        let mut bytes = text.to_vec();
        for _ in 0..1 + self.roll(4) {
            let at = self.roll(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
            match self.roll(5) {
                _ if bytes.is_empty() => bytes.push(self.roll(256) as u8),
                0 => bytes[at] = self.roll(256) as u8,
                1 => drop(bytes.drain(at..(at + 1 + self.roll(8)).min(bytes.len()))),
                2 => bytes.truncate(at),
                3 => drop(bytes.splice(at..at, STONES[self.roll(STONES.len())].iter().copied())),
                _ => {
                    let part = bytes[at..(at + 32).min(bytes.len())].to_vec();
                    drop(bytes.splice(at..at, part));
                }
            }
        }
        bytes
    }
}

async fn stage() -> Stage {
    count_panics();
    Stage::before(Router::new().fallback(any(|| async { "{}" }))).await
}

async fn still_works(stage: &Stage) {
    let answer = stage.client().get("https://api.cloudflare.com/client/v4/user").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(PANICS.load(Ordering::Relaxed), 0);
}

/// Panics end a task and go unseen otherwise.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn count_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(panic);
    }));
}

/// Sends and reads whatever comes, and does not wait long for it.
async fn poke(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, bytes: &[u8]) {
    let _ = stream.write_all(bytes).await;
    let _ = stream.flush().await;
    let mut answer = [0; 1024];
    let _ = tokio::time::timeout(Duration::from_millis(5), stream.read(&mut answer)).await;
}

#[tokio::test]
async fn before_the_tunnel() {
    let stage = stage().await;
    let secret = stage.authorization();
    let connect = format!(
        "CONNECT api.cloudflare.com:443 HTTP/1.1\r\nhost: api.cloudflare.com:443\r\nproxy-authorization: {secret}\r\n\r\n"
    );
    let path = stage.proxy.api_url().splitn(4, '/').nth(3).unwrap().to_owned();
    let plain = format!("POST /{path}/zones HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{{}}");
    let mut dice = Dice(0x5eed);
    for round in 0..rounds() {
        let text = if round % 3 == 0 { &plain } else { &connect };
        let bytes = dice.broken(text.as_bytes());
        poke(TcpStream::connect(stage.proxy.address()).await.unwrap(), &bytes).await;
    }
    still_works(&stage).await;
}

#[tokio::test]
async fn in_the_tunnel() {
    let stage = stage().await;
    let call = "PUT /client/v4/accounts/x/r2/buckets/b/objects/k?a=b HTTP/1.1\r\nhost: api.cloudflare.com\r\nauthorization: Bearer x\r\ncontent-length: 4\r\n\r\nbody";
    // The preface of HTTP/2, its settings, and a request for `/` with indexed headers (RFC 7541, appendix A).
    let http2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x03\x01\x05\0\0\0\x01\x82\x84\x87";
    let mut dice = Dice(0xbeef);
    for round in 0..rounds() {
        let is_http2 = round % 2 == 0;
        let tls = stage.tunnel("api.cloudflare.com", if is_http2 { b"h2" } else { b"http/1.1" }).await;
        let bytes = dice.broken(if is_http2 { &http2[..] } else { call.as_bytes() });
        poke(tls, &bytes).await;
    }
    still_works(&stage).await;
    assert!(stage.told.all().iter().all(|call| call.url.starts_with("https://api.cloudflare.com/")));
}
