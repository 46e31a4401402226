//! Bodies: limits, JSON, forms.

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use flarekeep_catalogue::{Method, Operation};
use futures_util::StreamExt;
use futures_util::stream;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::error::{ApiError, OWN_TOO_LARGE};

/// For the operations that carry scripts, values and many records at once.
const LARGE: usize = 100 << 20;
/// For all others.
const USUAL: usize = 1 << 20;

/// One part of a multipart form.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) name: String,
    pub(crate) file_name: Option<String>,
    pub(crate) content_type: Option<String>,
    pub(crate) bytes: Bytes,
}

/// Reads a whole body, up to the operation's limit.
pub(super) async fn read(operation: &Operation, body: Body) -> Result<Bytes, ApiError> {
    up_to(limit(operation), body).await
}

/// Reads a whole body of no operation.
pub(crate) async fn whole(body: Body) -> Result<Bytes, ApiError> {
    up_to(LARGE, body).await
}

async fn up_to(limit: usize, body: Body) -> Result<Bytes, ApiError> {
    axum::body::to_bytes(body, limit)
        .await
        .map_err(|_| ApiError::new(413, OWN_TOO_LARGE, format!("the body ended early or is larger than {limit} bytes")))
}

/// Takes a body from the wire without keeping it, so that a client that is refused while it sends can read why.
pub(crate) async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    let mut taken = 0;
    while let Some(Ok(chunk)) = chunks.next().await {
        taken += chunk.len();
        if taken > LARGE {
            break;
        }
    }
}

/// The parts of a form; none where the content type is another, or where the body is no form of its boundary.
pub(super) async fn parts(headers: &HeaderMap, body: &Bytes) -> Option<Vec<Part>> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    let boundary = multer::parse_boundary(content_type).ok()?;
    let whole = stream::once(std::future::ready(Ok::<_, std::convert::Infallible>(body.clone())));
    let mut form = multer::Multipart::new(whole, boundary);
    let mut parts = Vec::new();
    while let Some(field) = form.next_field().await.ok()? {
        parts.push(Part {
            name: field.name().unwrap_or_default().to_owned(),
            file_name: field.file_name().map(ToOwned::to_owned),
            content_type: field.content_type().map(ToString::to_string),
            bytes: field.bytes().await.ok()?,
        });
    }
    Some(parts)
}

/// The body as a JSON object, whatever its content type says.
pub(crate) fn object(body: &[u8]) -> Option<Map<String, Value>> {
    serde_json::from_slice(body).ok()
}

/// A segment of a path, decoded; none where that gives no text or one with control characters.
pub(super) fn decoded(segment: &str) -> Option<String> {
    let text = percent_decode_str(segment).decode_utf8().ok()?;
    (!text.chars().any(char::is_control)).then(|| text.into_owned())
}

fn limit(operation: &Operation) -> usize {
    let path = operation.path();
    let carrying = [
        "/d1/database/{",
        "/dns_records/batch",
        "/dns_records/import",
        "/objects/{object_key}",
        "/pages/",
        "/storage/kv/namespaces/{",
        "/workers/assets/upload",
        "/workers/scripts/{",
    ];
    let carries = carrying.iter().any(|part| path.contains(part));
    if carries && operation.method != Method::Get { LARGE } else { USUAL }
}
