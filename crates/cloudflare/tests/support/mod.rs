//! A small server that plays a script, a transport that does so without a network, and values shaped like credentials.
#![allow(dead_code, unreachable_pub)]

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use flarekeep_cloudflare::{
    BoxFuture, Bytes, Client, ClientBuilder, Credential, HeaderMap, HttpRequest, HttpResponse, RetrySettings, Stage,
    Transport, TransportError,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// A value of a user token's shape, put together at run time so that no scanner takes this file for a leak.
pub fn token_value() -> String {
    let body: String = (0..40u8).map(|i| char::from(b'a' + i % 26)).collect();
    format!("cfut_{body}{:08x}", crc32fast::hash(body.as_bytes()))
}

pub fn credential() -> Credential {
    Credential::token(&token_value()).unwrap()
}

/// Retries without long waits.
pub fn quick() -> RetrySettings {
    RetrySettings { first_delay: Duration::from_millis(5), ..RetrySettings::default() }
}

/// What the server or the transport was sent.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    /// Path and query.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Seen {
    pub fn line(&self) -> String {
        format!("{} {}", self.method, self.target)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// One answer of the script.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Bytes,
    pub delay: Duration,
}

pub fn reply(status: u16, content_type: &str, body: impl Into<Bytes>) -> Reply {
    let headers = vec![("content-type", content_type.to_owned())];
    Reply { status, headers, body: body.into(), delay: Duration::ZERO }
}

pub fn json(status: u16, body: impl Into<String>) -> Reply {
    reply(status, "application/json", body.into())
}

/// A good envelope around `result`.
pub fn good(result: &str) -> Reply {
    json(200, format!(r#"{{"success":true,"errors":[],"messages":[],"result":{result}}}"#))
}

/// A refusal with one error.
pub fn refused(status: u16, code: i64, message: &str) -> Reply {
    let error = serde_json::json!({"code": code, "message": message});
    json(status, serde_json::json!({"success": false, "errors": [error], "messages": [], "result": null}).to_string())
}

impl Reply {
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

/// An HTTP server on this machine. It gives its answers in order and the last one for ever.
pub struct Server {
    pub address: SocketAddr,
    script: Arc<Script>,
}

struct Script {
    replies: Mutex<VecDeque<Reply>>,
    seen: Mutex<Vec<Seen>>,
}

impl Script {
    fn next(&self) -> Reply {
        let mut replies = self.replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies[0].clone() }
    }
}

impl Server {
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let script =
            Arc::new(Script { replies: Mutex::new(replies.into_iter().collect()), seen: Mutex::new(Vec::new()) });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = axum::Router::new().fallback(play).with_state(script.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, script }
    }

    pub fn base_url(&self) -> String {
        format!("http://{}/client/v4", self.address)
    }

    /// A client of this server that waits for nothing long.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder(credential()).base_url(&self.base_url()).retry(quick())
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.script.seen.lock().unwrap().clone()
    }

    pub fn lines(&self) -> Vec<String> {
        self.seen().iter().map(Seen::line).collect()
    }
}

async fn play(State(script): State<Arc<Script>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap().to_vec();
    let target = head.uri.path_and_query().unwrap().to_string();
    let seen = Seen { method: head.method.to_string(), target, headers: head.headers, body };
    script.seen.lock().unwrap().push(seen);
    let reply = script.next();
    tokio::time::sleep(reply.delay).await;
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(Body::from(reply.body)).unwrap()
}

/// A server that reads a whole request and then cuts the connection, after `partial` if there is any. It counts.
pub async fn cutting_server(partial: &'static [u8]) -> (SocketAddr, Arc<Mutex<u32>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(Mutex::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0u8; 4096];
            let mut request = Vec::new();
            while !request.windows(4).any(|window| window == b"\r\n\r\n") {
                match stream.read(&mut buffer).await {
                    Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            *counter.lock().unwrap() += 1;
            let _ = stream.write_all(partial).await;
        }
    });
    (address, count)
}

/// A transport that plays a script without a network. It gives its outcomes in order and the last one for ever.
#[derive(Clone)]
pub struct Scripted(Arc<ScriptedState>);

struct ScriptedState {
    outcomes: Mutex<VecDeque<Result<Reply, Stage>>>,
    seen: Mutex<Vec<Seen>>,
}

impl Scripted {
    pub fn new(outcomes: impl IntoIterator<Item = Result<Reply, Stage>>) -> Self {
        let outcomes = Mutex::new(outcomes.into_iter().collect());
        Self(Arc::new(ScriptedState { outcomes, seen: Mutex::new(Vec::new()) }))
    }

    pub fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    pub fn builder(&self) -> ClientBuilder {
        Client::builder(credential()).transport(self.clone())
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.0.seen.lock().unwrap().clone()
    }

    pub fn count(&self) -> usize {
        self.0.seen.lock().unwrap().len()
    }
}

impl Transport for Scripted {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        let target = request.url.as_str().trim_start_matches("https://api.cloudflare.com/client/v4").to_owned();
        let (method, body) = (request.method.to_string(), request.body.to_vec());
        self.0.seen.lock().unwrap().push(Seen { method, target, headers: request.headers, body });
        let mut outcomes = self.0.outcomes.lock().unwrap();
        let outcome = if outcomes.len() > 1 { outcomes.pop_front().unwrap() } else { outcomes[0].clone() };
        Box::pin(async move {
            let reply = outcome
                .map_err(|stage| TransportError { stage, detail: format!("scripted with {}", token_value()) })?;
            let mut headers = HeaderMap::new();
            for (name, value) in reply.headers {
                headers.append(name, value.parse().unwrap());
            }
            Ok(HttpResponse { status: reply.status, headers, body: reply.body })
        })
    }
}
