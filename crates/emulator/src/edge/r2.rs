//! The other end of an R2 binding, as workerd speaks to it.
//!
//! Facts: cloudflare/workerd, src/workerd/api/r2-api.capnp (the messages), r2-rpc.c++ (how they travel) and
//! r2-bucket.c++; messages and codes of errors as miniflare 5 has them. Reads are `GET /` with the message in
//! `cf-r2-request`; writes are `PUT /` with `cf-r2-metadata-size: N`, and N bytes of message before the value.

mod change;
mod list;
mod message;
mod read;

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use flarekeep_policy::BucketKey;
use futures_util::StreamExt;
use serde_json::{Value, json};

use self::message::Message;
use crate::emulator::Inner;
use crate::objects::Fault;

const REQUEST: &str = "cf-r2-request";
const SIZE: &str = "cf-r2-metadata-size";
const ERROR: &str = "cf-r2-error";
/// What is read of a body before its message is known, at least: the longest message names a thousand keys.
const MESSAGE: u64 = 8 << 20;

/// What a call comes to: a message, with the bytes of an object behind it or none.
type Outcome = Result<(Value, Bytes), Failure>;

/// An error as workerd reads it. A condition that does not hold tells of the object that is there.
#[derive(Debug)]
struct Failure {
    status: u16,
    code: u32,
    message: String,
    about: Option<Value>,
}

/// Answers one call of a binding at this bucket.
pub(super) async fn answer(emulator: &Arc<Inner>, bucket: BucketKey, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let outcome = match parts.method {
        Method::GET => match parts.headers.get(REQUEST).and_then(|text| Message::read(text.as_bytes())) {
            Some(message) => reading(emulator, &bucket, &message),
            None => Err(invalid()),
        },
        Method::PUT => writing(emulator, bucket, &parts.headers, body).await,
        _ => Err(invalid()),
    };
    outcome.map_or_else(Failure::respond, |(message, bytes)| respond(&message, &bytes))
}

fn reading(emulator: &Inner, bucket: &BucketKey, message: &Message) -> Outcome {
    let state = emulator.state();
    if state.r2_buckets.bucket(bucket).is_none() {
        return Err(Fault::NoSuchBucket.into());
    }
    match message.method() {
        "head" => read::head(&state, bucket, message),
        "get" => read::get(&state, bucket, message),
        "list" => list::list(&state, bucket, message),
        _ => Err(invalid()),
    }
}

async fn writing(emulator: &Arc<Inner>, bucket: BucketKey, headers: &HeaderMap, body: Body) -> Outcome {
    let number = |name: &str| headers.get(name).and_then(|text| text.to_str().ok()?.parse::<u64>().ok());
    let size = number(SIZE).and_then(|size| usize::try_from(size).ok()).ok_or_else(invalid)?;
    let capacity = emulator.options.object_bytes;
    let full = || Failure::from(Fault::Full { capacity });
    let wanted = number("content-length").unwrap_or(u64::MAX);
    // How much there is room for depends on what is to be replaced, which the message says.
    let (mut message, mut most) = (None, MESSAGE);
    let (mut taken, mut whole, mut chunks) = (emulator.incoming.begin(), Vec::new(), body.into_data_stream());
    loop {
        if message.is_none() && whole.len() >= size {
            let read = whole.get(..size).and_then(Message::read).ok_or_else(invalid)?;
            let freed = read.key().map_or(0, |key| emulator.state().objects.weight(&bucket, key));
            let room = emulator.state().objects.room((wanted, freed), emulator.now().0, capacity);
            most = room.saturating_add(size as u64);
            if wanted != u64::MAX && wanted > most {
                return Err(full());
            }
            message = Some(read);
        }
        let Some(chunk) = chunks.next().await else { break };
        let chunk = chunk.map_err(|_| invalid())?;
        if !taken.more(chunk.len() as u64, most.max(MESSAGE), capacity.saturating_add(MESSAGE)) {
            return Err(full());
        }
        whole.extend_from_slice(&chunk);
    }
    let message = message.ok_or_else(invalid)?;
    let body = Bytes::from(whole).split_off(size);
    match message.method() {
        "put" => change::put(emulator, bucket, &message, body).await,
        "delete" => change::delete(emulator, bucket, &message).await,
        "createMultipartUpload" => change::create(emulator, bucket, &message).await,
        "uploadPart" => change::part(emulator, bucket, &message, body).await,
        "completeMultipartUpload" => change::complete(emulator, bucket, &message).await,
        "abortMultipartUpload" => change::abort(emulator, bucket, &message).await,
        _ => Err(invalid()),
    }
}

/// An answer with its message; none where the message is null.
fn respond(message: &Value, bytes: &Bytes) -> Response<Body> {
    let mut whole = if message.is_null() { Vec::new() } else { message.to_string().into_bytes() };
    let size = whole.len();
    whole.extend_from_slice(bytes);
    let mut response = Response::new(Body::from(whole));
    response.headers_mut().insert(SIZE, HeaderValue::from(size));
    response
}

impl Failure {
    fn new(status: u16, code: u32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), about: None }
    }

    fn respond(self) -> Response<Body> {
        let error = json!({"version": 1, "v4code": self.code, "message": self.message}).to_string();
        let mut response = match &self.about {
            Some(about) => respond(about, &Bytes::new()),
            None => Response::new(Body::empty()),
        };
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Ok(error) = HeaderValue::try_from(error) {
            response.headers_mut().insert(ERROR, error);
        }
        response
    }
}

fn invalid() -> Failure {
    Failure::new(400, 10029, "Metadata missing or invalid")
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::NoSuchBucket => Self::new(404, 10006, "The specified bucket does not exist."),
            Fault::NoSuchKey => Self::new(404, 10007, "The specified key does not exist."),
            Fault::NoSuchUpload => Self::new(400, 10024, "The specified multipart upload does not exist."),
            Fault::InvalidPart | Fault::InvalidPartOrder => {
                Self::new(400, 10025, "One or more of the specified parts could not be found.")
            }
            Fault::PartTooSmall => {
                Self::new(400, 10011, "Your proposed upload is smaller than the minimum allowed object size.")
            }
            Fault::PartsDiffer => Self::new(500, 10048, "There was a problem with the multipart upload."),
            Fault::PreconditionFailed => {
                Self::new(412, 10031, "At least one of the pre-conditions you specified did not hold.")
            }
            Fault::Full { capacity } => {
                Self::new(400, 100_100, format!("The emulator holds {capacity} bytes of objects at most: delete some."))
            }
            _ => Self::new(500, 10001, "We encountered an internal error. Please try again."),
        }
    }
}
