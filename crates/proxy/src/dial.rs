//! Connections to the world outside: straight, or through the proxy that the user's environment names.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How connections are made.
#[derive(Debug, Clone)]
pub struct Dial {
    straight: HttpConnector,
    /// None where every connection is straight.
    proxies: Option<std::sync::Arc<Matcher>>,
}

impl Dial {
    /// Straight to where they lead.
    #[must_use]
    pub fn straight() -> Self {
        let mut straight = HttpConnector::new();
        straight.enforce_http(false);
        straight.set_nodelay(true);
        straight.set_connect_timeout(Some(CONNECT_TIMEOUT));
        Self { straight, proxies: None }
    }

    /// As `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` of this process say; plain http and proxies that speak TLS or SOCKS
    /// themselves are gone to straight.
    #[must_use]
    pub fn as_environment_says() -> Self {
        Self { proxies: Some(Matcher::from_env().into()), ..Self::straight() }
    }

    /// Connects to a host of which TLS is spoken.
    pub(crate) async fn connect(&self, target: Uri) -> Result<TokioIo<TcpStream>, Failure> {
        let is_https = target.scheme_str() == Some("https");
        let proxy = self.proxies.as_ref().filter(|_| is_https).and_then(|proxies| proxies.intercept(&target));
        let mut straight = self.straight.clone();
        let Some(proxy) = proxy.filter(|proxy| proxy.uri().scheme_str() == Some("http")) else {
            return Ok(straight.call(target).await?);
        };
        let mut tunnel = Tunnel::new(proxy.uri().clone(), straight);
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        Ok(tokio::time::timeout(CONNECT_TIMEOUT, tunnel.call(target)).await??)
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Failure>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { dial.connect(target).await })
    }
}
