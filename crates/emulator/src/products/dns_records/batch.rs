//! Many changes at once: deletes, patches, puts and posts, in this order, all or none (the schema's description).

use serde_json::{Map, Value, json};

use super::{add, missing, place, shown_as, unreadable, update};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;

/// How many changes a batch may hold: the documentation's number for the largest plans.
const MOST: usize = 3500;

pub(super) fn batch(call: &Call, state: &mut State) -> Outcome {
    let (body, place) = (super::body(call)?, place(call, state));
    let given = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(&[] as &[Value]),
        Some(Value::Array(items)) => Ok(items.as_slice()),
        Some(_) => Err(unreadable()),
    };
    let (deletes, patches, puts, posts) = (given("deletes")?, given("patches")?, given("puts")?, given("posts")?);
    if deletes.len() + patches.len() + puts.len() + posts.len() > MOST {
        return Err(ApiError::new(
            400,
            9207,
            format!("Request body is invalid: a batch holds {MOST} changes at most."),
        ));
    }
    let id = call.zone.ok_or_else(ApiError::no_route)?;
    let zone = state.dns_records.of_mut(id);
    let mut done = Map::new();
    let mut all = |name: &str, results: Vec<Value>| done.insert(name.to_owned(), results.into());
    let mut results = Vec::new();
    for item in deletes {
        let old = zone.remove(named(object(item)?)?).ok_or_else(missing)?;
        results.push(shown_as(&*old));
    }
    all("deletes", std::mem::take(&mut results));
    for (name, items, keeps) in [("patches", patches, true), ("puts", puts, false)] {
        for item in items {
            let item = object(item)?;
            results.push(shown_as(update(zone, named(item)?, item, &place, keeps, call.at.0)?));
        }
        all(name, std::mem::take(&mut results));
    }
    for item in posts {
        results.push(shown_as(add(zone, object(item)?, &place, call.at.0)?));
    }
    all("posts", results);
    Ok(Answer::result(&json!(done)))
}

fn object(item: &Value) -> Result<&Map<String, Value>, ApiError> {
    item.as_object().ok_or_else(unreadable)
}

fn named(item: &Map<String, Value>) -> Result<&str, ApiError> {
    item.get("id").and_then(Value::as_str).ok_or_else(missing)
}
