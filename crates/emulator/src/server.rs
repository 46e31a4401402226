//! Serving an emulator over HTTP.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::emulator::Emulator;

/// Starts servers.
#[derive(Debug)]
pub struct Server;

/// A server that runs. Dropping it stops it accepting at once; calls under way may still end.
#[derive(Debug)]
pub struct Running {
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
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let listener = listener.tap_io(|stream| {
            // Only the answers' speed depends on it.
            let _ = stream.set_nodelay(true);
        });
        let service = emulator.router().into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let signal = async {
                // A sender that is gone means the same as a message.
                let _ = stopped.await;
            };
            // Accepting goes on after errors, so that this ends at the signal alone.
            let _ = axum::serve(listener, service).with_graceful_shutdown(signal).await;
        });
        Ok(Running { address, stop: Some(stop), task })
    }
}

impl Running {
    /// The address that is listened at.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL for clients: `http://127.0.0.1:PORT/client/v4`.
    #[must_use]
    pub fn api_url(&self) -> String {
        format!("http://{}/client/v4", self.address)
    }

    /// Stops accepting, waits two seconds at most for calls under way, and returns.
    pub async fn shutdown(mut self) {
        const PATIENCE: Duration = Duration::from_secs(2);
        if let Some(stop) = self.stop.take() {
            // The receiver is gone only where the server has ended already.
            let _ = stop.send(());
        }
        // What still runs then is left behind.
        let _ = tokio::time::timeout(PATIENCE, &mut self.task).await;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}
