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

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use flarekeep_policy::BucketKey;
use serde_json::{Value, json};

use self::message::Message;
use crate::emulator::Inner;
use crate::objects::Fault;

const REQUEST: &str = "cf-r2-request";
const SIZE: &str = "cf-r2-metadata-size";
const ERROR: &str = "cf-r2-error";

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
    let capacity = emulator.options.object_bytes;
    let most = usize::try_from(capacity).unwrap_or(usize::MAX);
    let mut body = to_bytes(body, most).await.map_err(|_| Failure::from(Fault::Full { capacity }))?;
    let size = headers.get(SIZE).and_then(|text| text.to_str().ok()?.parse::<usize>().ok());
    let size = size.filter(|size| *size <= body.len()).ok_or_else(invalid)?;
    let message = Message::read(&body.split_to(size)).ok_or_else(invalid)?;
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
