//! The emulator with requests of any kind: its HTTP front, forms, and S3's XML.
//!
//! A request is a text: `METHOD TARGET`, lines `name: value`, an empty line, the body. What it answers may be any
//! refusal, but no fault of its own, and JSON where it says so.

use std::sync::OnceLock;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Request, Response, Uri};
use flarekeep_emulator::{Emulator, Options, World};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";
const ZONE: &str = "fedcba9876543210fedcba9876543210";
const EMAIL: &str = "ada@example.com";
/// Any time will do, as long as the emulator's clock agrees.
const NOW: i64 = 1_790_000_000;
const STAMP: &str = "20260921T141320Z";

/// Answers a request with the Global API key, so that it gets as far as it can.
pub(crate) fn api(data: &[u8]) {
    let Some(mut request) = request(data) else { return };
    let headers = request.headers_mut();
    headers.insert("x-auth-email", HeaderValue::from_static(EMAIL));
    headers.insert("x-auth-key", HeaderValue::from_str(&global_key()).expect("visible characters"));
    let (status, kind, body) = answered(async || emulator().router().oneshot(request).await.expect("an answer"));
    assert!(status != 500, "{}", String::from_utf8_lossy(&body));
    if kind == "application/json" {
        serde_json::from_slice::<serde_json::Value>(&body).expect("JSON");
    }
}

/// The same as the part `metadata` and a module of an upload: what a form holds is read deeper than the form.
pub(crate) fn form(data: &[u8]) {
    let target = format!("PUT /client/v4/accounts/{ACCOUNT}/workers/scripts/fuzz\n");
    let mut text = target.into_bytes();
    text.extend_from_slice(b"content-type: multipart/form-data; boundary=b\n\n");
    text.extend_from_slice(data);
    api(&text);
}

/// Answers a request of R2's S3 face that is signed, whatever it holds.
pub(crate) fn s3(data: &[u8]) {
    let Some(mut request) = request(data) else { return };
    let (face, id, secret) = pair();
    sign(&mut request, id, secret);
    let (status, _, body) = answered(async || face.s3_router().oneshot(request).await.expect("an answer"));
    assert!(status != 500, "{}", String::from_utf8_lossy(&body));
}

fn request(data: &[u8]) -> Option<Request<Body>> {
    let end = data.windows(2).position(|two| two == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let mut lines = std::str::from_utf8(head).ok()?.split('\n');
    let (method, target) = lines.next()?.split_once(' ')?;
    let mut request = Request::builder().method(method).uri(target.parse::<Uri>().ok()?);
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        request = request.header(name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value).ok()?);
    }
    request.body(Body::from(body.get(2..).unwrap_or_default().to_vec())).ok()
}

fn answered(ask: impl AsyncFnOnce() -> Response<Body>) -> (u16, String, Vec<u8>) {
    runtime().block_on(async {
        let response = ask().await;
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.to_owned();
        let body = axum::body::to_bytes(response.into_body(), 64 << 20).await.expect("a whole answer");
        (status, kind, body.to_vec())
    })
}

/// Made anew for each request: what one leaves behind is no matter of the next.
fn emulator() -> Emulator {
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = WORLD.get_or_init(|| {
        let key = global_key();
        let text = format!(
            "[[account]]\nname = 'Acme'\nid = '{ACCOUNT}'\n[[user]]\nemail = '{EMAIL}'\nglobal_key = '{key}'\n\
             [[zone]]\nname = 'example.com'\nid = '{ZONE}'\naccount = 'Acme'\n"
        );
        World::from_toml(&text).expect("a world")
    });
    let options = Options {
        rate_limit: None,
        object_bytes: 1 << 20,
        clock: Some(std::sync::Arc::new(|| NOW)),
        ..Options::default()
    };
    Emulator::new(world.clone(), options)
}

/// A token of the shape of a Global API key, which opens nothing but this emulator.
fn global_key() -> String {
    format!("cfk_{}{}", "a".repeat(40), "0".repeat(8))
}

/// An emulator with a bucket, and a pair of keys for all of R2.
fn pair() -> &'static (Emulator, String, String) {
    static PAIR: OnceLock<(Emulator, String, String)> = OnceLock::new();
    PAIR.get_or_init(|| {
        let emulator = emulator();
        let ask = |method: &str, path: &str, body: serde_json::Value| {
            let request = Request::builder()
                .method(method)
                .uri(format!("/client/v4{path}"))
                .header("x-auth-email", EMAIL)
                .header("x-auth-key", global_key())
                .body(Body::from(body.to_string()))
                .expect("a request");
            let (_, _, body) = answered(async || emulator.router().oneshot(request).await.expect("an answer"));
            let answer: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(answer["success"], true, "{answer}");
            answer["result"].clone()
        };
        ask("POST", &format!("/accounts/{ACCOUNT}/r2/buckets"), serde_json::json!({"name": "fuzz"}));
        let token = serde_json::json!({"name": "fuzz", "policies": [{
            "effect": "allow",
            "resources": {(format!("com.cloudflare.api.account.{ACCOUNT}")): "*"},
            // Workers R2 Storage Write.
            "permission_groups": [{"id": "bf7481a1826f439697cb59a20b22293e"}],
        }]});
        let made = ask("POST", "/user/tokens", token);
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        let secret = hex(&Sha256::digest(text("value")));
        (emulator, text("id"), secret)
    })
}

/// Signature Version 4 over what R2 asks for, the body unsigned.
fn sign(request: &mut Request<Body>, id: &str, secret: &str) {
    let headers = request.headers_mut();
    for (name, value) in [("host", "localhost"), ("x-amz-date", STAMP), ("x-amz-content-sha256", "UNSIGNED-PAYLOAD")] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    let mut signed: Vec<(&str, &str)> = headers
        .iter()
        .filter(|(name, _)| *name == "host" || name.as_str().starts_with("x-amz-"))
        .map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
        .collect();
    signed.sort_unstable();
    let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
    let mut query: Vec<&str> = request.uri().query().unwrap_or_default().split('&').collect();
    query.sort_unstable();
    let (method, path, query) = (request.method(), request.uri().path(), query.join("&"));
    let canonical = format!("{method}\n{path}\n{query}\n{lines}\n{names}\nUNSIGNED-PAYLOAD");
    let scope = format!("{}/auto/s3/aws4_request", &STAMP[..8]);
    let text = format!("AWS4-HMAC-SHA256\n{STAMP}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any key will do");
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let day = mac(format!("AWS4{secret}").as_bytes(), &STAMP[..8]);
    let key = ["auto", "s3", "aws4_request"].iter().fold(day, |key, part| mac(&key, part));
    let signature = hex(&mac(&key, &text));
    let value = format!("AWS4-HMAC-SHA256 Credential={id}/{scope},SignedHeaders={names},Signature={signature}");
    request.headers_mut().insert("authorization", HeaderValue::from_str(&value).expect("visible characters"));
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_all().build().expect("a runtime"))
}
