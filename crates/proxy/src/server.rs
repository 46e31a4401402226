//! The proxy: it listens on loopback, for as long as it is kept.

use std::collections::VecDeque;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use crate::authority::Authority;
use crate::connection::serve;
use crate::dial::Dial;
use crate::exchange::Observer;
use crate::forward::Forward;
use crate::keeper::Keeper;
use crate::secret::Secret;
use crate::upstream::Upstream;

/// How many connections there are at once; more wait to be accepted.
const MOST_CONNECTIONS: usize = 512;
/// How many of them may have said no secret yet: the oldest gives way to the next, so that nobody who knows none keeps others out.
const MOST_STRANGERS: usize = 128;
/// Servers close idle connections when they like; this is before most do.
const IDLE: Duration = Duration::from_secs(15);

/// What a proxy is started with.
pub struct Options {
    /// Where the calls are passed on to.
    pub upstream: Upstream,
    /// How connections to the world outside are made.
    pub dial: Dial,
    /// Roots that are trusted on the way there, beside the system's.
    pub roots: Vec<CertificateDer<'static>>,
    /// Who hears of the calls.
    pub observer: Arc<dyn Observer>,
    /// Who keeps a credential from the command, where anybody does.
    pub keeper: Option<Keeper>,
}

/// A proxy that runs. Dropping it ends it and all of its connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

/// What all connections have in common.
pub(crate) struct Shared {
    pub(crate) authority: Authority,
    pub(crate) secret: Secret,
    pub(crate) forward: Forward,
    pub(crate) dial: Dial,
}

impl Proxy {
    /// Listens at any free port of 127.0.0.1. To be called in a runtime of tokio.
    ///
    /// # Errors
    /// When the system has no random numbers or no port.
    pub async fn start(authority: Authority, options: Options) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector(&options).map_err(std::io::Error::other)?);
        let Options { upstream, dial, observer, keeper, .. } = options;
        let forward = Forward { client, upstream, observer, keeper };
        let shared = Arc::new(Shared { authority, secret: Secret::generated()?, forward, dial });
        let task = tokio::spawn(accept(listener, shared.clone()));
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The value for `HTTPS_PROXY`: `http://flarekeep:SECRET@127.0.0.1:PORT`. It holds the secret of the run.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}@{}", self.shared.secret.user_part(), self.address)
    }

    /// The API's address for clients that ask for no proxy: `http://127.0.0.1:PORT/SECRET/client/v4`. It holds the secret of the
    /// run.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}/{}/client/v4", self.address, self.shared.secret.segment())
    }

    /// Its authority.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.shared.authority
    }

    /// Ends it and all of its connections; calls that are under way are told as they stand.
    pub async fn end(mut self) {
        self.task.abort();
        // Cancelled, as was asked for.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("authority", &self.authority).finish_non_exhaustive()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    // Aborted with this task, and so are its connections.
    let mut connections = JoinSet::new();
    let mut strangers = VecDeque::new();
    loop {
        let Ok(permit) = room.clone().acquire_owned().await else { return };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _ = stream.set_nodelay(true);
                    let (shared, known) = (shared.clone(), Arc::new(AtomicBool::new(false)));
                    let said = known.clone();
                    let task = connections.spawn(async move {
                        serve(&shared, stream, &said).await;
                        drop(permit);
                    });
                    strangers.push_back((task, known));
                    make_room(&mut strangers);
                }
                // Out of file descriptors, say: a pause lets others end.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Forgets who said the secret, and ends the oldest of too many who did not.
fn make_room(strangers: &mut VecDeque<(AbortHandle, Arc<AtomicBool>)>) {
    strangers.retain(|(task, known)| !task.is_finished() && !known.load(Ordering::Relaxed));
    if strangers.len() > MOST_STRANGERS
        && let Some((oldest, _)) = strangers.pop_front()
    {
        oldest.abort();
    }
}

fn connector(options: &Options) -> Result<hyper_rustls::HttpsConnector<Dial>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    if options.upstream.is_https() {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(options.roots.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let builder = HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1();
    Ok(builder.wrap_connector(options.dial.clone()))
}
