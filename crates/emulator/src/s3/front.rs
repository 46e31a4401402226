//! From a request of the S3 face to its answer: the key, the signature, the decision, and only then the effect.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONNECTION, CONTENT_LENGTH, EXPECT, SERVER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Version};
use percent_encoding::percent_decode_str;
use s3s::auth::SecretKey;
use s3s::{S3Error, S3Result, s3_error};

use super::Face;
use super::access::record;
use super::body::Shared;
use super::fault::unauthorized;
use super::mending::mended;
use super::signing::Signed;
use super::temporary::fits;
use super::visit::Visit;
use crate::emulator::Inner;
use crate::http::drain;
use crate::log::{Behind, CredentialKind, Seen, printable};
use crate::session::Session;
use crate::why;

tokio::task_local! {
    /// The secret of the temporary credential that the call is signed with, which its key alone does not tell.
    pub(super) static SESSION_SECRET: Option<SecretKey>;
}

impl Face {
    /// Answers one request.
    pub(crate) async fn serve(&self, emulator: &Arc<Inner>, request: Request) -> Response<Body> {
        let visit = Visit::of(&request, emulator);
        let (mut parts, body) = request.into_parts();
        let seen = emulator.is_listened_to().then(|| Seen::of(&parts));
        let (empty, waits) = (body.is_end_stream(), waits(&parts));
        let body = Shared::new(body, &parts);
        let head = (parts.method.clone(), parts.uri.clone(), parts.headers.clone());
        let mut response = match presented(&parts.headers, parts.uri.query(), emulator, &visit) {
            Ok(()) => {
                parts.extensions.insert(visit.clone());
                let taken = match empty {
                    true => s3s::Body::empty(),
                    false => s3s::Body::from(&body),
                };
                let request = Request::from_parts(parts, taken);
                let secret = visit.session().map(|session| SecretKey::from(session.secret.as_str()));
                match SESSION_SECRET.scope(secret, self.0.call(request)).await {
                    Ok(response) => mended(response, &head, &body),
                    Err(_) => answer(s3_error!(InternalError)),
                }
            }
            Err(error) => answer(error),
        };
        if head.0 == Method::HEAD && !response.status().is_success() {
            // R2 says what is wrong by the status alone.
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_LENGTH);
        }
        let status = response.status();
        // Who waits for leave to send has been told no, and sends nothing.
        if !status.is_success() && !empty && !waits {
            drain(Body::from_stream(body.clone())).await;
        }
        let mut outcome = visit.outcome();
        if !outcome.decided && outcome.verdict.cause.is_empty() {
            outcome.verdict.cause = if status == StatusCode::FORBIDDEN { "bad-signature" } else { "bad-request" };
        }
        // What R2 itself lacks is simulated to the letter.
        let lacking = outcome.verdict.allowed && !outcome.screened && status == StatusCode::NOT_IMPLEMENTED;
        let verdict = std::mem::take(&mut outcome.verdict);
        drop(outcome);
        let why = emulator.options.explain.then(|| why::line(&verdict));
        let headers = response.headers_mut();
        if waits && !body.is_begun() {
            // An answer in the place of the leave to send, as a refusal is, and the answer to an empty body, for which the
            // server asks nobody. A body that was not taken ends the connection anyway, and the client should be told so
            // (RFC 9110, 10.1.1). An empty one need not; but botocore, as awscli 1.46 brings it (1.43), keeps the status
            // of such an answer for the next answer on the same connection, takes that one's status line for a header,
            // finds no length, and waits for its end until it gives up. It forgets only with the connection.
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some(Ok(why)) = why.as_deref().map(HeaderValue::from_str) {
            headers.insert(why::HEADER, why);
        }
        if let Some(seen) = seen {
            emulator.tell(verdict, &seen, status.as_u16(), why);
        }
        headers.insert(SERVER, HeaderValue::from_static("flarekeep"));
        if let Ok(ray) = HeaderValue::from_str(&emulator.ray()) {
            headers.insert("cf-ray", ray);
        }
        if lacking {
            headers.insert("x-flarekeep-simulated", HeaderValue::from_static("no"));
        }
        response
    }
}

/// Whether the client waits for leave to send the body, which is a matter of HTTP/1.1 alone.
fn waits(head: &Parts) -> bool {
    head.version == Version::HTTP_11 && head.headers.contains_key(EXPECT)
}

/// Finds the token that the request names as its key, and refuses what is not signed as R2 asks for.
fn presented(headers: &HeaderMap, query: Option<&str>, emulator: &Inner, visit: &Visit) -> S3Result<()> {
    let mut outcome = visit.outcome();
    let verdict = &mut outcome.verdict;
    let query = Parameters::read(query);
    let names_one = |name: &&str| query.has(name);
    let any = headers.contains_key(AUTHORIZATION)
        || ["Signature", "X-Amz-Credential", "X-Amz-Signature"].iter().any(names_one);
    verdict.cause = if any { "bad-credential" } else { "no-credential" };
    let signed = Signed::read(headers, &query)?;
    let key = signed.key();
    let state = emulator.state();
    let Some(record) = record(&state, key) else {
        (verdict.credential, verdict.cause) = (CredentialKind::UnknownToken, "unknown-credential");
        return Err(unauthorized());
    };
    verdict.note(record);
    signed.still_good(emulator.now().0, emulator.options.expired_link)?;
    let in_header = headers.get("x-amz-security-token").map(|token| token.to_str().unwrap_or_default().into());
    if let Some(token) = in_header.or_else(|| query.get("X-Amz-Security-Token")) {
        verdict.cause = "temporary-credential";
        let Some(session) = Session::read(&token, &record.stored.value_hash) else {
            verdict.grounds = Some(Behind::Said("the session token is none that the key's secret signed".to_owned()));
            return Err(unauthorized());
        };
        let checked = emulator.options.session_claims;
        if let Err(why) = fits(&session.claims, key, visit.place(), headers, emulator.now(), checked) {
            verdict.grounds = Some(Behind::Said(printable(&why, 200)));
            return Err(unauthorized());
        }
        visit.take_up(session);
    }
    if !covers(&signed.headers, headers) {
        verdict.cause = "bad-signature";
        return Err(s3_error!(AccessDenied, "There were headers present in the request which were not signed"));
    }
    verdict.cause = "";
    Ok(())
}

/// Whether a signature is of every header of Amazon's, as Signature Version 4 demands: a request whose copy source or
/// metadata is not signed could be given another.
fn covers(signed: &str, headers: &HeaderMap) -> bool {
    let is_signed = |name: &str| signed.split(';').any(|listed| listed.eq_ignore_ascii_case(name));
    headers.keys().map(HeaderName::as_str).all(|name| !name.starts_with("x-amz-") || is_signed(name))
}

/// The value of a query's parameter, for whoever asks for no other.
pub(super) fn parameter<'a>(query: &'a str, name: &str) -> Option<Cow<'a, str>> {
    Parameters::read(Some(query)).get(name)
}

/// The parameters of a query. Names are decoded as well as values, as where the signature is checked.
pub(super) struct Parameters<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Parameters<'a> {
    pub(super) fn read(query: Option<&'a str>) -> Self {
        let pairs = query.into_iter().flat_map(|query| query.split('&'));
        let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        Self(pairs.map(|(name, value)| (decoded(name), value)).collect())
    }

    /// The value of the first parameter with this name.
    pub(super) fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        let (_, value) = self.0.iter().find(|(given, _)| given == name)?;
        Some(decoded(value))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| given == name)
    }
}

/// A part of a query without its percent-encoding, which few parts have.
fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains('%') { percent_decode_str(text).decode_utf8_lossy() } else { Cow::Borrowed(text) }
}

pub(super) fn answer(error: S3Error) -> Response<Body> {
    let failed = || {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    };
    error.to_http_response().map_or_else(|_| failed(), |response| response.map(Body::new))
}
