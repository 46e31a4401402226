//! Single values.

use axum::body::Bytes;
use serde_json::Value;

use super::{Entry, bad_body, entries, namespace};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;

/// Cloudflare's limits.
const LONGEST_KEY: usize = 512;
const LARGEST_VALUE: usize = 25 << 20;
const LARGEST_METADATA: usize = 1024;
const SHORTEST_LIFE: i64 = 60;

/// The value as it is, in no envelope.
pub(super) fn value(call: &Call, state: &State) -> Outcome {
    let entry = found(call, state)?;
    let answer = Answer::raw(entry.value.clone(), "application/octet-stream");
    Ok(match entry.expiration {
        Some(end) => answer.header("expiration", &end.to_string()),
        None => answer,
    })
}

pub(super) fn metadata(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(found(call, state)?.metadata.as_ref().unwrap_or(&Value::Null)))
}

/// The raw body is the value, or a form with the parts `value` and `metadata`.
pub(super) fn put(call: &Call, state: &mut State) -> Outcome {
    namespace(call, state)?;
    let key = call.parameter("key_name");
    let (value, metadata) = match call.parts() {
        None => (call.body().clone(), None),
        Some(parts) => {
            let part = |name: &str| parts.iter().find(|part| part.name == name).map(|part| part.bytes.clone());
            let metadata = part("metadata").filter(|bytes| !bytes.is_empty());
            let metadata = metadata.map(|bytes| serde_json::from_slice(&bytes).map_err(|_| bad_body())).transpose()?;
            (part("value").ok_or_else(bad_body)?, metadata)
        }
    };
    let number = |name| call.query(name).map(|text| text.parse::<i64>().map_err(|_| bad_ttl())).transpose();
    let expiration = expiration(number("expiration")?, number("expiration_ttl")?, call.at.0)?;
    let entry = checked(key, value, metadata, expiration)?;
    entries(call, state)?.insert(key.to_owned(), entry);
    Ok(Answer::result(&serde_json::json!({})))
}

/// A key that is absent is deleted as well as any.
pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    entries(call, state)?.remove(call.parameter("key_name"));
    Ok(Answer::result(&serde_json::json!({})))
}

/// An entry within the limits.
pub(super) fn checked(
    key: &str,
    value: Bytes,
    metadata: Option<Value>,
    expiration: Option<i64>,
) -> Result<Entry, ApiError> {
    if key.is_empty() || key == "." || key == ".." || key.len() > LONGEST_KEY {
        return Err(ApiError::new(400, 10029, "a key has 1 to 512 bytes and is neither . nor .."));
    }
    if value.len() > LARGEST_VALUE {
        return Err(ApiError::new(413, 10047, "a value has 25 MiB at most"));
    }
    if metadata.as_ref().is_some_and(|metadata| metadata.to_string().len() > LARGEST_METADATA) {
        return Err(ApiError::new(400, 10012, "metadata has 1024 bytes at most"));
    }
    Ok(Entry { value, metadata, expiration })
}

/// When an entry ends, from a time or a duration, which wins.
pub(super) fn expiration(at: Option<i64>, ttl: Option<i64>, now: i64) -> Result<Option<i64>, ApiError> {
    let end = ttl.map(|ttl| now.saturating_add(ttl)).or(at);
    if end.is_some_and(|end| end.saturating_sub(now) < SHORTEST_LIFE) { Err(bad_ttl()) } else { Ok(end) }
}

fn bad_ttl() -> ApiError {
    ApiError::new(400, 10034, "an expiration lies 60 seconds ahead at least")
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Entry, ApiError> {
    let entry = namespace(call, state)?.live(call.parameter("key_name"), call.at.0);
    entry.ok_or_else(|| ApiError::new(404, 10009, "get: 'key not found'"))
}
