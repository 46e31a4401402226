//! The origin of custom hostnames that name none.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::http::{Answer, ApiError, Call, Outcome, is_hostname};
use crate::options::Hostnames;
use crate::products::{text, timestamp_micros};
use crate::state::State;

/// The fallback origin of a zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct FallbackOrigin {
    origin: String,
    created_at: i64,
    /// When its stages began.
    updated_at: i64,
    deleted_at: Option<i64>,
}

/// What becomes of it. Cloudflare's time-outs do not happen here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Initializing,
    PendingDeployment,
    Active,
    PendingDeletion,
    Deleted,
}

impl FallbackOrigin {
    /// Since when, in seconds, it is active; none where it goes.
    pub(super) fn active_since(&self, options: &Hostnames) -> Option<i64> {
        self.deleted_at.is_none().then(|| self.updated_at.saturating_add(2 * i64::from(options.delay)))
    }

    pub(super) fn status(&self, now: i64, options: &Hostnames) -> Status {
        let delay = i64::from(options.delay);
        let passed = now.saturating_sub(self.deleted_at.unwrap_or(self.updated_at));
        match self.deleted_at {
            Some(_) if passed >= delay => Status::Deleted,
            Some(_) => Status::PendingDeletion,
            None if passed >= 2 * delay => Status::Active,
            None if passed >= delay => Status::PendingDeployment,
            None => Status::Initializing,
        }
    }
}

impl Status {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Initializing => "initializing",
            Self::PendingDeployment => "pending_deployment",
            Self::Active => "active",
            Self::PendingDeletion => "pending_deletion",
            Self::Deleted => "deleted",
        }
    }
}

pub(super) fn details(call: &Call, state: &State) -> Outcome {
    let (origin, status) = found(call, state)?;
    Ok(Answer::result(&shown(origin, status)))
}

/// It is being set up in this answer, and active when its stages are over.
pub(super) fn put(call: &Call, state: &mut State) -> Outcome {
    let bad = || ApiError::new(400, 1415, "Invalid fallback origin. It has to be a hostname of the zone.");
    let zone_name = call.zone.and_then(|id| state.world.zone(id)).map(|zone| zone.name.clone()).unwrap_or_default();
    let origin = call.object().as_ref().and_then(|body| text(body, "origin")).map(str::to_ascii_lowercase);
    let origin = origin.filter(|origin| is_hostname(origin)).ok_or_else(bad)?;
    let inside = origin == zone_name || origin.strip_suffix(&zone_name).is_some_and(|rest| rest.ends_with('.'));
    if !inside {
        return Err(bad());
    }
    let old = found(call, state).map(|(old, _)| old.clone()).ok();
    let created_at = old.as_ref().map_or(call.at.0, |old| old.created_at);
    let fallback = match old {
        // The same once more changes nothing.
        Some(old) if old.origin == origin && old.deleted_at.is_none() => old,
        _ => FallbackOrigin { origin, created_at, updated_at: call.at.0, deleted_at: None },
    };
    let fresh = fallback.updated_at == call.at.0;
    let status = if fresh { Status::Initializing } else { fallback.status(call.at.0, &call.options.hostnames) };
    let answer = Answer::result(&shown(&fallback, status));
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    state.custom_hostnames.set_fallback_origin(zone, Some(fallback));
    Ok(answer)
}

pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    let (origin, _) = found(call, state)?;
    let removed = FallbackOrigin { deleted_at: origin.deleted_at.or(Some(call.at.0)), ..origin.clone() };
    let answer = Answer::result(&shown(&removed, Status::PendingDeletion));
    let gone = removed.status(call.at.0, &call.options.hostnames) == Status::Deleted;
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    state.custom_hostnames.set_fallback_origin(zone, (!gone).then_some(removed));
    Ok(answer)
}

fn found<'a>(call: &Call, state: &'a State) -> Result<(&'a FallbackOrigin, Status), ApiError> {
    let origin = call.zone.and_then(|zone| state.custom_hostnames.fallback_origin(zone));
    let standing = origin.map(|origin| (origin, origin.status(call.at.0, &call.options.hostnames)));
    let missing = || ApiError::new(404, 1551, "Resource not found.");
    standing.filter(|(_, status)| *status != Status::Deleted).ok_or_else(missing)
}

fn shown(origin: &FallbackOrigin, status: Status) -> Value {
    json!({
        "origin": origin.origin,
        "status": status.word(),
        "errors": [],
        "created_at": timestamp_micros(origin.created_at),
        "updated_at": timestamp_micros(origin.updated_at),
    })
}
