//! Assets by hash, uploaded with the JWT of `upload-token`.

use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::not_json;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::text;
use crate::upload_ticket::Ticket;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Asset {
    pub(crate) content_type: String,
    #[serde(with = "text::bytes")]
    pub(crate) content: Bytes,
}

/// The largest asset (docs: pages/platform/limits).
const LARGEST: usize = 25 << 20;

/// The hashes that are not there yet, in the order in which they were asked for.
pub(super) fn check_missing(call: &Call, state: &State) -> Outcome {
    let account = account(call, state)?;
    let there = state.pages.assets.get(&account);
    let missing = |hash: &String| !there.is_some_and(|there| there.contains_key(hash));
    Ok(Answer::result(&hashes(call)?.into_iter().filter(missing).collect()))
}

pub(super) fn upload(call: &Call, state: &mut State) -> Outcome {
    let account = account(call, state)?;
    let Some(Value::Array(files)) = call.json() else { return Err(not_json()) };
    let read = files.iter().map(asset).collect::<Option<Vec<_>>>().ok_or_else(not_json)?;
    if read.iter().any(|(_, asset)| asset.content.len() > LARGEST) {
        return Err(ApiError::new(413, 8_000_111, "an asset has 25 MiB at most"));
    }
    let (count, there) = (read.len(), state.pages.assets.entry(account).or_default());
    for (hash, asset) in read {
        there.insert(hash, asset);
    }
    Ok(Answer::result(&json!({"successful_key_count": count, "unsuccessful_keys": []})))
}

/// Keeps hashes from being forgotten. Nothing is forgotten here.
pub(super) fn upsert_hashes(call: &Call, state: &State) -> Outcome {
    account(call, state)?;
    hashes(call)?;
    Ok(Answer::result(&Value::Null))
}

/// The account that the JWT names. Only one with a JWT comes here but for the Global API key.
fn account(call: &Call, state: &State) -> Result<String, ApiError> {
    let ticket = Ticket::of(call, state).ok_or_else(|| ApiError::new(401, 8_000_013, "Authorization failed"))?;
    Ok(ticket.account)
}

fn hashes(call: &Call) -> Result<Vec<String>, ApiError> {
    let body = call.object().ok_or_else(not_json)?;
    let hashes = body.get("hashes").and_then(Value::as_array).ok_or_else(not_json)?;
    hashes.iter().map(|hash| hash.as_str().map(ToOwned::to_owned)).collect::<Option<_>>().ok_or_else(not_json)
}

fn asset(file: &Value) -> Option<(String, Asset)> {
    let value = file.get("value")?.as_str()?;
    let encoded = file.get("base64").and_then(Value::as_bool).unwrap_or(false);
    let content = if encoded { Bytes::from(STANDARD.decode(value).ok()?) } else { Bytes::from(value.to_owned()) };
    let kind = file.get("metadata").and_then(|metadata| metadata.get("contentType")).and_then(Value::as_str);
    let content_type = kind.unwrap_or("application/octet-stream").to_owned();
    Some((file.get("key")?.as_str()?.to_owned(), Asset { content_type, content }))
}
