//! The list of keys.

use std::ops::Bound;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Entry, bad_body, namespace};
use crate::http::{Answer, Call, Outcome};
use crate::state::State;

pub(super) fn list(call: &Call, state: &State) -> Outcome {
    let namespace = namespace(call, state)?;
    let prefix = call.query("prefix").unwrap_or_default();
    let limit = call.query("limit").and_then(|text| text.parse::<usize>().ok()).unwrap_or(1000).clamp(1, 1000);
    // The cursor holds the last key of the page before.
    let after = match call.query("cursor") {
        None => None,
        Some(cursor) => {
            let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| bad_body())?;
            Some(String::from_utf8(bytes).map_err(|_| bad_body())?)
        }
    };
    let start = match &after {
        Some(key) => Bound::Excluded(key.as_str()),
        None => Bound::Included(prefix.as_str()),
    };
    let keys = namespace.entries.range::<_, str>((start, Bound::Unbounded));
    let mut keys = keys
        .skip_while(|(key, _)| key.as_str() < prefix.as_str())
        .take_while(|(key, _)| key.starts_with(&prefix))
        .filter(|(_, entry)| entry.is_live(call.at.0));
    let page: Vec<_> = keys.by_ref().take(limit).collect();
    let cursor = match (keys.next(), page.last()) {
        (Some(_), Some((last, _))) => URL_SAFE_NO_PAD.encode(last),
        _ => String::new(),
    };
    let shown: Vec<Value> = page.iter().map(|(key, entry)| shown(key, entry)).collect();
    Ok(Answer::listed(&shown.into(), &json!({"count": page.len(), "cursor": cursor})))
}

fn shown(key: &str, entry: &Entry) -> Value {
    let mut shown = json!({"name": key});
    if let Some(object) = shown.as_object_mut() {
        if let Some(end) = entry.expiration {
            object.insert("expiration".to_owned(), end.into());
        }
        if let Some(metadata) = &entry.metadata {
            object.insert("metadata".to_owned(), metadata.clone());
        }
    }
    shown
}
