//! What is set of a script beside its versions, its subdomain and its secrets.

use serde_json::{Value, json};

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
    Ok(Answer::result(&all(found(call, state)?)))
}

/// Changes what stands in the form's part `settings`: a new version, which is live at once.
fn set_settings(call: &Call, state: &mut State) -> Outcome {
    let part = call.parts().and_then(|parts| parts.iter().find(|part| part.name == "settings"));
    let body = part.map_or_else(|| call.object(), |part| crate::http::object(&part.bytes)).ok_or_else(not_json)?;
    let content = super::upload::changed(call, state, &found(call, state)?.draft(), &body)?;
    let script = found_mut(call, state)?;
    script.release(call, content);
    Ok(Answer::result(&all(script)))
}

fn all(script: &Script) -> Value {
    let content = script.content();
    let mut shown = json!({
        "bindings": content.bindings(),
        "compatibility_date": content.metadata("compatibility_date", Value::Null),
        "compatibility_flags": content.metadata("compatibility_flags", json!([])),
        "usage_model": "standard",
        "logpush": script.metadata("logpush", false.into()),
        "tags": script.metadata("tags", json!([])),
        "tail_consumers": script.metadata("tail_consumers", json!([])),
        "limits": content.metadata("limits", json!({})),
        "observability": script.metadata("observability", json!({"enabled": false})),
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
            Some(Value::Null) => drop(script.facts.unversioned.remove(name)),
            Some(value) => drop(script.facts.unversioned.insert(name.to_owned(), value.clone())),
            None => {}
        }
    }
    script.facts.modified_on = call.at.0;
    Ok(Answer::result(&unversioned(script)))
}

fn unversioned(script: &Script) -> Value {
    json!({
        "logpush": script.metadata("logpush", false.into()),
        "observability": script.metadata("observability", json!({"enabled": false})),
        "tags": script.metadata("tags", json!([])),
        "tail_consumers": script.metadata("tail_consumers", json!([])),
    })
}

fn subdomain(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&found(call, state)?.subdomain()))
}

fn set_subdomain(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let enabled = body.get("enabled").and_then(Value::as_bool);
    script.facts.enabled = enabled.ok_or_else(|| unreadable("enabled must be true or false"))?;
    script.facts.previews_enabled =
        body.get("previews_enabled").and_then(Value::as_bool).unwrap_or(script.facts.enabled);
    Ok(Answer::result(&script.subdomain()))
}

fn drop_subdomain(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    (script.facts.enabled, script.facts.previews_enabled) = (false, false);
    Ok(Answer::result(&script.subdomain()))
}
