//! What is set of a script beside its versions, its subdomain and its secrets.

use serde_json::{Value, json};

use super::content::Content;
use super::{Script, found, found_mut, not_json, unreadable};
use crate::http::{Answer, Call, Outcome};
use crate::products::Handler;
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/settings", Handler::Read(settings)),
    ("PATCH /accounts/{account_id}/workers/scripts/{script_name}/settings", Handler::Write(set_settings)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/script-settings", Handler::Read(script_settings)),
    ("PATCH /accounts/{account_id}/workers/scripts/{script_name}/script-settings", Handler::Write(set_script_settings)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/subdomain", Handler::Read(subdomain)),
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/subdomain", Handler::Write(set_subdomain)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}/subdomain", Handler::Write(drop_subdomain)),
];

/// The settings that belong to the script, whichever version is live (the schema's `script-settings`).
pub(super) const UNVERSIONED: [&str; 4] = ["logpush", "observability", "tags", "tail_consumers"];

fn settings(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&all(&found(call, state)?.content)))
}

/// Changes what stands in the form's part `settings`: a new version, which is live at once.
fn set_settings(call: &Call, state: &mut State) -> Outcome {
    let part = call.parts().and_then(|parts| parts.iter().find(|part| part.name == "settings"));
    let body = part.map_or_else(|| call.object(), |part| crate::http::object(&part.bytes)).ok_or_else(not_json)?;
    let content = super::upload::changed(call, state, &found(call, state)?.content, &body)?;
    let script = found_mut(call, state)?;
    script.release(call, content);
    Ok(Answer::result(&all(&script.content)))
}

fn all(content: &Content) -> Value {
    let mut shown = json!({
        "bindings": content.bindings(),
        "compatibility_date": content.metadata("compatibility_date", Value::Null),
        "compatibility_flags": content.metadata("compatibility_flags", json!([])),
        "usage_model": "standard",
        "logpush": content.metadata("logpush", false.into()),
        "tags": content.metadata("tags", json!([])),
        "tail_consumers": content.metadata("tail_consumers", json!([])),
        "limits": content.metadata("limits", json!({})),
        "observability": content.metadata("observability", json!({"enabled": false})),
    });
    // The schema has no empty placement: a Worker without one says nothing of it.
    if let (Some(shown), placement @ Value::Object(_)) =
        (shown.as_object_mut(), content.metadata("placement", Value::Null))
    {
        shown.insert("placement".to_owned(), placement);
    }
    shown
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

fn drop_subdomain(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    (script.enabled, script.previews_enabled) = (false, false);
    Ok(Answer::result(&script.subdomain()))
}
