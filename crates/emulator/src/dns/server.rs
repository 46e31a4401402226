//! The DNS server: packets and streams at one address.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::wire::{Transport, answer};
use crate::emulator::Inner;

/// Streams that are served at once; others wait.
const STREAMS: usize = 64;
/// A stream on which nothing comes for so long is closed.
const PATIENCE: Duration = Duration::from_secs(10);

/// A DNS server that runs. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Serving {
    pub(crate) address: SocketAddr,
    tasks: [JoinHandle<()>; 2],
}

impl Serving {
    /// Listens for packets and streams at one address, where port 0 means one that is free for both.
    pub(crate) async fn start(emulator: Arc<Inner>, address: SocketAddr) -> io::Result<Self> {
        let (packets, streams) = bind(address).await?;
        let address = packets.local_addr()?;
        let tasks =
            [tokio::spawn(serve_packets(emulator.clone(), packets)), tokio::spawn(serve_streams(emulator, streams))];
        Ok(Self { address, tasks })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

async fn bind(address: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    // Another program may hold the other half of a free port.
    const TRIES: usize = 16;
    let mut tries = 0;
    loop {
        let streams = TcpListener::bind(address).await?;
        match UdpSocket::bind(streams.local_addr()?).await {
            Ok(packets) => return Ok((packets, streams)),
            Err(error) if address.port() != 0 || tries == TRIES => return Err(error),
            Err(_) => tries += 1,
        }
    }
}

async fn serve_packets(emulator: Arc<Inner>, socket: UdpSocket) {
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        // An error is of one packet, as where a former answer was not delivered.
        let Ok((length, asker)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        let packet = buffer.get(..length).unwrap_or_default();
        if let Some(written) = answer(&emulator.state(), packet, Transport::Udp) {
            // Whoever asked asks again.
            let _ = socket.send_to(&written, asker).await;
        }
    }
}

async fn serve_streams(emulator: Arc<Inner>, listener: TcpListener) {
    let room = Arc::new(Semaphore::new(STREAMS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, for one.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let emulator = emulator.clone();
        tokio::spawn(async move {
            let _place = place;
            // What ends a stream is the asker's matter.
            let _ = serve_stream(&emulator, stream).await;
        });
    }
}

/// Answers the questions of one stream, in order, until it ends.
async fn serve_stream(emulator: &Inner, mut stream: TcpStream) -> io::Result<()> {
    loop {
        let packet = tokio::time::timeout(PATIENCE, async {
            let length = stream.read_u16().await?;
            let mut packet = vec![0; usize::from(length)];
            stream.read_exact(&mut packet).await?;
            io::Result::Ok(packet)
        });
        let packet = packet.await.map_err(|_| io::ErrorKind::TimedOut)??;
        let Some(written) = answer(&emulator.state(), &packet, Transport::Tcp) else { return Ok(()) };
        let length = u16::try_from(written.len()).map_err(|_| io::ErrorKind::InvalidData)?;
        let mut whole = length.to_be_bytes().to_vec();
        whole.extend(written);
        tokio::time::timeout(PATIENCE, stream.write_all(&whole)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    }
}
