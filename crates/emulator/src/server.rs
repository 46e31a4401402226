//! Serving an emulator over HTTP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::dns::server::Serving;
use crate::edge::{Edge, EdgeOptions};
use crate::emulator::Emulator;
use crate::line::{Lines, Peer};

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that runs. Dropping it stops it accepting at once; calls under way may still end.
#[derive(Debug)]
pub struct Running {
    api: Listening,
    s3: Option<Listening>,
    dns: Option<Serving>,
    edge: Option<(Listening, Edge)>,
}

/// One address that is listened at.
#[derive(Debug)]
struct Listening {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens at `address`, where port 0 means any free port, and answers until the server is shut down.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub async fn start(emulator: Emulator, address: SocketAddr) -> io::Result<Running> {
        Ok(Running { api: Listening::start(emulator.router(), address).await?, s3: None, dns: None, edge: None })
    }
}

impl Running {
    /// Serves R2's S3 face as well, at an address of its own, where port 0 means any free port.
    ///
    /// # Errors
    /// The address cannot be listened at; the API's is listened at as before.
    pub async fn serve_s3(&mut self, emulator: &Emulator, address: SocketAddr) -> io::Result<()> {
        self.s3 = Some(Listening::start(emulator.s3_router(), address).await?);
        Ok(())
    }

    /// Serves DNS as well, over UDP and TCP at one address, where port 0 means any port that is free for both: it answers
    /// from the zones' records and the foreign names.
    ///
    /// # Errors
    /// The address cannot be listened at.
    pub async fn serve_dns(&mut self, emulator: &Emulator, address: SocketAddr) -> io::Result<()> {
        self.dns = Some(Serving::start(emulator.inner().clone(), address).await?);
        Ok(())
    }

    /// The address at which DNS is answered; none where it is not.
    #[must_use]
    pub fn dns_address(&self) -> Option<SocketAddr> {
        self.dns.as_ref().map(|dns| dns.address)
    }

    /// Runs Workers as well, and answers for them at an address of its own, where port 0 means any free port.
    ///
    /// # Errors
    /// There is no such workerd, or the address cannot be listened at; all else is served as before.
    pub async fn serve_edge(
        &mut self,
        emulator: &Emulator,
        address: SocketAddr,
        options: EdgeOptions,
    ) -> io::Result<()> {
        let edge = emulator.edge(options).await?;
        self.edge = Some((Listening::start(edge.router(), address).await?, edge));
        Ok(())
    }

    /// Where Workers answer: `http://127.0.0.1:PORT`; none where they do not run.
    #[must_use]
    pub fn edge_url(&self) -> Option<String> {
        self.edge.as_ref().map(|(edge, _)| format!("http://{}", edge.address))
    }

    /// The address at which the API is listened at.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.api.address
    }

    /// The base URL for clients: `http://127.0.0.1:PORT/client/v4`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}/client/v4", self.api.address)
    }

    /// The endpoint for S3 clients, path-style: `http://127.0.0.1:PORT`; none where the S3 face is not served.
    #[must_use]
    pub fn s3_endpoint(&self) -> Option<String> {
        self.s3.as_ref().map(|s3| format!("http://{}", s3.address))
    }

    /// Stops accepting, waits two seconds at most for calls under way, and returns.
    pub async fn shutdown(mut self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        let mut listening: Vec<_> = std::iter::once(&mut self.api)
            .chain(&mut self.s3)
            .chain(self.edge.as_mut().map(|(edge, _)| edge))
            .collect();
        for one in &mut listening {
            if let Some(stop) = one.stop.take() {
                // The receiver is gone only where the server has ended already.
                let _ = stop.send(());
            }
        }
        // What still runs then is left behind.
        let _ = tokio::time::timeout(PATIENCE, async {
            for one in listening {
                let _ = (&mut one.task).await;
            }
        })
        .await;
    }
}

impl Listening {
    async fn start(service: Router, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let listener = Lines(listener);
        let service = service.into_make_service_with_connect_info::<Peer>();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let signal = async {
                // A sender that is gone means the same as a message.
                let _ = stopped.await;
            };
            // Accepting goes on after errors, so that this ends at the signal alone.
            let _ = axum::serve(listener, service).with_graceful_shutdown(signal).await;
        });
        Ok(Self { address, stop: Some(stop), task })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}
