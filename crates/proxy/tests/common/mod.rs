//! A proxy, a server that stands for Cloudflare, and clients of both.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use flarekeep_proxy::{Authority, Dial, Exchange, Keeper, Options, Proxy, Upstream};
use reqwest::{Certificate, Client};
use tokio::net::TcpListener;

/// What was told of calls.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<Exchange>>>);

pub(crate) struct Stage {
    pub(crate) proxy: Proxy,
    pub(crate) told: Told,
    /// Of the server that stands for Cloudflare.
    pub(crate) server: SocketAddr,
}

impl Told {
    /// The calls so far.
    pub(crate) fn all(&self) -> Vec<Exchange> {
        self.0.lock().unwrap().clone()
    }

    /// The calls, when there are so many: the last is told a moment after its answer.
    pub(crate) async fn when(&self, count: usize) -> Vec<Exchange> {
        for _ in 0..500 {
            if self.all().len() >= count {
                break;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let all = self.all();
        assert_eq!(all.len(), count, "{all:?}");
        all
    }
}

/// Serves a router on loopback.
pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

impl Stage {
    /// A proxy before a router.
    pub(crate) async fn before(router: Router) -> Self {
        Self::kept(router, None).await
    }

    /// The same with somebody who keeps a credential.
    pub(crate) async fn kept(router: Router, keeper: Option<Keeper>) -> Self {
        let server = serve(router).await;
        let told = Told::default();
        let hears = told.clone();
        let options = Options {
            upstream: Upstream::elsewhere(&format!("http://{server}/client/v4"), Some(&format!("http://{server}")))
                .unwrap(),
            dial: Dial::straight(),
            roots: Vec::new(),
            observer: Arc::new(move |exchange| hears.0.lock().unwrap().push(exchange)),
            keeper,
        };
        let proxy = Proxy::start(Authority::generated().unwrap(), options).await.unwrap();
        Self { proxy, told, server }
    }

    /// A client that goes through it and trusts the run's authority, and nobody else.
    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// The same that speaks HTTP/1.1 alone.
    pub(crate) fn client_of_http1(&self) -> Client {
        self.builder().http1_only().build().unwrap()
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        provide();
        let root = Certificate::from_der(&self.proxy.authority().der()).unwrap();
        let proxy = reqwest::Proxy::all(self.proxy.url()).unwrap();
        Client::builder().proxy(proxy).tls_certs_only([root])
    }

    /// The value for the header that says the secret.
    pub(crate) fn authorization(&self) -> String {
        use base64::Engine;
        let url = self.proxy.url();
        let user = url.strip_prefix("http://").unwrap().split('@').next().unwrap();
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user))
    }
}

pub(crate) fn provide() {
    let _ = rustls::crypto::ring::default_provider().install_default();
}
