//! The recorder's proxy with bytes of any kind: before its tunnel, where it asks for the secret of the run, and in it.
//!
//! Whatever comes, nothing panics, the next client that speaks well is answered, and nothing is passed on for those who do not
//! know the secret. In a seed, `~s` stands for the secret as a header has it, and `~p` for it as a path has it.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flarekeep_catalogue::API_HOST;
use flarekeep_proxy::{Authority, Dial, Exchange, Options, Proxy, Upstream};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsConnector;

/// How long an answer is waited for: broken requests get none.
const PATIENCE: Duration = Duration::from_millis(4);
/// What a client that speaks well asks for.
const WELL: &str = "/client/v4/well";

/// What stands for Cloudflare, the proxy before it, and a client of both.
struct Stage {
    runtime: Runtime,
    proxy: Proxy,
    tls: TlsConnector,
    /// The calls that arrived, other than those of clients that speak well.
    arrived: Arc<AtomicUsize>,
}

/// Bytes before the tunnel, of somebody who does not know the secret.
pub(crate) fn strangers(data: &[u8]) {
    let stage = stage();
    stage.runtime.block_on(async {
        let before = stage.arrived.load(Ordering::SeqCst);
        let answer = poke(stage.connected().await, data).await;
        assert!(!answer.starts_with(b"HTTP/1.1 2"), "a stranger is served");
        stage.serves().await;
        assert_eq!(stage.arrived.load(Ordering::SeqCst), before, "nothing is passed on without the secret");
    });
}

/// Bytes before the tunnel, of somebody who knows it.
pub(crate) fn front(data: &[u8]) {
    let stage = stage();
    let data = stage.told_the_secret(data);
    stage.runtime.block_on(async {
        poke(stage.connected().await, &data).await;
        stage.serves().await;
    });
}

/// Bytes in the tunnel.
pub(crate) fn tunnel(data: &[u8]) {
    let stage = stage();
    stage.runtime.block_on(async {
        poke(stage.tunnel().await, data).await;
        stage.serves().await;
    });
}

impl Stage {
    async fn connected(&self) -> TcpStream {
        TcpStream::connect(self.proxy.address()).await.expect("a connection")
    }

    /// A tunnel to the API, in which HTTP/1.1 is spoken.
    async fn tunnel(&self) -> impl AsyncRead + AsyncWrite + Unpin + use<> {
        let mut stream = self.connected().await;
        let connect =
            format!("CONNECT {API_HOST}:443 HTTP/1.1\r\nproxy-authorization: {}\r\n\r\n", self.authorization());
        stream.write_all(connect.as_bytes()).await.expect("it listens");
        let mut head = [0; 256];
        let length = stream.read(&mut head).await.expect("an answer");
        assert!(head.get(..length).is_some_and(|head| head.starts_with(b"HTTP/1.1 200")), "a tunnel");
        self.tls.connect(API_HOST.try_into().expect("a name"), stream).await.expect("its authority is trusted")
    }

    /// The next client that speaks well is answered.
    async fn serves(&self) {
        let mut tunnel = self.tunnel().await;
        let call = format!("GET {WELL} HTTP/1.1\r\nhost: {API_HOST}\r\n\r\n");
        tunnel.write_all(call.as_bytes()).await.expect("it listens");
        let mut answer = [0; 512];
        let read = tokio::time::timeout(Duration::from_secs(10), tunnel.read(&mut answer)).await;
        let length = read.expect("an answer in time").expect("an answer");
        assert!(answer.get(..length).is_some_and(|answer| answer.starts_with(b"HTTP/1.1 200")), "a good answer");
        assert_eq!(panics().load(Ordering::SeqCst), 0, "a task panicked");
    }

    fn user(&self) -> String {
        let url = self.proxy.url();
        url.trim_start_matches("http://").split('@').next().unwrap_or_default().to_owned()
    }

    fn authorization(&self) -> String {
        format!("Basic {}", STANDARD.encode(self.user()))
    }

    fn told_the_secret(&self, data: &[u8]) -> Vec<u8> {
        let user = self.user();
        let segment = user.split(':').nth(1).unwrap_or_default().to_owned();
        let mut out = Vec::with_capacity(data.len());
        let mut rest = data;
        while let Some((first, behind)) = rest.split_first() {
            let (text, length) = match rest {
                [b'~', b's', ..] => (self.authorization().into_bytes(), 2),
                [b'~', b'p', ..] => (segment.clone().into_bytes(), 2),
                _ => (vec![*first], 1),
            };
            out.extend(text);
            rest = if length == 1 { behind } else { rest.get(length..).unwrap_or_default() };
        }
        out
    }
}

/// Sends, and gives how the answer begins, if one comes in a moment.
async fn poke(mut stream: impl AsyncRead + AsyncWrite + Unpin, data: &[u8]) -> Vec<u8> {
    let mut answer = Vec::with_capacity(1024);
    let _ = tokio::time::timeout(PATIENCE, async {
        let _ = stream.write_all(data).await;
        let _ = stream.flush().await;
        let _ = stream.read_buf(&mut answer).await;
    })
    .await;
    answer
}

fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        count_panics();
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let arrived = Arc::new(AtomicUsize::new(0));
        let (proxy, tls) = runtime.block_on(started(arrived.clone())).expect("a proxy");
        Stage { runtime, proxy, tls, arrived }
    })
}

async fn started(arrived: Arc<AtomicUsize>) -> io::Result<(Proxy, TlsConnector)> {
    let server = serve(arrived).await?;
    let upstream = Upstream::elsewhere(&format!("http://{server}/client/v4"), None).map_err(io::Error::other)?;
    let observer = Arc::new(|exchange: Exchange| {
        // What is told of a call is a URL of the two hosts, of visible characters.
        let visible = exchange.url.bytes().all(|byte| byte.is_ascii_graphic());
        assert!(visible && exchange.url.starts_with("https://"), "{exchange:?}");
    });
    let options = Options { upstream, dial: Dial::straight(), roots: Vec::new(), observer, keeper: None };
    let authority = Authority::generated().map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    roots.add(authority.der()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config = config.map_err(io::Error::other)?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok((Proxy::start(authority, options).await?, TlsConnector::from(Arc::new(config))))
}

/// Answers whatever comes, and counts it.
async fn serve(arrived: Arc<AtomicUsize>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let arrived = arrived.clone();
            tokio::spawn(async move {
                let mut head = [0; 4096];
                while let Ok(length @ 1..) = stream.read(&mut head).await {
                    let head = head.get(..length).unwrap_or_default();
                    if !head.starts_with(format!("GET {WELL} ").as_bytes()) {
                        arrived.fetch_add(1, Ordering::SeqCst);
                    }
                    if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    Ok(address)
}

/// A panic ends a task and goes unseen otherwise.
fn panics() -> &'static AtomicUsize {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    &PANICS
}

fn count_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        panics().fetch_add(1, Ordering::SeqCst);
        usual(panic);
    }));
}
