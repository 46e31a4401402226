//! Custom domains of a project. They are kept, and stay pending: nothing is validated.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Project, found, found_mut, not_json};
use crate::credential::fresh_uuid;
use crate::http::{Answer, ApiError, Call, Outcome, is_hostname};
use crate::products::{text as member, timestamp_micros};
use crate::state::State;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Domain {
    pub(super) name: String,
    id: String,
    created_on: i64,
}

pub(super) fn list(call: &Call, state: &State) -> Outcome {
    let domains: Vec<Value> =
        found(call, state)?.facts.domains.iter().map(|domain| shown(domain, call, state)).collect();
    let count = domains.len();
    let info = json!({"page": 1, "per_page": count.max(1), "count": count, "total_count": count, "total_pages": 1});
    Ok(Answer::listed(&domains.into(), &info))
}

pub(super) fn add(call: &Call, state: &mut State) -> Outcome {
    let project = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let name = member(&body, "name").unwrap_or_default().to_ascii_lowercase();
    if !is_hostname(&name) {
        return Err(ApiError::new(400, 8_000_017, "the name is no hostname"));
    }
    if project.facts.domains.iter().any(|domain| domain.name == name) {
        return Err(ApiError::new(409, 8_000_018, "You have already added this custom domain."));
    }
    let domain = Domain { name, id: fresh_uuid(), created_on: call.at.0 };
    project.facts.domains.push(domain.clone());
    Ok(Answer::result(&shown(&domain, call, state)))
}

/// Also what a PATCH answers, which only has the domain validated again.
pub(super) fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown(one(call, found(call, state)?)?, call, state)))
}

pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    let project = found_mut(call, state)?;
    let id = one(call, project)?.id.clone();
    project.facts.domains.retain(|domain| domain.id != id);
    Ok(Answer::result(&Value::Null))
}

fn one<'a>(call: &Call, project: &'a Project) -> Result<&'a Domain, ApiError> {
    let name = call.parameter("domain_name");
    let found = project.facts.domains.iter().find(|domain| domain.name == name);
    found.ok_or_else(|| ApiError::new(404, 8_000_021, "The domain you have specified does not exist."))
}

fn shown(domain: &Domain, call: &Call, state: &State) -> Value {
    let zones = state.world.zones.iter().filter(|zone| Some(zone.account) == call.account);
    let zone = zones.into_iter().find(|zone| {
        domain.name == zone.name || domain.name.strip_suffix(&zone.name).is_some_and(|host| host.ends_with('.'))
    });
    json!({
        "id": domain.id,
        "domain_id": domain.id,
        "name": domain.name,
        "status": "pending",
        "verification_data": {"status": "pending"},
        "validation_data": {"status": "pending", "method": "http"},
        "certificate_authority": "google",
        "zone_tag": zone.map(|zone| zone.id.to_string()).unwrap_or_default(),
        "created_on": timestamp_micros(domain.created_on),
    })
}
