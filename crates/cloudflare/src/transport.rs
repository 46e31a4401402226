//! The seam for faults: sends one request and gives one answer, or says how far it came.

use std::fmt;
use std::pin::Pin;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url};

/// A future on the heap, as a trait object needs it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Sends one request, once: it neither repeats nor follows redirects nor judges the answer.
pub trait Transport: Send + Sync {
    /// Sends `request` and gives the whole answer, whatever its status.
    ///
    /// # Errors
    /// A [`TransportError`] whose stage says whether the server can have acted.
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse, TransportError>>;
}

/// A request, ready to be sent. `Debug` shows neither sensitive headers nor the body.
#[derive(Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The whole URL, with the query.
    pub url: Url,
    /// The headers. Those that carry the credential are marked sensitive.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
}

/// An answer, read to its end. `Debug` shows neither headers nor the body, which may carry a token's value.
#[derive(Clone)]
pub struct HttpResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A request that got no complete answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{stage}: {detail}")]
pub struct TransportError {
    /// How far the request came.
    pub stage: Stage,
    /// What happened, in words, without URL, headers or body.
    pub detail: String,
}

/// How far a request came that got no complete answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// It never left: no connection was made. The server cannot have acted.
    NotSent,
    /// The connection broke after it may have been sent. The server may have acted.
    Ambiguous,
    /// No complete answer came in time. The server may have acted.
    TimedOut,
    /// The answer is longer than a client should hold. The server has acted on the request.
    TooLarge,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpRequest")
            .field("method", &self.method)
            .field("url", &self.url.as_str())
            .field("headers", &self.headers)
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl fmt::Debug for HttpResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpResponse")
            .field("status", &self.status)
            .field("headers", &format_args!("{}", self.headers.len()))
            .field("body", &format_args!("{} bytes", self.body.len()))
            .finish()
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotSent => "not sent",
            Self::Ambiguous => "connection lost",
            Self::TimedOut => "timed out",
            Self::TooLarge => "answer too large",
        })
    }
}
