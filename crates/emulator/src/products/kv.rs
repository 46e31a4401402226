//! Workers KV: namespaces of an account, and the values in them.

pub(crate) mod binding;
mod bulk;
mod keys;
mod values;

use axum::body::Bytes;
use flarekeep_catalogue::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Handler, text as member};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};
use crate::text;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/storage/kv/namespaces", Handler::Read(list)),
    ("POST /accounts/{account_id}/storage/kv/namespaces", Handler::Write(create)),
    ("GET /accounts/{account_id}/storage/kv/namespaces/{namespace_id}", Handler::Read(details)),
    ("PUT /accounts/{account_id}/storage/kv/namespaces/{namespace_id}", Handler::Write(rename)),
    ("DELETE /accounts/{account_id}/storage/kv/namespaces/{namespace_id}", Handler::Write(delete)),
    ("GET /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/keys", Handler::Read(keys::list)),
    ("GET /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/values/{key_name}", Handler::Read(values::value)),
    ("PUT /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/values/{key_name}", Handler::Write(values::put)),
    (
        "DELETE /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/values/{key_name}",
        Handler::Write(values::delete),
    ),
    (
        "GET /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/metadata/{key_name}",
        Handler::Read(values::metadata),
    ),
    ("PUT /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/bulk", Handler::Write(bulk::put)),
    ("DELETE /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/bulk", Handler::Write(bulk::delete)),
    ("POST /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/bulk/delete", Handler::Write(bulk::delete)),
    ("POST /accounts/{account_id}/storage/kv/namespaces/{namespace_id}/bulk/get", Handler::Read(bulk::get)),
];

/// The namespaces of all accounts, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<AccountId, Map<String, Namespace>>);

branch!(Table);
branch!(Namespace { title, entries });
leaf!(Entry);

#[derive(Debug, Clone, Default, PartialEq)]
struct Namespace {
    title: String,
    entries: Map<String, Entry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    #[serde(with = "text::bytes")]
    value: Bytes,
    metadata: Option<Value>,
    /// Seconds; the entry is gone from then on.
    expiration: Option<i64>,
}

impl Namespace {
    /// The entry of a key, unless its time is over.
    fn live(&self, key: &str, now: i64) -> Option<&Entry> {
        self.entries.get(key).filter(|entry| entry.is_live(now))
    }
}

impl Entry {
    fn is_live(&self, now: i64) -> bool {
        self.expiration.is_none_or(|end| now < end)
    }
}

fn list(call: &Call, state: &State) -> Outcome {
    let mut namespaces: Vec<_> = state.kv.0.get(&account(call)?).into_iter().flatten().collect();
    if call.query("order").as_deref() == Some("title") {
        namespaces.sort_by(|a, b| a.1.title.cmp(&b.1.title));
    }
    if call.descending() {
        namespaces.reverse();
    }
    let shown = namespaces.into_iter().map(|(id, namespace)| shown(id, namespace)).collect();
    Ok(Answer::page(shown, call.page(20, 1, 1000)))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let title = title(call)?;
    let namespaces = own(call, state)?;
    refuse_taken(namespaces, &title, "")?;
    let id = format!("{:032x}", fresh_id());
    let namespace = Namespace { title, entries: Map::new() };
    let answer = Answer::result(&shown(&id, &namespace));
    namespaces.insert(id, namespace);
    Ok(answer)
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown(call.parameter("namespace_id"), namespace(call, state)?)))
}

fn rename(call: &Call, state: &mut State) -> Outcome {
    let id = call.parameter("namespace_id");
    namespace(call, state)?;
    let title = title(call)?;
    let namespaces = own(call, state)?;
    refuse_taken(namespaces, &title, id)?;
    let namespace = namespaces.get_mut(id).ok_or_else(missing)?;
    namespace.title = title;
    Ok(Answer::result(&shown(id, namespace)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let removed = own(call, state)?.remove(call.parameter("namespace_id"));
    removed.map(|_| Answer::result(&json!({}))).ok_or_else(missing)
}

/// Whether an account has this namespace: an upload's bindings name one.
pub(super) fn exists(state: &State, account: AccountId, id: &str) -> bool {
    state.kv.0.get(&account).is_some_and(|namespaces| namespaces.contains_key(id))
}

fn title(call: &Call) -> Result<String, ApiError> {
    let body = call.object().ok_or_else(bad_body)?;
    let title = member(&body, "title").unwrap_or_default();
    if title.is_empty() || title.len() > 512 {
        return Err(ApiError::new(400, 10019, "a namespace title is required"));
    }
    Ok(title.to_owned())
}

fn refuse_taken(namespaces: &Map<String, Namespace>, title: &str, own: &str) -> Result<(), ApiError> {
    if namespaces.iter().any(|(id, other)| id != own && other.title == title) {
        return Err(ApiError::new(400, 10014, "a namespace with this account ID and title already exists"));
    }
    Ok(())
}

fn account(call: &Call) -> Result<AccountId, ApiError> {
    call.account.ok_or_else(ApiError::no_route)
}

fn own<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Map<String, Namespace>, ApiError> {
    Ok(state.kv.0.entry(account(call)?).or_default())
}

fn namespace<'a>(call: &Call, state: &'a State) -> Result<&'a Namespace, ApiError> {
    let namespaces = state.kv.0.get(&account(call)?);
    namespaces.and_then(|namespaces| namespaces.get(call.parameter("namespace_id"))).ok_or_else(missing)
}

/// The entries of the namespace that the path names, to be changed.
fn entries<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Map<String, Entry>, ApiError> {
    let namespace = own(call, state)?.get_mut(call.parameter("namespace_id")).ok_or_else(missing)?;
    Ok(&mut namespace.entries)
}

fn missing() -> ApiError {
    ApiError::new(404, 10013, "namespace not found")
}

fn bad_body() -> ApiError {
    ApiError::new(400, 10012, "the request body is not valid")
}

fn shown(id: &str, namespace: &Namespace) -> Value {
    json!({"id": id, "title": namespace.title, "supports_url_encoding": true})
}
