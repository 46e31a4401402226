//! Workers of an account: scripts, their settings, their subdomain, their secrets.

mod upload;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use flarekeep_catalogue::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Handler, text as member, timestamp_micros};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::text;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/workers/scripts", Handler::Read(list)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}", Handler::Write(upload::put)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}", Handler::Read(source)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}", Handler::Write(delete)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/settings", Handler::Read(settings)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/subdomain", Handler::Read(subdomain)),
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/subdomain", Handler::Write(set_subdomain)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/secrets", Handler::Read(secrets)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}/secrets", Handler::Write(put_secret)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}/secrets/{secret_name}", Handler::Write(drop_secret)),
];

/// The scripts of all accounts, by name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Table(#[serde(with = "text::keys")] BTreeMap<AccountId, BTreeMap<String, Script>>);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Script {
    /// The hex tag that policies name.
    tag: String,
    etag: String,
    created_on: i64,
    modified_on: i64,
    main_module: Option<String>,
    modules: Vec<Module>,
    /// The bindings without secrets, as they were sent.
    bindings: Vec<Value>,
    /// The rest of the metadata, as it was sent.
    metadata: Map<String, Value>,
    /// The names of the secrets with their types. Values are not kept, as nothing reads them.
    secrets: BTreeMap<String, String>,
    enabled: bool,
    previews_enabled: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Module {
    name: String,
    content_type: String,
    #[serde(with = "text::bytes")]
    bytes: Bytes,
}

fn list(call: &Call, state: &State) -> Outcome {
    let scripts = state.workers_scripts.0.get(&account(call)?).into_iter().flatten();
    Ok(Answer::result(&scripts.map(|(name, script)| shown(name, script)).collect()))
}

/// The source: the one module as it is, or a form of all modules.
fn source(call: &Call, state: &State) -> Outcome {
    let script = found(call, state)?;
    let answer = match script.modules.as_slice() {
        [only] => Answer::raw(only.bytes.clone(), &only.content_type),
        several => {
            let boundary = &script.etag;
            let mut form = Vec::new();
            for module in several {
                // Names and types were checked when they came: they hold no quotes and no line ends.
                let (name, kind) = (&module.name, &module.content_type);
                let head = format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
                );
                form.extend_from_slice(head.as_bytes());
                form.extend_from_slice(&module.bytes);
                form.extend_from_slice(b"\r\n");
            }
            form.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
            Answer::raw(form.into(), &format!("multipart/form-data; boundary={boundary}"))
        }
    };
    Ok(answer.header("cf-entrypoint", script.main_module.as_deref().unwrap_or_default()).header("etag", &script.etag))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let name = call.parameter("script_name");
    let removed = own(call, state)?.remove(name);
    removed.map(|_| Answer::result(&json!({"id": name}))).ok_or_else(missing)
}

fn settings(call: &Call, state: &State) -> Outcome {
    let script = found(call, state)?;
    let metadata = |name: &str, default: Value| script.metadata.get(name).cloned().unwrap_or(default);
    let secrets = script.secrets.iter().map(|(name, kind)| json!({"name": name, "type": kind}));
    Ok(Answer::result(&json!({
        "bindings": script.bindings.iter().cloned().chain(secrets).collect::<Vec<_>>(),
        "compatibility_date": metadata("compatibility_date", Value::Null),
        "compatibility_flags": metadata("compatibility_flags", json!([])),
        "usage_model": "standard",
        "logpush": metadata("logpush", false.into()),
        "tags": metadata("tags", json!([])),
        "tail_consumers": metadata("tail_consumers", json!([])),
        "placement": metadata("placement", json!({})),
        "limits": metadata("limits", json!({})),
        "observability": metadata("observability", json!({"enabled": false})),
    })))
}

fn subdomain(call: &Call, state: &State) -> Outcome {
    let script = found(call, state)?;
    Ok(Answer::result(&json!({"enabled": script.enabled, "previews_enabled": script.previews_enabled})))
}

fn set_subdomain(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let enabled = body.get("enabled").and_then(Value::as_bool);
    script.enabled = enabled.ok_or_else(|| ApiError::new(400, 10026, "enabled must be true or false"))?;
    script.previews_enabled = body.get("previews_enabled").and_then(Value::as_bool).unwrap_or(script.enabled);
    Ok(Answer::result(&json!({"enabled": script.enabled, "previews_enabled": script.previews_enabled})))
}

fn secrets(call: &Call, state: &State) -> Outcome {
    let secrets = found(call, state)?.secrets.iter();
    Ok(Answer::result(&secrets.map(|(name, kind)| json!({"name": name, "type": kind})).collect()))
}

fn put_secret(call: &Call, state: &mut State) -> Outcome {
    let at = call.at.0;
    let script = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let name = member(&body, "name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| ApiError::new(400, 10026, "a secret needs a name"))?;
    let kind = member(&body, "type").unwrap_or("secret_text");
    if kind == "secret_text" && member(&body, "text").is_none() {
        return Err(ApiError::new(400, 10026, "a secret needs a text"));
    }
    script.secrets.insert(name.to_owned(), kind.to_owned());
    script.modified_on = at;
    Ok(Answer::result(&json!({"name": name, "type": kind})))
}

fn drop_secret(call: &Call, state: &mut State) -> Outcome {
    let removed = found_mut(call, state)?.secrets.remove(call.parameter("secret_name"));
    removed.map(|_| Answer::result(&Value::Null)).ok_or_else(|| ApiError::new(404, 10056, "secret not found"))
}

/// Whether an account has a Worker of this name: routes name one.
pub(super) fn exists(state: &State, account: AccountId, name: &str) -> bool {
    state.workers_scripts.0.get(&account).is_some_and(|scripts| scripts.contains_key(name))
}

fn account(call: &Call) -> Result<AccountId, ApiError> {
    call.account.ok_or_else(ApiError::no_route)
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Script, ApiError> {
    let scripts = state.workers_scripts.0.get(&account(call)?);
    scripts.and_then(|scripts| scripts.get(call.parameter("script_name"))).ok_or_else(missing)
}

fn own<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut BTreeMap<String, Script>, ApiError> {
    Ok(Arc::make_mut(&mut state.workers_scripts).0.entry(account(call)?).or_default())
}

fn found_mut<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Script, ApiError> {
    own(call, state)?.get_mut(call.parameter("script_name")).ok_or_else(missing)
}

fn missing() -> ApiError {
    ApiError::new(404, 10007, "This Worker does not exist on your account.")
}

fn not_json() -> ApiError {
    ApiError::new(400, 10026, "The request body could not be decoded.")
}

fn shown(name: &str, script: &Script) -> Value {
    json!({
        "id": name,
        "tag": script.tag,
        "tags": script.metadata.get("tags").cloned().unwrap_or_else(|| json!([])),
        "etag": script.etag,
        "handlers": ["fetch"],
        "has_assets": script.metadata.contains_key("assets"),
        "has_modules": script.main_module.is_some(),
        "compatibility_date": script.metadata.get("compatibility_date"),
        "compatibility_flags": script.metadata.get("compatibility_flags").cloned().unwrap_or_else(|| json!([])),
        "usage_model": "standard",
        "logpush": false,
        "created_on": timestamp_micros(script.created_on),
        "modified_on": timestamp_micros(script.modified_on),
    })
}
