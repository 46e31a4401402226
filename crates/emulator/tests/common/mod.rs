//! An emulator on loopback, and a small HTTP client that speaks to it as the reference documents the API.

// Each test file uses a part of this.
#![allow(dead_code, unreachable_pub)]

pub mod s3;

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, request};
use flarekeep_catalogue::{Operation, Scope, resolve};
use flarekeep_emulator::{Emulator, Facts, Options, Running, Server, World};
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// A running emulator with one user, one account and the zone `example.com`.
pub struct Local {
    pub emulator: Emulator,
    pub facts: Facts,
    running: Running,
    client: Client<HttpConnector, Body>,
}

/// A token as its creation answered it.
#[derive(Debug, Clone)]
pub struct Minted {
    pub id: String,
    pub value: String,
}

/// A request that is being made.
pub struct Ask {
    client: Client<HttpConnector, Body>,
    head: request::Builder,
    body: Bytes,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
    pub json: Value,
}

/// Options without the rate limit.
pub fn unlimited() -> Options {
    Options { rate_limit: None, ..Options::default() }
}

impl Local {
    pub async fn start() -> Self {
        Self::with(unlimited()).await
    }

    pub async fn with(options: Options) -> Self {
        Self::serve(Emulator::new(World::generated(), options)).await
    }

    pub async fn in_world(toml: &str, options: Options) -> Self {
        Self::serve(Emulator::new(World::from_toml(toml).unwrap(), options)).await
    }

    pub async fn serve(emulator: Emulator) -> Self {
        let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let running = Server::start(emulator.clone(), any).await.unwrap();
        let client = Client::builder(TokioExecutor::new()).build_http();
        Self { facts: emulator.facts(), emulator, running, client }
    }

    pub fn address(&self) -> SocketAddr {
        self.running.address()
    }

    /// Stops the server and lets go of its state.
    pub async fn shutdown_and_drop(self) {
        let Self { emulator, running, client, .. } = self;
        drop(client);
        running.shutdown().await;
        drop(emulator);
    }

    /// A path with `A`, `Z` and `U` in braces stands for the account, the zone and the user.
    pub fn path(&self, path: &str) -> String {
        let zone = self.facts.zones.first().unwrap().id.to_string();
        path.replace("{A}", &self.facts.account_id.to_string())
            .replace("{Z}", &zone)
            .replace("{U}", &self.facts.user_id.to_string())
    }

    pub fn ask(&self, method: &str, path: &str) -> Ask {
        let url = format!("{}{}", self.running.api_url(), self.path(path));
        Ask { client: self.client.clone(), head: Request::builder().method(method).uri(url), body: Bytes::new() }
    }

    /// A request to a whole URL.
    pub fn at(&self, method: &str, url: &str) -> Ask {
        Ask { client: self.client.clone(), head: Request::builder().method(method).uri(url), body: Bytes::new() }
    }

    /// A request that steers the emulator.
    pub fn control(&self, method: &str, path: &str) -> Ask {
        let url = format!("http://{}/__flarekeep{path}", self.address());
        Ask { client: self.client.clone(), head: Request::builder().method(method).uri(url), body: Bytes::new() }
    }

    /// A request with the Global API key.
    pub fn admin(&self, method: &str, path: &str) -> Ask {
        self.ask(method, path).key(&self.facts.email, &self.facts.global_key)
    }

    /// A request with a token.
    pub fn by(&self, token: &Minted, method: &str, path: &str) -> Ask {
        self.ask(method, path).bearer(&token.value)
    }

    /// A user token with these policies, made by the Global API key.
    pub async fn user_token(&self, policies: &[Value]) -> Minted {
        self.mint("/user/tokens", policies).await
    }

    /// An account token with these policies, made by the Global API key.
    pub async fn account_token(&self, policies: &[Value]) -> Minted {
        self.mint("/accounts/{A}/tokens", policies).await
    }

    /// A user token that holds something, but nothing that a test is about.
    pub async fn poor_token(&self) -> Minted {
        self.user_token(&[self.at_account(&["Stream Read"])]).await
    }

    /// A policy of these groups at the account.
    pub fn at_account(&self, groups: &[&str]) -> Value {
        policy(json!({ self.path("com.cloudflare.api.account.{A}"): "*" }), Scope::Account, groups)
    }

    /// A policy of these groups at the zone.
    pub fn at_zone(&self, groups: &[&str]) -> Value {
        policy(json!({ self.path("com.cloudflare.api.account.zone.{Z}"): "*" }), Scope::Zone, groups)
    }

    /// A policy of these groups at all zones of the account.
    pub fn all_zones(&self, groups: &[&str]) -> Value {
        let account = self.path("com.cloudflare.api.account.{A}");
        policy(json!({ account: {"com.cloudflare.api.account.zone.*": "*"} }), Scope::Zone, groups)
    }

    /// A policy of these groups at the user.
    pub fn at_user(&self, groups: &[&str]) -> Value {
        policy(json!({ self.path("com.cloudflare.api.user.{U}"): "*" }), Scope::User, groups)
    }

    /// PUTs to an address that an answer named, with no credential.
    pub async fn put(&self, url: &str, body: &str) -> Reply {
        let head = Request::builder().method("PUT").uri(url);
        Ask { client: self.client.clone(), head, body: Bytes::from(body.to_owned()) }.send().await
    }

    /// GETs an address that an answer named, with no credential.
    pub async fn fetch(&self, url: &str) -> Reply {
        let head = Request::builder().uri(url);
        Ask { client: self.client.clone(), head, body: Bytes::new() }.send().await
    }

    async fn mint(&self, path: &str, policies: &[Value]) -> Minted {
        let reply = self.admin("POST", path).json(&json!({"name": "test", "policies": policies})).send().await;
        reply.minted()
    }
}

/// A server in another process.
pub struct Remote {
    base: String,
    facts: Facts,
    client: Client<HttpConnector, Body>,
}

/// The server at an address, used with the Global API key of these facts.
pub fn remote(address: &str, facts: &Facts) -> Remote {
    let client = Client::builder(TokioExecutor::new()).build_http();
    Remote { base: format!("http://{address}/client/v4"), facts: facts.clone(), client }
}

impl Remote {
    /// POSTs JSON, which must succeed.
    pub async fn post(&self, path: &str, body: &Value) {
        let head = Request::builder().method("POST").uri(format!("{}{path}", self.base));
        let ask = Ask { client: self.client.clone(), head, body: Bytes::new() };
        ask.key(&self.facts.email, &self.facts.global_key).json(body).send().await.result();
    }
}

/// A policy of these groups at these resources.
// By value, so that a call can write the resources in place.
#[allow(clippy::needless_pass_by_value)]
pub fn policy(resources: Value, scope: Scope, groups: &[&str]) -> Value {
    let groups: Vec<Value> = groups.iter().map(|name| json!({"id": group_id(scope, name)})).collect();
    json!({"effect": "allow", "resources": resources, "permission_groups": groups})
}

/// The id of a group.
pub fn group_id(scope: Scope, name: &str) -> String {
    let found = resolve(name).or_else(|_| resolve(&format!("{}:{name}", scope.word())));
    found.unwrap_or_else(|error| panic!("{error}")).0.id.unwrap().to_string()
}

/// A concrete path of the operation in the emulator's world; other parameters get an id that nothing has.
pub fn path(operation: &Operation) -> String {
    let mut segments = Vec::new();
    for (at, segment) in operation.path().split('/').enumerate() {
        segments.push(match (segment.starts_with('{'), operation.path().split('/').nth(1), at) {
            (true, Some("accounts"), 2) => "{A}".to_owned(),
            (true, Some("zones"), 2) => "{Z}".to_owned(),
            _ => segment.replace(['{', '}'], "").replace(':', "%3A"),
        });
    }
    // A parameter's own name serves as its value.
    let parameters = operation.path().split('/').map(|segment| segment.starts_with('{'));
    let filled = segments.into_iter().zip(parameters).map(|(segment, parameter)| match segment.as_str() {
        "{A}" | "{Z}" => segment,
        _ if parameter => "0123456789abcdef0123456789abcdef".to_owned(),
        _ => segment.replace("%3A", ":"),
    });
    filled.collect::<Vec<_>>().join("/")
}

impl Ask {
    pub fn bearer(self, value: &str) -> Self {
        self.header("authorization", &format!("Bearer {value}"))
    }

    pub fn key(self, email: &str, key: &str) -> Self {
        self.header("x-auth-email", email).header("x-auth-key", key)
    }

    pub fn header(self, name: &str, value: &str) -> Self {
        Self { head: self.head.header(name, value), ..self }
    }

    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub fn body(self, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self.header("content-type", content_type) }
    }

    pub async fn send(self) -> Reply {
        let request = self.head.body(Body::from(self.body)).unwrap();
        let (parts, body) = self.client.request(request).await.unwrap().into_parts();
        let (status, headers) = (parts.status.as_u16(), parts.headers);
        let text = String::from_utf8_lossy(&body.collect().await.unwrap().to_bytes()).into_owned();
        let json = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status, headers, text, json }
    }
}

impl Reply {
    /// All codes of the errors, those of their chains included.
    pub fn codes(&self) -> Vec<i64> {
        let errors = self.json["errors"].as_array().cloned().unwrap_or_default();
        let chains = errors.iter().flat_map(|error| error["error_chain"].as_array().cloned().unwrap_or_default());
        let chains: Vec<Value> = chains.collect();
        errors.iter().chain(&chains).filter_map(|error| error["code"].as_i64()).collect()
    }

    pub fn code(&self) -> i64 {
        self.codes().first().copied().unwrap_or(0)
    }

    pub fn message(&self) -> &str {
        self.json["errors"][0]["message"].as_str().unwrap_or_default()
    }

    /// The result of a success.
    #[track_caller]
    pub fn result(&self) -> &Value {
        assert!(self.status == 200 && self.json["success"] == true, "{} {}", self.status, self.text);
        &self.json["result"]
    }

    /// An error with this status and first code, in the envelope that all errors have.
    #[track_caller]
    pub fn refused(&self, status: u16, code: i64) {
        assert_eq!((self.status, self.code()), (status, code), "{}", self.text);
        assert_eq!(self.json["success"], false);
        assert_eq!(self.json["result"], Value::Null);
        assert_eq!(self.json["messages"], json!([]));
    }

    /// Whether authorisation refused the call.
    pub fn is_refusal(&self) -> bool {
        let coded = matches!(self.status, 400 | 401 | 403) && matches!(self.code(), 9109 | 10000 | 7403 | 1068);
        // GraphQL refuses in a success.
        coded || self.json["errors"][0]["extensions"]["code"] == "authz"
    }

    #[track_caller]
    pub fn minted(&self) -> Minted {
        let text = |name: &str| self.result()[name].as_str().unwrap().to_owned();
        Minted { id: text("id"), value: text("value") }
    }
}
