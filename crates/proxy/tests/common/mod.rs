//! A proxy, a server that stands for Cloudflare, and clients of both.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use flarekeep_proxy::{Authority, Dial, Exchange, Keeper, Options, Proxy, Upstream};
use reqwest::{Certificate, Client};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

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

    /// A tunnel to a host that is looked into, in which the protocol is spoken.
    pub(crate) async fn tunnel(&self, host: &'static str, protocol: &[u8]) -> TlsStream<TcpStream> {
        provide();
        let mut roots = RootCertStore::empty();
        roots.add(self.proxy.authority().der()).unwrap();
        let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let mut stream = TcpStream::connect(self.proxy.address()).await.unwrap();
        let connect = format!("CONNECT {host}:443 HTTP/1.1\r\nproxy-authorization: {}\r\n\r\n", self.authorization());
        stream.write_all(connect.as_bytes()).await.unwrap();
        let mut head = [0; 256];
        let read = stream.read(&mut head).await.unwrap();
        assert!(head[..read].starts_with(b"HTTP/1.1 200"));
        TlsConnector::from(Arc::new(config)).connect(host.try_into().unwrap(), stream).await.unwrap()
    }

    /// What is answered in a tunnel to bytes that are one request, as they are.
    pub(crate) async fn answer(&self, host: &'static str, request: &str) -> String {
        let mut tunnel = self.tunnel(host, b"http/1.1").await;
        tunnel.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // Whoever does not close is waited for a moment.
        let read = async {
            let mut part = [0; 4096];
            while let Ok(length @ 1..) = tunnel.read(&mut part).await {
                answer.extend_from_slice(&part[..length]);
            }
        };
        let _ = tokio::time::timeout(Duration::from_millis(500), read).await;
        String::from_utf8_lossy(&answer).into_owned()
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
