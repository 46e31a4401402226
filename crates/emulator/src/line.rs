//! Connections that can be severed: a fault may close one without a byte of an answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// A listener whose connections can be severed.
pub(crate) struct Lines(pub(crate) TcpListener);

/// One connection. Once it is severed nothing more is written to it, so that the server closes it.
pub(crate) struct Line {
    stream: TcpStream,
    severed: Switch,
}

/// Severs one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

/// Who is at the other end, and how to be rid of it.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    address: SocketAddr,
    switch: Switch,
}

impl Switch {
    pub(crate) fn sever(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn is_severed(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Puts the client's address where handlers look for it, and gives the connection's switch; none where the request
/// came another way, as from a test of the router.
pub(crate) fn arrived(request: &mut Request) -> Option<Switch> {
    let extensions = request.extensions_mut();
    let ConnectInfo(Peer { address, switch }) = extensions.remove::<ConnectInfo<Peer>>()?;
    extensions.insert(ConnectInfo(address));
    Some(switch)
}

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let (stream, address) = Listener::accept(&mut self.0).await;
        // Only the answers' speed depends on it.
        let _ = stream.set_nodelay(true);
        (Line { stream, severed: Switch::default() }, address)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

impl Connected<IncomingStream<'_, Lines>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Self {
        Self { address: *stream.remote_addr(), switch: stream.io().severed.clone() }
    }
}

impl Line {
    fn writable(&self) -> io::Result<()> {
        if self.severed.is_severed() { Err(io::ErrorKind::ConnectionAborted.into()) } else { Ok(()) }
    }
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.writable()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.writable()?;
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.writable()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
