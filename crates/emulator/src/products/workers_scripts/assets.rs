//! Static assets: a session says what is missing, uploads bring it, and the last one gives a JWT for the script's upload
//! (docs: workers/static-assets/direct-upload).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::content::Content;
use super::not_json;
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, owner};
use crate::state::State;
use crate::text;
use crate::upload_ticket::{Kind, Ticket};

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/assets-upload-session", Handler::Write(begin)),
    ("POST /accounts/{account_id}/workers/assets/upload", Handler::Write(upload)),
];

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Asset {
    pub(super) content_type: String,
    #[serde(with = "text::bytes")]
    pub(super) content: Bytes,
}

/// What one upload of a Worker's assets is to hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Session {
    begun: i64,
    /// Hashes by path.
    manifest: Arc<BTreeMap<String, String>>,
    /// The same hashes, each once.
    hashes: BTreeSet<String>,
}

/// Cloudflare's limits (docs: workers/platform/limits), and the life of a session in seconds.
const MOST: usize = 100_000;
const LARGEST: usize = 25 << 20;
const LIFE: i64 = 3600;
/// How many files a client is asked to send at once: the emulator's own.
const BUCKET: usize = 50;

fn begin(call: &Call, state: &mut State) -> Outcome {
    let owner = owner(call)?;
    let body = call.object().ok_or_else(not_json)?;
    let given = body.get("manifest").and_then(Value::as_object).ok_or_else(not_json)?;
    let one = |(path, entry): (&String, &Value)| {
        let hash = entry.get("hash")?.as_str().filter(|hash| is_hash(hash))?;
        let size = entry.get("size")?.as_u64()?;
        (path.starts_with('/') && size <= LARGEST as u64).then(|| (path.clone(), hash.to_owned()))
    };
    let manifest = given.iter().map(one).collect::<Option<BTreeMap<_, _>>>();
    let manifest = manifest.filter(|manifest| manifest.len() <= MOST).ok_or_else(|| {
        ApiError::new(400, 10021, "a manifest names 100,000 files at most, each a path, a hash of 32 digits and a size")
    })?;
    let hashes: BTreeSet<String> = manifest.values().cloned().collect();
    let missing: Vec<String> = missing(&hashes, &owner, state).cloned().collect();
    let id = format!("{:032x}", fresh_id());
    let kind = if missing.is_empty() { Kind::AssetsComplete } else { Kind::Assets };
    let jwt = Ticket::issue(kind, call, &id, state)?;
    let buckets: Vec<&[String]> = missing.chunks(BUCKET).collect();
    let answer = Answer::result(&json!({"jwt": jwt, "buckets": buckets}));
    let sessions = state.workers_account.sessions.entry(owner).or_default();
    let over = sessions.iter().filter(|(_, session)| call.at.0 - session.begun >= LIFE);
    let over: Vec<String> = over.map(|(id, _)| id.clone()).collect();
    for id in over {
        sessions.remove(&id);
    }
    sessions.insert(id, Arc::new(Session { begun: call.at.0, manifest: Arc::new(manifest), hashes }));
    Ok(answer)
}

/// Parts named after their hashes. 202 as long as something is missing, then 201 with the JWT for the script.
fn upload(call: &Call, state: &mut State) -> Outcome {
    let owner = owner(call)?;
    let refused = || ApiError::new(401, 10000, "Authentication error");
    let ticket = Ticket::of(call, state).filter(|ticket| ticket.account == owner).ok_or_else(refused)?;
    let session = state.workers_account.sessions.get(&owner).and_then(|sessions| sessions.get(&ticket.about));
    let session = session.ok_or_else(refused)?.clone();
    let encoded = call.query("base64").as_deref() == Some("true");
    let parts = call.parts().ok_or_else(not_json)?;
    let mut read = Vec::new();
    for part in parts {
        if !session.hashes.contains(&part.name) {
            return Err(ApiError::new(400, 10021, "a file was sent that the manifest does not name"));
        }
        let content =
            if encoded { STANDARD.decode(&part.bytes).map_err(|_| not_json())?.into() } else { part.bytes.clone() };
        if content.len() > LARGEST {
            return Err(ApiError::new(413, 10021, "an asset has 25 MiB at most"));
        }
        let content_type = part.content_type.clone().unwrap_or_default();
        read.push((part.name.clone(), Asset { content_type, content }));
    }
    let assets = state.workers_account.assets.entry(owner.clone()).or_default();
    for (hash, asset) in read {
        assets.insert(hash, asset);
    }
    let done = missing(&session.hashes, &owner, state).next().is_none();
    let result =
        if done { json!({"jwt": Ticket::issue(Kind::AssetsComplete, call, &ticket.about, state)?}) } else { json!({}) };
    let mut answer = Answer::result(&result);
    answer.status = if done { StatusCode::CREATED } else { StatusCode::ACCEPTED };
    Ok(answer)
}

/// The assets of an upload: those of the session whose JWT it names, or, where it keeps them, the older version's.
pub(super) fn of_upload(
    call: &Call,
    state: &State,
    metadata: &Map<String, Value>,
    old: Option<&Content>,
) -> Result<Option<Arc<BTreeMap<String, String>>>, ApiError> {
    let jwt = metadata.get("assets").and_then(|assets| assets.get("jwt")).and_then(Value::as_str);
    let Some(jwt) = jwt else {
        let kept = metadata.get("keep_assets") == Some(&Value::Bool(true));
        return Ok(old.and_then(|old| old.assets.clone()).filter(|_| kept));
    };
    let owner = owner(call)?;
    let ticket = Ticket::read(jwt, state, call.at.0);
    let ticket = ticket.filter(|ticket| ticket.kind == Kind::AssetsComplete && ticket.account == owner);
    let sessions = state.workers_account.sessions.get(&owner);
    let session = ticket.and_then(|ticket| sessions?.get(&ticket.about));
    let session =
        session.ok_or_else(|| ApiError::new(400, 10021, "the JWT of the assets is not valid, or its time is over"))?;
    Ok(Some(session.manifest.clone()))
}

/// The hashes that are not there.
fn missing<'a>(hashes: &'a BTreeSet<String>, owner: &str, state: &'a State) -> impl Iterator<Item = &'a String> {
    let there = state.workers_account.assets.get(owner);
    hashes.iter().filter(move |hash| !there.is_some_and(|there| there.contains_key(*hash)))
}

fn is_hash(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}
