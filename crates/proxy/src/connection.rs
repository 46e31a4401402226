//! One connection to the proxy: the secret first, then where it wants to go.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION};
use hyper::http::uri::{Authority, Scheme};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;

use crate::forward::{Place, refusal};
use crate::hosts::face;
use crate::intercept::intercept;
use crate::plain::addressed;
use crate::server::Shared;
use crate::watched::AnyBody;

/// How long a client may take to say where it wants to go.
const PATIENCE: Duration = Duration::from_secs(30);
/// A `CONNECT` is short; a call of the API itself may come this way, too.
const LONGEST_HEAD: usize = 64 << 10;

/// What a connection becomes when its `CONNECT` is answered.
enum Onward {
    /// Looked into.
    Intercepted(OnUpgrade, Place),
    /// Bytes that pass as they are.
    Tunnelled(OnUpgrade, TokioIo<TcpStream>),
}

/// Serves one connection until one of its ends is done, and says in `known` when the secret was said. Whatever goes wrong ends this
/// connection alone.
pub(crate) async fn serve(shared: &Arc<Shared>, stream: TcpStream, known: &AtomicBool) {
    let onward = Mutex::new(None);
    let service = service_fn(|mut request: Request<Incoming>| async {
        if let Some(place) = addressed(&shared.secret, &mut request) {
            known.store(true, Ordering::Relaxed);
            return Ok(shared.forward.call(&place, request).await);
        }
        Ok::<_, Infallible>(match answer(shared, request, known).await {
            Ok(way) => {
                *onward.lock().unwrap_or_else(PoisonError::into_inner) = Some(way);
                Response::new(Empty::new().map_err(|never| match never {}).boxed_unsync())
            }
            Err(refused) => *refused,
        })
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(PATIENCE).max_buf_size(LONGEST_HEAD);
    let served = builder.serve_connection(TokioIo::new(stream), service).with_upgrades().await;
    let way = onward.lock().unwrap_or_else(PoisonError::into_inner).take();
    if served.is_err() {
        return;
    }
    // In the same task: it ends with the proxy, and counts as a connection until it ends.
    match way {
        Some(Onward::Intercepted(upgrade, place)) => {
            if let Ok(tunnel) = upgrade.await {
                intercept(shared, place, tunnel).await;
            }
        }
        Some(Onward::Tunnelled(upgrade, there)) => {
            if let Ok(here) = upgrade.await {
                let _ = copy_bidirectional(&mut TokioIo::new(here), &mut there.into_inner()).await;
            }
        }
        None => {}
    }
}

async fn answer(
    shared: &Shared,
    mut request: Request<Incoming>,
    known: &AtomicBool,
) -> Result<Onward, Box<Response<AnyBody>>> {
    let refuse = |status, words: &str| Box::new(refusal(status, words));
    if !shared.secret.is_said_by(request.headers().get(PROXY_AUTHORIZATION)) {
        let mut refused =
            refuse(StatusCode::PROXY_AUTHENTICATION_REQUIRED, "it serves the command that it was started for");
        refused.headers_mut().insert(PROXY_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"flarekeep\""));
        return Err(refused);
    }
    known.store(true, Ordering::Relaxed);
    if request.method() != Method::CONNECT {
        return Err(refuse(StatusCode::METHOD_NOT_ALLOWED, "it takes CONNECT alone; http:// needs no proxy"));
    }
    let authority = request.uri().authority().cloned();
    let target = authority.as_ref().and_then(|authority| Some((authority, authority.port_u16()?)));
    let Some((authority, port)) = target.filter(|(authority, _)| !authority.as_str().contains('@')) else {
        return Err(refuse(StatusCode::BAD_REQUEST, "CONNECT names a host and a port"));
    };
    let upgrade = hyper::upgrade::on(&mut request);
    let host = authority.host();
    if let Some(face) = face(host).filter(|_| port == 443) {
        let host = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
        return Ok(Onward::Intercepted(upgrade, Place { face, host }));
    }
    let connected = shared.dial.connect(address(authority)).await;
    connected
        .map(|there| Onward::Tunnelled(upgrade, there))
        .map_err(|_| refuse(StatusCode::BAD_GATEWAY, "the host cannot be reached"))
}

fn address(authority: &Authority) -> Uri {
    let built = Uri::builder().scheme(Scheme::HTTPS).authority(authority.clone()).path_and_query("/").build();
    built.unwrap_or_default()
}
