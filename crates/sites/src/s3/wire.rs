//! The seam for faults: sends one signed request and gives one answer, or says how far it came.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use flarekeep_cloudflare::install_tls_provider;

use super::body::Body;

/// A future on the heap, as a trait object needs it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one request, once.
pub trait Wire: Send + Sync {
    /// Sends `request` and gives the whole answer, whatever its status.
    ///
    /// # Errors
    /// A [`Lost`] whose stage says whether the bucket can have acted.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Lost>>;
}

impl Wire for Box<dyn Wire> {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Lost>> {
        (**self).send(request)
    }
}

/// A signed request. `Debug` shows no header.
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// The whole URL.
    pub url: String,
    /// Names in lower case, and values. `host` goes without saying.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The ETag, with its quotes.
    pub etag: Option<String>,
    /// How long to wait before the next attempt, where the bucket says so.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Bytes,
}

/// A request that got no complete answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// How far it came.
    pub stage: Stage,
    /// What happened, in words, without URL, headers or body.
    pub detail: String,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It never left.
    NotSent,
    /// It may have been carried out.
    Ambiguous,
    /// The file that was to be sent is no longer what it was.
    Changed,
    /// A test ends here.
    Stopped,
}

/// Sends requests over the network, over so many connections as there are senders.
pub struct HttpWire(reqwest::Client);

impl HttpWire {
    /// For `endpoint`; a request that moves no byte for `timeout` is given up. Plain http is for this machine: no proxy of
    /// the environment is used for it, and no root certificates are needed.
    ///
    /// # Errors
    /// When TLS cannot be set up, as on a machine without root certificates.
    pub fn new(endpoint: &str, connections: usize, timeout: Duration) -> Result<Self, Lost> {
        install_tls_provider();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("flarekeep/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only()
            .tcp_nodelay(true)
            .pool_max_idle_per_host(connections)
            .pool_idle_timeout(Duration::from_secs(15))
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(timeout);
        if endpoint.starts_with("http://") {
            builder = builder.no_proxy().tls_certs_only([]);
        }
        builder.build().map(Self).map_err(|error| lost(Stage::NotSent, &error))
    }
}

impl Wire for HttpWire {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Lost>> {
        Box::pin(async move {
            let method = reqwest::Method::from_bytes(request.method.as_bytes()).unwrap_or_default();
            let mut call = self.0.request(method, &request.url);
            for (name, value) in request.headers {
                call = call.header(name, value);
            }
            if matches!(request.method, "PUT" | "POST") {
                let unreadable = |error: std::io::Error| Lost { stage: Stage::Changed, detail: error.to_string() };
                call = call
                    .header("content-length", request.body.size())
                    .body(request.body.into_http().map_err(unreadable)?);
            }
            let answer = call.send().await.map_err(|error| failure(&error))?;
            let status = answer.status().as_u16();
            let header = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok());
            let etag = header("etag").map(str::to_owned);
            let retry_after = header("retry-after").and_then(|text| text.parse().ok()).map(Duration::from_secs);
            // Whatever is wrong with the answer, the request was sent as it is.
            let body = answer.bytes().await.map_err(|error| lost(Stage::Ambiguous, &error))?;
            Ok(Answer { status, etag, retry_after, body })
        })
    }
}

fn failure(error: &reqwest::Error) -> Lost {
    let stage = if error.is_connect() || error.is_builder() {
        Stage::NotSent
    } else if error.is_body() {
        Stage::Changed
    } else {
        Stage::Ambiguous
    };
    lost(stage, error)
}

/// The cause that says most is the last of the chain.
fn lost(stage: Stage, error: &reqwest::Error) -> Lost {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    Lost { stage, detail: cause.to_string() }
}

impl fmt::Debug for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} ({} bytes)", self.method, self.url, self.body.size())
    }
}
