//! The secrets of a Worker. Each change comes with a new version, which is live at once (docs:
//! workers/configuration/secrets). Values are shown to nobody.

use serde_json::{Map, Value, json};

use super::content::kind;
use super::{Script, found, found_mut, not_json, unreadable};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, text as member};
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/secrets", Handler::Read(list)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}/secrets", Handler::Write(put)),
    ("PATCH /accounts/{account_id}/workers/scripts/{script_name}/secrets-bulk", Handler::Write(bulk)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/secrets/{secret_name}", Handler::Read(details)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}/secrets/{secret_name}", Handler::Write(delete)),
];

fn list(call: &Call, state: &State) -> Outcome {
    let secrets = found(call, state)?.content().secrets.iter();
    Ok(Answer::result(&secrets.map(|(name, secret)| shown(name, secret)).collect()))
}

fn put(call: &Call, state: &mut State) -> Outcome {
    let script = changeable(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let name = member(&body, "name").unwrap_or_default().to_owned();
    let secret = secret(&name, &body)?;
    let answer = Answer::result(&shown(&name, &secret));
    let mut content = script.draft();
    content.secrets.insert(name, secret);
    script.release(call, content);
    Ok(answer)
}

/// Sets many at once, and takes those away that are null: one new version.
fn bulk(call: &Call, state: &mut State) -> Outcome {
    let script = changeable(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let given = body.get("secrets").and_then(Value::as_object).ok_or_else(not_json)?;
    let mut content = script.draft();
    for (name, value) in given {
        match value {
            Value::Null => drop(content.secrets.remove(name)),
            Value::Object(object) => drop(content.secrets.insert(name.clone(), secret(name, object)?)),
            _ => return Err(unreadable("each secret is an object or null")),
        }
    }
    script.release(call, content);
    // By their names, where the list of them is a list.
    let left = script.content().secrets.iter().map(|(name, secret)| (name.clone(), shown(name, secret)));
    Ok(Answer::result(&Value::Object(left.collect())))
}

fn details(call: &Call, state: &State) -> Outcome {
    let name = call.parameter("secret_name");
    let secret = found(call, state)?.content().secrets.get(name).ok_or_else(missing)?;
    Ok(Answer::result(&shown(name, secret)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let script = changeable(call, state)?;
    let mut content = script.draft();
    content.secrets.remove(call.parameter("secret_name")).ok_or_else(missing)?;
    script.release(call, content);
    Ok(Answer::result(&Value::Null))
}

/// The script, whose secrets may be changed where its newest version is live.
fn changeable<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Script, ApiError> {
    let script = found_mut(call, state)?;
    if !script.is_latest_live() {
        let message = "Secret edit failed: the latest version of the Worker isn't currently deployed.";
        return Err(ApiError::new(400, 10215, message));
    }
    Ok(script)
}

/// A secret as a binding.
fn secret(name: &str, given: &Map<String, Value>) -> Result<Value, ApiError> {
    if name.is_empty() {
        return Err(unreadable("a secret needs a name"));
    }
    let mut binding = given.clone();
    binding.insert("name".to_owned(), name.into());
    binding.entry("type").or_insert_with(|| "secret_text".into());
    match (member(&binding, "type"), member(&binding, "text")) {
        (Some("secret_text"), None) => Err(unreadable("a secret needs a text")),
        _ => Ok(Value::Object(binding)),
    }
}

/// A secret without what it holds.
fn shown(name: &str, secret: &Value) -> Value {
    json!({"name": name, "type": kind(secret)})
}

fn missing() -> ApiError {
    ApiError::new(404, 10056, "secret not found")
}
