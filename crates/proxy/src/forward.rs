//! A call that is looked into: told, and passed on.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, EXPECT, HOST, HeaderValue, USER_AGENT};
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use serde_json::json;

use crate::dial::Dial;
use crate::exchange::{CredentialKind, Exchange, Observer, copied, url};
use crate::headers::{self, COPY_SOURCE};
use crate::hosts::Face;
use crate::keeper::{Keeper, Refusal};
use crate::upstream::Upstream;
use crate::watched::{AnyBody, Pending, Watched, codes};

/// What a call of it needs, only its body says.
const GRAPHQL: &str = "/client/v4/graphql";

/// How long the body of a refused call is read.
const READ_OUT: Duration = Duration::from_secs(2);

/// Passes calls on.
pub(crate) struct Forward {
    pub(crate) client: Client<HttpsConnector<Dial>, AnyBody>,
    pub(crate) upstream: Upstream,
    pub(crate) observer: Arc<dyn Observer>,
    pub(crate) keeper: Option<Keeper>,
}

/// The host that a tunnel leads to, and what answers there.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) face: Face,
    /// In lower case.
    pub(crate) host: String,
}

impl Forward {
    /// Passes a call on, and gives the answer as it comes. What the client is told from here itself is no call.
    pub(crate) async fn call(&self, place: &Place, request: Request<Incoming>) -> Response<AnyBody> {
        // The answer to a TRACE is the call itself, its credential among it (RFC 9110, 9.3.8).
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return refusal(StatusCode::METHOD_NOT_ALLOWED, "no call of Cloudflare's has this method");
        }
        if !is_of(place, &request) {
            return refusal(StatusCode::MISDIRECTED_REQUEST, "the request names another host than its tunnel");
        }
        let mut path = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let graphql = Arc::new(Mutex::new(None));
        let told = told(place, &path, &request);
        let (mut head, body) = request.into_parts();
        // What S3 signs has a host; HTTP/2 has it in another place.
        if let Ok(host) = HeaderValue::from_str(&place.host) {
            head.headers.entry(HOST).or_insert(host);
        }
        if let Some(keeper) = &self.keeper
            && let Err(refused) = keeper.admit(&told, &mut path, &mut head.headers)
        {
            // Who asks before sending has not sent it.
            if !head.headers.contains_key(EXPECT) {
                read_out(body).await;
            }
            return refused_here(place.face, &refused, Pending::new(told, self.observer.clone()));
        }
        let Some(address) = self.upstream.address(place.face, &place.host, &path) else {
            return refusal(StatusCode::BAD_GATEWAY, "where R2's S3 face is, nobody has said: --r2 URL says it");
        };
        let mut pending = Pending::new(told, self.observer.clone());
        let asks_graphql =
            place.face == Face::Api && head.method == Method::POST && path.path().trim_end_matches('/') == GRAPHQL;
        let body = match asks_graphql {
            true => {
                let slot = graphql.clone();
                Watched::new(body, move |kept| *slot.lock().unwrap_or_else(PoisonError::into_inner) = kept)
                    .map_err(Into::into)
                    .boxed_unsync()
            }
            false => body.map_err(Into::into).boxed_unsync(),
        };
        headers::of_request(&mut head.headers, place.face);
        // R2's signatures are of the host that was called, as it was written.
        let host = address.authority().map(Authority::as_str).filter(|_| place.face == Face::Api);
        if let Some(host) = host.and_then(|host| HeaderValue::from_str(host).ok()) {
            head.headers.insert(HOST, host);
        }
        head.uri = address;
        head.version = Version::HTTP_11;
        let answered = self.client.request(Request::from_parts(head, body)).await;
        pending.change(|exchange| exchange.graphql = graphql.lock().unwrap_or_else(PoisonError::into_inner).take());
        match answered {
            Ok(answer) => watched(place.face, answer, pending),
            Err(error) => {
                drop(pending);
                refusal(
                    StatusCode::BAD_GATEWAY,
                    &format!("no answer came from where the calls are sent on: {}", innermost(&error)),
                )
            }
        }
    }
}

/// The answer, read along where it may hold error codes.
fn watched(face: Face, answer: Response<Incoming>, mut pending: Pending) -> Response<AnyBody> {
    let (mut head, body) = answer.into_parts();
    headers::of_answer(&mut head.headers);
    pending.change(|exchange| exchange.status = Some(head.status.as_u16()));
    let is_json = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let body = match face == Face::Api && is_json {
        true => Watched::new(body, move |kept| {
            let mut pending = pending;
            let found = kept.map(|kept| codes(&kept)).unwrap_or_default();
            pending.change(|exchange| exchange.errors = found);
        })
        .map_err(Into::into)
        .boxed_unsync(),
        false => body.map_err(Into::into).boxed_unsync(),
    };
    Response::from_parts(head, body)
}

/// The answer to a call that may not have the credential: Cloudflare's own for such a refusal, and who it is from.
fn refused_here(face: Face, refused: &Refusal, mut pending: Pending) -> Response<AnyBody> {
    let Refusal { code, why } = refused;
    let why = format!("refused by flarekeep's guard: {why}");
    pending.change(|exchange| {
        exchange.status = Some(StatusCode::FORBIDDEN.as_u16());
        exchange.errors = if face == Face::Api { vec![*code] } else { Vec::new() };
    });
    let (kind, text) = match face {
        Face::Api => {
            let error = json!({ "code": code, "message": format!("Authentication error ({why})") });
            let envelope = json!({ "success": false, "errors": [error], "messages": [], "result": null });
            ("application/json", envelope.to_string())
        }
        Face::R2 => {
            let why = why.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
            ("application/xml", format!("{head}<Error><Code>AccessDenied</Code><Message>{why}</Message></Error>"))
        }
    };
    answer(StatusCode::FORBIDDEN, kind, text)
}

/// Reads the body of a call that is refused, as far as it comes in time: clients of HTTP/2 take an answer for a failure whose
/// stream is reset while they still send.
async fn read_out(mut body: Incoming) {
    let all = async { while let Some(Ok(_)) = body.frame().await {} };
    drop(tokio::time::timeout(READ_OUT, all).await);
}

/// What is told of a call before its answer is known.
fn told(place: &Place, path: &PathAndQuery, request: &Request<Incoming>) -> Exchange {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    Exchange {
        at: SystemTime::now(),
        face: place.face,
        method: request.method().as_str().to_owned(),
        url: url(&place.host, path.path()),
        query: path.query().map(str::to_owned),
        status: None,
        errors: Vec::new(),
        credential: CredentialKind::shown(request.headers(), path.query()),
        by_wrangler: text(USER_AGENT.as_str()).is_some_and(|agent| agent.starts_with("wrangler")),
        copies: text(COPY_SOURCE).filter(|_| place.face == Face::R2).map(copied),
        graphql: None,
    }
}

/// Whether a request names the host that its tunnel leads to.
fn is_of(place: &Place, request: &Request<Incoming>) -> bool {
    let is_it = |name: &str| {
        let name = name.strip_suffix(":443").unwrap_or(name);
        name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case(&place.host)
    };
    let mut hosts = request.headers().get_all(HOST).iter();
    let in_header = hosts.next().map(|value| value.to_str().is_ok_and(is_it));
    let in_uri = request.uri().authority().map(|authority| is_it(authority.as_str()));
    // HTTP/1.0 may name none.
    let named = in_header.is_some() || in_uri.is_some() || request.version() == Version::HTTP_10;
    named && hosts.next().is_none() && in_header.unwrap_or(true) && in_uri.unwrap_or(true)
}

/// An answer that is this proxy's own.
pub(crate) fn refusal(status: StatusCode, words: &str) -> Response<AnyBody> {
    answer(status, "text/plain; charset=utf-8", format!("flarekeep's proxy: {words}\n"))
}

fn answer(status: StatusCode, kind: &'static str, text: String) -> Response<AnyBody> {
    let mut answer = Response::new(Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// What went wrong at bottom: the outer errors say only where.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
