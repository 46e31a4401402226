//! Many values at once.

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::values::{checked, expiration};
use super::{Entry, bad_body, entries, namespace};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;

const MOST: usize = 10_000;

/// All or nothing: one bad item refuses the whole.
pub(super) fn put(call: &Call, state: &mut State) -> Outcome {
    namespace(call, state)?;
    let items = array(call)?;
    let read = items.iter().map(|item| entry(item, call.at.0)).collect::<Result<Vec<_>, _>>()?;
    let count = read.len();
    entries(call, state)?.extend(read);
    Ok(Answer::result(&json!({"successful_key_count": count, "unsuccessful_keys": []})))
}

pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    namespace(call, state)?;
    let items = array(call)?;
    // Names, or objects with a name.
    let name = |item: &Value| item.as_str().or_else(|| item.get("name")?.as_str()).map(ToOwned::to_owned);
    let names = items.iter().map(name).collect::<Option<Vec<_>>>().ok_or_else(bad_body)?;
    let entries = entries(call, state)?;
    for name in &names {
        entries.remove(name);
    }
    Ok(Answer::result(&json!({"successful_key_count": names.len(), "unsuccessful_keys": []})))
}

/// Up to 100 values as text or JSON, with their metadata where that is asked for; null for a key that is absent.
pub(super) fn get(call: &Call, state: &State) -> Outcome {
    const MOST: usize = 100;
    let namespace = namespace(call, state)?;
    let body = call.object().ok_or_else(bad_body)?;
    let keys = body.get("keys").and_then(Value::as_array).filter(|keys| keys.len() <= MOST).ok_or_else(bad_body)?;
    let json = match body.get("type").and_then(Value::as_str) {
        Some("json") => true,
        Some("text") | None => false,
        Some(_) => return Err(bad_body()),
    };
    let with_metadata = body.get("withMetadata").and_then(Value::as_bool).unwrap_or(false);
    let mut values = Map::new();
    for key in keys {
        let key = key.as_str().ok_or_else(bad_body)?;
        let shown = match namespace.live(key, call.at.0) {
            None => Value::Null,
            Some(entry) => {
                let text = std::str::from_utf8(&entry.value).map_err(|_| bad_body())?;
                let value = if json { serde_json::from_str(text).map_err(|_| bad_body())? } else { Value::from(text) };
                if with_metadata { entry.described(&value) } else { value }
            }
        };
        values.insert(key.to_owned(), shown);
    }
    Ok(Answer::result(&json!({"values": values})))
}

impl Entry {
    fn described(&self, value: &Value) -> Value {
        let mut shown = json!({"value": value, "metadata": self.metadata});
        if let (Some(end), Some(object)) = (self.expiration, shown.as_object_mut()) {
            object.insert("expiration".to_owned(), end.into());
        }
        shown
    }
}

fn array(call: &Call) -> Result<Vec<Value>, ApiError> {
    match call.json() {
        Some(Value::Array(items)) if items.len() <= MOST => Ok(items),
        _ => Err(bad_body()),
    }
}

fn entry(item: &Value, now: i64) -> Result<(String, Entry), ApiError> {
    let field = |name| item.get(name).and_then(Value::as_str);
    let (key, value) = (field("key").ok_or_else(bad_body)?, field("value").ok_or_else(bad_body)?);
    let value = if item.get("base64").and_then(Value::as_bool) == Some(true) {
        Bytes::from(STANDARD.decode(value).map_err(|_| bad_body())?)
    } else {
        Bytes::from(value.to_owned())
    };
    let number = |name| item.get(name).and_then(Value::as_i64);
    let end = expiration(number("expiration"), number("expiration_ttl"), now)?;
    let metadata = item.get("metadata").filter(|metadata| !metadata.is_null()).cloned();
    Ok((key.to_owned(), checked(key, value, metadata, end)?))
}
