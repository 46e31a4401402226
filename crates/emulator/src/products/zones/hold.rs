//! Holds: a zone that is held cannot be added by another account. Here no other account could, so that a hold is only
//! remembered.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{change, found};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::timestamp;
use crate::state::State;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Hold {
    include_subdomains: bool,
    /// Seconds: it is suspended until then.
    hold_after: Option<i64>,
}

pub(super) fn details(call: &Call, state: &State) -> Outcome {
    let hold = state.zones.of(found(call, state)?.id).hold;
    Ok(answer(hold.as_ref(), call))
}

pub(super) fn create(call: &Call, state: &mut State) -> Outcome {
    let include_subdomains = call.query("include_subdomains").is_some_and(|word| word == "true");
    set(call, state, |hold| *hold = Some(Hold { include_subdomains, hold_after: None }))
}

pub(super) fn edit(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(super::unreadable)?;
    let after = after(body.get("hold_after").and_then(Value::as_str))?;
    set(call, state, |hold| {
        let hold = hold.get_or_insert_default();
        if let Some(include) = body.get("include_subdomains").and_then(Value::as_bool) {
            hold.include_subdomains = include;
        }
        if body.contains_key("hold_after") {
            hold.hold_after = after;
        }
    })
}

/// Ends a hold, or suspends it until `hold_after`.
pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    let after = after(call.query("hold_after").as_deref())?;
    set(call, state, |hold| {
        *hold = after.and_then(|at| hold.take().map(|hold| Hold { hold_after: Some(at), ..hold }));
    })
}

fn set(call: &Call, state: &mut State, to: impl FnOnce(&mut Option<Hold>)) -> Outcome {
    let details = change(call, state, |details| {
        to(&mut details.hold);
        Ok(())
    })?;
    Ok(answer(details.hold.as_ref(), call))
}

fn after(text: Option<&str>) -> Result<Option<i64>, ApiError> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let time: jiff::Timestamp = text.parse().map_err(|_| super::unreadable())?;
    Ok(Some(time.as_second()))
}

fn answer(hold: Option<&Hold>, call: &Call) -> Answer {
    let mut shown = json!({"hold": hold.is_some_and(|hold| hold.hold_after.is_none_or(|at| at <= call.at.0))});
    if let (Some(hold), Some(object)) = (hold, shown.as_object_mut()) {
        // A text, as the schema has it.
        object.insert("include_subdomains".to_owned(), hold.include_subdomains.to_string().into());
        if let Some(at) = hold.hold_after {
            object.insert("hold_after".to_owned(), timestamp(at).into());
        }
    }
    Answer::result(&shown)
}
