//! Doing to a request and its answer what the rules decided.

use std::future::Future;
use std::io;
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, EXPECT, RETRY_AFTER, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::Face;
use super::rules::{Action, Answered, Drop};
use crate::http::{Answer, ApiError, OWN_FAULT, drain};
use crate::line::Switch;

/// The first part of a cut answer is on its way when the line is cut.
const PAUSE: Duration = Duration::from_millis(30);
/// How much of a body of unknown length is gathered.
const GATHERED: usize = 1 << 20;

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
        Some(Action::Cut(part)) => {
            let response = serve(request).await;
            if bodiless { severed(switch) } else { cut(response, part, switch).await }
        }
        Some(Action::Slow { bytes, every }) => {
            let response = serve(request).await;
            if bodiless { response } else { slow(response, bytes, every) }
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

/// The declared length of the whole body, and less than that; an answer without a body is dropped. Where the length is
/// not known, as of a Worker's stream, what comes first is gathered to know it; of a longer body the gathered part counts
/// as the whole, and no length is declared.
async fn cut(response: Response<Body>, part: f64, switch: Option<Switch>) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    let (length, body) = match body.size_hint().exact() {
        Some(length) => (Some(length), body),
        None => gathered(body).await,
    };
    let sent = match length {
        Some(0) => return severed(switch),
        Some(length) => {
            declare(&mut head.headers, length);
            share(length, part).min(length - 1)
        }
        None => share(GATHERED as u64, part),
    };
    let pieces = Pieces { rest: body.into_data_stream(), held: Bytes::new() };
    let body = Body::from_stream(stream::unfold(Some((pieces, sent, switch)), |left| async move {
        let (mut pieces, sent, switch) = left?;
        if sent > 0 {
            match pieces.next(usize::try_from(sent).unwrap_or(usize::MAX)).await {
                Some(Ok(piece)) => return Some((Ok(piece.clone()), Some((pieces, sent - piece.len() as u64, switch)))),
                Some(Err(error)) => return Some((Err(io::Error::other(error)), None)),
                None => {}
            }
        }
        tokio::time::sleep(PAUSE).await;
        if let Some(switch) = &switch {
            switch.sever();
        }
        Some((Err(broken()), None))
    }));
    Response::from_parts(head, body)
}

/// The same body, a few bytes at a time, as it comes.
fn slow(response: Response<Body>, bytes: usize, every: Duration) -> Response<Body> {
    let (mut head, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact().filter(|length| *length > 0) {
        declare(&mut head.headers, length);
    }
    let pieces = Pieces { rest: body.into_data_stream(), held: Bytes::new() };
    let body = Body::from_stream(stream::unfold((pieces, false), move |(mut pieces, begun)| async move {
        let piece = pieces.next(bytes.max(1)).await?;
        if begun {
            tokio::time::sleep(every).await;
        }
        Some((piece, (pieces, true)))
    }));
    Response::from_parts(head, body)
}

/// A body that is taken in pieces of any size.
struct Pieces {
    rest: BodyDataStream,
    /// What came and was not taken yet.
    held: Bytes,
}

impl Pieces {
    /// The next bytes, this many at most.
    async fn next(&mut self, most: usize) -> Option<Result<Bytes, axum::Error>> {
        while self.held.is_empty() {
            match self.rest.next().await? {
                Ok(bytes) => self.held = bytes,
                Err(error) => return Some(Err(error)),
            }
        }
        Some(Ok(self.held.split_to(most.min(self.held.len()))))
    }
}

/// Takes a body up to [`GATHERED`] to know its length; none where it is longer. The body is whole again.
async fn gathered(body: Body) -> (Option<u64>, Body) {
    let mut chunks = body.into_data_stream();
    let (mut taken, mut length) = (Vec::new(), 0_u64);
    while length <= GATHERED as u64 {
        match chunks.next().await {
            Some(Ok(chunk)) => {
                length += chunk.len() as u64;
                taken.push(Ok(chunk));
            }
            Some(Err(error)) => {
                taken.push(Err(error));
                return (None, Body::from_stream(stream::iter(taken)));
            }
            None => return (Some(length), Body::from_stream(stream::iter(taken))),
        }
    }
    (None, Body::from_stream(stream::iter(taken).chain(chunks)))
}

/// A part of a length.
// A body is far from where floats lose whole numbers.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn share(length: u64, part: f64) -> u64 {
    (length as f64 * part) as u64
}

fn declare(headers: &mut HeaderMap, length: u64) {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A body that never ends, which a test would wait for in vain.
    fn endless() -> Response<Body> {
        Response::new(Body::from_stream(stream::repeat_with(|| Ok::<_, io::Error>(Bytes::from(vec![b'x'; 1 << 16])))))
    }

    /// A stream of these chunks, whose length nobody knows.
    fn streamed(chunks: &[&'static str]) -> Response<Body> {
        let chunks: Vec<io::Result<&'static str>> = chunks.iter().map(|chunk| Ok(*chunk)).collect();
        Response::new(Body::from_stream(stream::iter(chunks)))
    }

    /// The declared length, the bytes that came, and whether the body ended as it should.
    async fn read(response: Response<Body>) -> (Option<String>, String, bool) {
        let declared = response.headers().get(CONTENT_LENGTH).map(|length| length.to_str().unwrap().to_owned());
        let mut chunks = response.into_body().into_data_stream();
        let mut text = Vec::new();
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => text.extend_from_slice(&chunk),
                Err(_) => return (declared, String::from_utf8(text).unwrap(), false),
            }
        }
        (declared, String::from_utf8(text).unwrap(), true)
    }

    #[tokio::test]
    async fn an_endless_answer_is_cut_and_slowed_as_it_passes() {
        let (declared, text, whole) = read(cut(endless(), 0.5, None).await).await;
        assert_eq!((declared, text.len(), whole), (None, GATHERED / 2, false));
        let mut pieces = slow(endless(), 3, Duration::from_millis(1)).into_body().into_data_stream();
        for _ in 0..4 {
            assert_eq!(pieces.next().await.unwrap().unwrap(), "xxx");
        }
    }

    #[tokio::test]
    async fn an_answer_is_cut_and_slowed_whether_or_not_its_length_is_known() {
        let of = |length: &str, text: &str, whole| (Some(length.to_owned()), text.to_owned(), whole);
        for response in [Response::new(Body::from("abcdefgh")), streamed(&["abc", "", "defgh"])] {
            assert_eq!(read(cut(response, 0.5, None).await).await, of("8", "abcd", false));
        }
        assert_eq!(read(cut(Response::new(Body::from("abc")), 1.0, None).await).await, of("3", "ab", false));
        assert!(!read(cut(streamed(&[]), 0.5, None).await).await.2, "an answer without a body is dropped");
        let every = Duration::from_millis(1);
        let slowed = read(slow(Response::new(Body::from("abcdefgh")), 3, every)).await;
        assert_eq!(slowed, of("8", "abcdefgh", true));
        assert_eq!(read(slow(streamed(&["abc", "defgh"]), 2, every)).await, (None, "abcdefgh".to_owned(), true));
    }
}
