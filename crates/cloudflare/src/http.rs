//! The transport over the network: reqwest with rustls.

use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use reqwest::redirect::Policy;

use crate::transport::{BoxFuture, HttpRequest, HttpResponse, Stage, Transport, TransportError};

/// Sends requests over the network. It follows no redirect, so that no credential travels on, and repeats nothing.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
}

impl HttpTransport {
    /// For https. `timeout` bounds the whole call, from the connection to the last byte of the answer. A proxy is used
    /// when the environment names one (`HTTPS_PROXY`, `NO_PROXY`): it sees the host and nothing else.
    ///
    /// # Errors
    /// When TLS cannot be set up, as on a machine without root certificates.
    pub fn new(timeout: Duration) -> Result<Self, TransportError> {
        Self::build(builder(timeout).https_only(true))
    }

    /// For plain http to this machine. No proxy is used: it would see the credential in clear. No root certificates are
    /// needed, so that the local Cloudflare works in an empty container.
    ///
    /// # Errors
    /// When the client cannot be set up.
    pub fn loopback(timeout: Duration) -> Result<Self, TransportError> {
        Self::build(builder(timeout).no_proxy().tls_certs_only([]))
    }

    fn build(builder: reqwest::ClientBuilder) -> Result<Self, TransportError> {
        install_tls_provider();
        let client = builder.build().map_err(failure)?;
        Ok(Self { client })
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>> {
        Box::pin(async move {
            let HttpRequest { method, url, headers, body } = request;
            let mut call = self.client.request(method, url).headers(headers);
            if !body.is_empty() {
                call = call.body(body);
            }
            let mut response = call.send().await.map_err(failure)?;
            let status = response.status().as_u16();
            let headers = std::mem::take(response.headers_mut());
            Ok(HttpResponse { status, headers, body: read(response).await? })
        })
    }
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A server closes idle connections when it likes, and a write that crosses with it is lost ambiguously. Dropping them
/// early costs a handshake and keeps such calls rare.
const IDLE_TIMEOUT: Duration = Duration::from_secs(15);

/// The longest answer that is read: the server is not trusted to be brief.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

fn builder(timeout: Duration) -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(concat!("flarekeep/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
}

/// Chooses what rustls encrypts with: it asks for one provider for the whole process. Called again, it does nothing.
pub fn install_tls_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A refusal means that the program has installed one of its own: that one is used.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

async fn read(mut response: reqwest::Response) -> Result<Bytes, TransportError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failure)? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(TransportError {
                stage: Stage::TooLarge,
                detail: format!("the answer is longer than {} MiB", LONGEST_BODY >> 20),
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

fn failure(error: reqwest::Error) -> TransportError {
    let stage = if error.is_connect() || error.is_builder() {
        Stage::NotSent
    } else if error.is_timeout() {
        Stage::TimedOut
    } else {
        Stage::Ambiguous
    };
    TransportError { stage, detail: innermost(&error.without_url()) }
}

/// The cause that says most: the last of the chain. The outer ones say "error sending request" and the like.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
