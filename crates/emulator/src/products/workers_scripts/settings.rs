//! What is set of a script beside its versions, its subdomain and its secrets.

use serde_json::{Map, Value, json};

use super::content::Secret;
use super::{Script, found, found_mut, not_json, unreadable};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, text as member};
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/settings", Handler::Read(settings)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/script-settings", Handler::Read(script_settings)),
    ("PATCH /accounts/{account_id}/workers/scripts/{script_name}/script-settings", Handler::Write(set_script_settings)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/subdomain", Handler::Read(subdomain)),
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/subdomain", Handler::Write(set_subdomain)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/secrets", Handler::Read(secrets)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}/secrets", Handler::Write(put_secret)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}/secrets/{secret_name}", Handler::Write(drop_secret)),
];

/// The settings that belong to the script, whichever version is live (the schema's `script-settings`).
pub(super) const UNVERSIONED: [&str; 4] = ["logpush", "observability", "tags", "tail_consumers"];

fn settings(call: &Call, state: &State) -> Outcome {
    let content = &found(call, state)?.content;
    Ok(Answer::result(&json!({
        "bindings": content.bindings(),
        "compatibility_date": content.metadata("compatibility_date", Value::Null),
        "compatibility_flags": content.metadata("compatibility_flags", json!([])),
        "usage_model": "standard",
        "logpush": content.metadata("logpush", false.into()),
        "tags": content.metadata("tags", json!([])),
        "tail_consumers": content.metadata("tail_consumers", json!([])),
        "placement": content.metadata("placement", json!({})),
        "limits": content.metadata("limits", json!({})),
        "observability": content.metadata("observability", json!({"enabled": false})),
    })))
}

fn script_settings(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&unversioned(found(call, state)?)))
}

fn set_script_settings(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    for name in UNVERSIONED {
        match body.get(name) {
            Some(Value::Null) => drop(script.content.metadata.remove(name)),
            Some(value) => drop(script.content.metadata.insert(name.to_owned(), value.clone())),
            None => {}
        }
    }
    script.modified_on = call.at.0;
    Ok(Answer::result(&unversioned(script)))
}

fn unversioned(script: &Script) -> Value {
    let content = &script.content;
    json!({
        "logpush": content.metadata("logpush", false.into()),
        "observability": content.metadata("observability", json!({"enabled": false})),
        "tags": content.metadata("tags", json!([])),
        "tail_consumers": content.metadata("tail_consumers", json!([])),
    })
}

fn subdomain(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&found(call, state)?.subdomain()))
}

fn set_subdomain(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let enabled = body.get("enabled").and_then(Value::as_bool);
    script.enabled = enabled.ok_or_else(|| unreadable("enabled must be true or false"))?;
    script.previews_enabled = body.get("previews_enabled").and_then(Value::as_bool).unwrap_or(script.enabled);
    Ok(Answer::result(&script.subdomain()))
}

fn secrets(call: &Call, state: &State) -> Outcome {
    let secrets = found(call, state)?.content.secrets.iter();
    Ok(Answer::result(&secrets.map(|(name, secret)| json!({"name": name, "type": secret.kind})).collect()))
}

/// A secret comes with a new version, which is live at once (docs: workers/configuration/secrets).
fn put_secret(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let (name, kind) = secret(&body)?;
    let mut content = script.content.clone();
    let text = member(&body, "text").unwrap_or_default().to_owned();
    content.secrets.insert(name.to_owned(), Secret { kind: kind.to_owned(), text });
    script.release(call, content);
    Ok(Answer::result(&json!({"name": name, "type": kind})))
}

fn secret(body: &Map<String, Value>) -> Result<(&str, &str), ApiError> {
    let name = member(body, "name").filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| unreadable("a secret needs a name"))?;
    let kind = member(body, "type").unwrap_or("secret_text");
    if kind == "secret_text" && member(body, "text").is_none() {
        return Err(unreadable("a secret needs a text"));
    }
    Ok((name, kind))
}

fn drop_secret(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let mut content = script.content.clone();
    let removed = content.secrets.remove(call.parameter("secret_name"));
    removed.ok_or_else(|| ApiError::new(404, 10056, "secret not found"))?;
    script.release(call, content);
    Ok(Answer::result(&Value::Null))
}
