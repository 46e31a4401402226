//! Doing to a request and its answer what the rules decided.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, RETRY_AFTER, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use futures_util::stream;
use serde_json::Value;

use super::Face;
use super::rules::{Action, Answered, Drop};
use crate::http::{Answer, ApiError, OWN_FAULT, drain};
use crate::line::Switch;

/// What is to become of one request.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// The rules that act, for the header.
    pub(super) rules: Vec<String>,
    pub(super) delay: Duration,
    pub(super) action: Option<Action>,
}

/// Does it.
pub(super) async fn run<S, F>(
    course: Course,
    switch: Option<Switch>,
    face: Face,
    request: Request,
    serve: S,
) -> Response<Body>
where
    S: FnOnce(Request) -> F,
    F: Future<Output = Response<Body>>,
{
    if !course.delay.is_zero() {
        tokio::time::sleep(course.delay).await;
    }
    let bodiless = request.method() == Method::HEAD;
    let mut response = match course.action {
        None | Some(Action::Delay(_)) => serve(request).await,
        Some(Action::Answer(answer)) => {
            take(request).await;
            answered(&answer, face)
        }
        Some(Action::Page(number)) => {
            take(request).await;
            page(number)
        }
        Some(Action::Drop(Drop::Before)) => severed(switch),
        Some(Action::Drop(Drop::After)) => {
            serve(request).await;
            severed(switch)
        }
        Some(Action::Cut(part)) => match whole(serve(request).await).await {
            (_, bytes) if bytes.is_empty() || bodiless => severed(switch),
            (response, bytes) => cut(response, &bytes, part, switch),
        },
        Some(Action::Slow { bytes, every }) => {
            let (response, whole) = whole(serve(request).await).await;
            if whole.is_empty() || bodiless { response } else { slow(response, whole, bytes, every) }
        }
        Some(Action::ContentType(content_type)) => {
            let mut response = serve(request).await;
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            response
        }
    };
    for rule in &course.rules {
        if let Ok(rule) = HeaderValue::from_str(rule) {
            response.headers_mut().append("x-flarekeep-fault", rule);
        }
    }
    response
}

/// Takes the body from the wire, so that a client that is still sending can read the answer. One that waits for leave
/// to send is given none.
async fn take(request: Request) {
    if !request.headers().contains_key(EXPECT) {
        drain(request.into_body()).await;
    }
}

fn answered(answer: &Answered, face: Face) -> Response<Body> {
    let limited = answer.status == StatusCode::TOO_MANY_REQUESTS;
    let mut response = match (&answer.body, face) {
        (Some(body), _) => {
            let text = body.trim_start();
            let content_type = match text.chars().next() {
                Some('{' | '[') => "application/json",
                Some('<') if face == Face::S3 => "application/xml",
                Some('<') => "text/html; charset=UTF-8",
                _ => "text/plain; charset=UTF-8",
            };
            typed(body.clone(), content_type)
        }
        (None, Face::S3) => {
            let usual = match answer.status.as_u16() {
                429 => "TooManyRequests",
                500 => "InternalError",
                503 => "ServiceUnavailable",
                _ => "FlarekeepFault",
            };
            let code = answer.code.as_ref().and_then(Value::as_str).unwrap_or(usual);
            let message = answer.message.as_deref().unwrap_or("A rule of the emulator asked for this fault.");
            let (code, message) = (escaped(code), escaped(message));
            let xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
            typed(format!("{xml}<Error><Code>{code}</Code><Message>{message}</Message></Error>"), "application/xml")
        }
        (None, _) => {
            let (usual, said) = match limited {
                // What the API answers to a call too many.
                true => (971, "Please wait and consider throttling your request speed"),
                false => (OWN_FAULT, "a rule of the emulator asked for this fault"),
            };
            let code = answer.code.as_ref().and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok());
            let message = answer.message.clone().unwrap_or_else(|| said.to_owned());
            Answer::from(ApiError::new(500, code.unwrap_or(usual), message)).into_response()
        }
    };
    *response.status_mut() = answer.status;
    if let Some(seconds) = answer.retry_after {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A page as an edge shows it in place of the API's answer: 1015 for who calls too often, 5xx for a server out of reach.
fn page(number: u16) -> Response<Body> {
    let (status, title) = match number {
        1015 => (429, "You are being rate limited"),
        502 => (502, "Bad gateway"),
        503 => (503, "Service unavailable"),
        504 => (504, "Gateway time-out"),
        520 => (520, "Web server is returning an unknown error"),
        521 => (521, "Web server is down"),
        522 => (522, "Connection timed out"),
        523 => (523, "Origin is unreachable"),
        524 => (524, "A timeout occurred"),
        other => (other, "Error"),
    };
    let html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head><title>{title}</title></head>\n\
         <body><h1>Error {number}</h1><p>{title}</p><p>error code: {number}</p></body>\n</html>\n"
    );
    let mut response = typed(html, "text/html; charset=UTF-8");
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    response
}

/// No answer at all. Where the connection is out of reach, as under a test of the router, one whose body fails.
fn severed(switch: Option<Switch>) -> Response<Body> {
    match switch {
        Some(switch) => {
            switch.sever();
            Response::new(Body::empty())
        }
        None => Response::new(Body::from_stream(stream::once(std::future::ready(Err::<Bytes, _>(broken()))))),
    }
}

/// The declared length of the whole body, and less than that.
fn cut(mut response: Response<Body>, bytes: &Bytes, part: f64, switch: Option<Switch>) -> Response<Body> {
    /// The first part is on its way when the line is cut.
    const PAUSE: Duration = Duration::from_millis(30);
    // A body is far from where floats lose whole numbers.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let sent = ((bytes.len() as f64 * part) as usize).min(bytes.len() - 1);
    declare(response.headers_mut(), bytes.len());
    let first = bytes.slice(..sent);
    *response.body_mut() = Body::from_stream(stream::unfold(0, move |step| {
        let (first, switch) = (first.clone(), switch.clone());
        async move {
            if step == 0 {
                return Some((Ok(first), 1));
            }
            tokio::time::sleep(PAUSE).await;
            if let Some(switch) = &switch {
                switch.sever();
            }
            Some((Err(broken()), 2))
        }
    }));
    response
}

/// The same body, a few bytes at a time.
fn slow(mut response: Response<Body>, whole: Bytes, bytes: usize, every: Duration) -> Response<Body> {
    declare(response.headers_mut(), whole.len());
    *response.body_mut() = Body::from_stream(stream::unfold((whole, false), move |(mut rest, begun)| async move {
        if rest.is_empty() {
            return None;
        }
        if begun {
            tokio::time::sleep(every).await;
        }
        let next = rest.split_to(bytes.min(rest.len()));
        Some((Ok::<_, Infallible>(next), (rest, true)))
    }));
    response
}

/// An answer apart from its body, which is read whole: what the emulator answers it holds in memory anyway.
async fn whole(response: Response<Body>) -> (Response<Body>, Bytes) {
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    (Response::from_parts(parts, Body::from(bytes.clone())), bytes)
}

fn declare(headers: &mut HeaderMap, length: usize) {
    headers.remove(TRANSFER_ENCODING);
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
}

fn typed(body: String, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn broken() -> io::Error {
    io::ErrorKind::ConnectionAborted.into()
}
