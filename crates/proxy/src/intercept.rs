//! A tunnel that is looked into: TLS with a certificate of the run's authority, and HTTP/2 or 1.1 in it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio_rustls::TlsAcceptor;

use crate::forward::Place;
use crate::server::Shared;

/// A handshake takes milliseconds.
const HANDSHAKE: Duration = Duration::from_secs(20);
/// How long a client may say nothing between its requests; Cloudflare's own edge waits 400 s.
const IDLE: Duration = Duration::from_secs(400);
/// The longest head of a request; Cloudflare's is 128 KiB (docs: fundamentals/reference/connection-limits).
const LONGEST_HEAD: usize = 128 << 10;
/// How many requests of one client are under way at once.
const MOST_STREAMS: u32 = 128;

/// Serves one tunnel until the client is done. Whatever goes wrong ends this tunnel alone.
pub(crate) async fn intercept(shared: &Arc<Shared>, place: Place, tunnel: Upgraded) {
    let Ok(config) = shared.authority.for_host(&place.host) else { return };
    let accepted = TlsAcceptor::from(config).accept(TokioIo::new(tunnel));
    // A client that does not trust the authority ends it here.
    let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE, accepted).await else { return };
    let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let place = Arc::new(place);
    let service = service_fn(|request: Request<Incoming>| {
        let (shared, place) = (shared.clone(), place.clone());
        async move { Ok::<_, Infallible>(shared.forward.call(&place, request).await) }
    });
    let stream = TokioIo::new(stream);
    if is_http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.timer(TokioTimer::new()).max_concurrent_streams(MOST_STREAMS).max_header_list_size(LONGEST_HEAD as u32);
        let _ = builder.serve_connection(stream, service).await;
    } else {
        let mut builder = http1::Builder::new();
        builder.timer(TokioTimer::new()).header_read_timeout(IDLE).max_buf_size(LONGEST_HEAD);
        let _ = builder.serve_connection(stream, service).await;
    }
}
