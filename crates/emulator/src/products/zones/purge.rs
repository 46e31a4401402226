//! Purging the cache: nothing is cached, so that a purge is checked and counted.

use serde_json::{Value, json};

use super::change;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;

/// How many items one call may name (Cloudflare's documentation, cache/how-to/purge-cache).
const MOST: usize = 100;
const LISTS: [&str; 4] = ["files", "tags", "hosts", "prefixes"];

pub(super) fn purge(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(super::unreadable)?;
    let named: Vec<(&str, &Value)> = LISTS
        .into_iter()
        .filter_map(|name| Some((name, body.get(name)?)))
        .filter(|(_, value)| !value.is_null())
        .collect();
    let everything = match body.get("purge_everything") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return Err(ApiError::new(400, 1012, "\"purge_everything\" must be a boolean")),
    };
    match (everything, named.as_slice()) {
        (false, []) => {
            let one_of =
                "Request must contain one of \"purge_everything\", \"files\", \"tags\", \"hosts\" or \"prefixes\"";
            return Err(ApiError::new(400, 1012, one_of));
        }
        (true, []) => {}
        (false, [(name, value)]) => items(name, value)?,
        // That kinds exclude each other is documented; the code for it is not.
        _ => return Err(ApiError::new(400, 1012, "Request must contain only one kind of purge")),
    }
    let details = change(call, state, |details| {
        details.purges += 1;
        Ok(())
    });
    details?;
    let id = call.zone.map(|zone| zone.to_string()).unwrap_or_default();
    Ok(Answer::result(&json!({"id": id})))
}

fn items(name: &str, value: &Value) -> Result<(), ApiError> {
    let not_a_list = || ApiError::new(400, 1014, "\"files\", \"tags\", \"hosts\" or \"prefixes\" must be an array");
    let items = value.as_array().filter(|items| !items.is_empty()).ok_or_else(not_a_list)?;
    if items.len() > MOST {
        return Err(ApiError::new(400, 1094, format!("A purge may name {MOST} {name} at most.")));
    }
    let good = |item: &Value| {
        let object_url = || item.as_object().filter(|_| name == "files")?.get("url")?.as_str();
        let text = item.as_str().or_else(object_url).unwrap_or_default();
        match name {
            "files" => text.starts_with("http://") || text.starts_with("https://"),
            _ => !text.is_empty() && !text.contains("://"),
        }
    };
    match items.iter().find(|item| !good(item)) {
        None => Ok(()),
        Some(_) => Err(ApiError::new(400, 1016, format!("A member of \"{name}\" cannot be purged."))),
    }
}
