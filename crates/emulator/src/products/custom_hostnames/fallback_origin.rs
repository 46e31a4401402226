//! The origin of custom hostnames that name none.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{of_zone, own};
use crate::http::{Answer, ApiError, Call, Outcome, is_hostname};
use crate::products::{text, timestamp_micros};
use crate::state::State;

/// The fallback origin of a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FallbackOrigin {
    origin: String,
    created_at: i64,
    updated_at: i64,
}

pub(super) fn details(call: &Call, state: &State) -> Outcome {
    let origin = of_zone(call, state).and_then(|zone| zone.fallback_origin.as_ref()).ok_or_else(missing)?;
    Ok(Answer::result(&shown(origin, "active")))
}

/// It is being set up in this answer, and active in the next.
pub(super) fn put(call: &Call, state: &mut State) -> Outcome {
    let bad = || ApiError::new(400, 1415, "Invalid fallback origin. It has to be a hostname of the zone.");
    let zone_name = call.zone.and_then(|id| state.world.zone(id)).map(|zone| zone.name.clone()).unwrap_or_default();
    let origin = call.object().as_ref().and_then(|body| text(body, "origin")).map(str::to_ascii_lowercase);
    let origin = origin.filter(|origin| is_hostname(origin)).ok_or_else(bad)?;
    let inside = origin == zone_name || origin.strip_suffix(&zone_name).is_some_and(|rest| rest.ends_with('.'));
    if !inside {
        return Err(bad());
    }
    let zone = own(call, state)?;
    let created_at = zone.fallback_origin.as_ref().map_or(call.at.0, |old| old.created_at);
    let fallback = FallbackOrigin { origin, created_at, updated_at: call.at.0 };
    let answer = Answer::result(&shown(&fallback, "initializing"));
    zone.fallback_origin = Some(fallback);
    Ok(answer)
}

pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    let removed = own(call, state)?.fallback_origin.take().ok_or_else(missing)?;
    Ok(Answer::result(&shown(&removed, "pending_deletion")))
}

fn missing() -> ApiError {
    ApiError::new(404, 1551, "Resource not found.")
}

fn shown(origin: &FallbackOrigin, status: &str) -> Value {
    json!({
        "origin": origin.origin,
        "status": status,
        "errors": [],
        "created_at": timestamp_micros(origin.created_at),
        "updated_at": timestamp_micros(origin.updated_at),
    })
}
