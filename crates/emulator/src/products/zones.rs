//! Zones: list, make, change, remove, check, hold.

mod hold;
mod list;
mod purge;
mod shown;

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_policy::Owner;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::shown::shown;
use super::{Handler, text};
use crate::authorisation;
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Caller, Outcome, is_hostname};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};
use crate::world::Zone;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /zones", Handler::Read(list::list)),
    ("POST /zones", Handler::Write(create)),
    ("GET /zones/{zone_id}", Handler::Read(details)),
    ("PATCH /zones/{zone_id}", Handler::Write(edit)),
    ("DELETE /zones/{zone_id}", Handler::Write(delete)),
    ("PUT /zones/{zone_id}/activation_check", Handler::Write(check)),
    ("GET /zones/{zone_id}/hold", Handler::Read(hold::details)),
    ("POST /zones/{zone_id}/hold", Handler::Write(hold::create)),
    ("PATCH /zones/{zone_id}/hold", Handler::Write(hold::edit)),
    ("DELETE /zones/{zone_id}/hold", Handler::Write(hold::delete)),
    ("POST /zones/{zone_id}/purge_cache", Handler::Write(purge::purge)),
];

/// The kinds of zone (the schema's).
const KINDS: [&str; 4] = ["full", "partial", "secondary", "internal"];

/// What zones have beyond what the world says; a zone that came with the world has nothing here until it is changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<ZoneId, Details>);

branch!(Table);
leaf!(Details);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Details {
    kind: String,
    paused: bool,
    vanity_name_servers: Vec<String>,
    /// Seconds; nothing for a zone that came with the world.
    created_on: Option<i64>,
    modified_on: Option<i64>,
    activated_on: Option<i64>,
    hold: Option<hold::Hold>,
    /// How often its cache was purged.
    purges: u64,
}

impl Default for Details {
    fn default() -> Self {
        Self {
            kind: "full".to_owned(),
            paused: false,
            vanity_name_servers: Vec::new(),
            created_on: None,
            modified_on: None,
            activated_on: None,
            hold: None,
            purges: 0,
        }
    }
}

impl Table {
    fn of(&self, zone: ZoneId) -> Details {
        self.0.get(&zone).cloned().unwrap_or_default()
    }
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(unreadable)?;
    let name = text(&body, "name").unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
    if !is_hostname(&name) {
        return Err(ApiError::new(
            400,
            1049,
            format!("{} is not a registered domain", crate::log::printable(&name, 100)),
        ));
    }
    let account = account(call, &body, state)?;
    if state.world.zones.named(&name).is_some() {
        return Err(ApiError::new(400, 1061, format!("{name} already exists")));
    }
    let kind = kind(&body)?.unwrap_or_else(|| "full".to_owned());
    let zone = Zone {
        id: ZoneId::from_u128(fresh_id()),
        name,
        account,
        status: "pending".to_owned(),
        plan: "free".to_owned(),
    };
    let at = Some(call.at.0);
    let details = Details { kind, created_on: at, modified_on: at, ..Details::default() };
    state.zones.0.insert(zone.id, details);
    state.world_mut().zones.insert(zone.clone());
    Ok(Answer::result(&shown(&zone, state)))
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown(found(call, state)?, state)))
}

/// Pauses, changes the kind, sets name servers. A plan is passed over: all plans cost nothing here.
fn edit(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(unreadable)?;
    let zone = found(call, state)?.clone();
    let kind = kind(&body)?;
    change(call, state, |details| {
        if let Some(paused) = body.get("paused").and_then(Value::as_bool) {
            details.paused = paused;
        }
        if let Some(kind) = kind {
            details.kind = kind;
        }
        if let Some(servers) = body.get("vanity_name_servers").and_then(Value::as_array) {
            details.vanity_name_servers = servers.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        }
        Ok(())
    })?;
    Ok(Answer::result(&shown(&zone, state)))
}

/// Removes a zone, and with it all that is its own: records, settings, custom hostnames, Workers routes and domains.
fn delete(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.id;
    forget(id, state);
    Ok(Answer::result(&json!({"id": id.to_string()})))
}

fn forget(id: ZoneId, state: &mut State) {
    state.world_mut().zones.remove(id);
    state.zones.0.remove(&id);
    state.dns_records.forget(id);
    state.zone_settings.forget(id);
    state.custom_hostnames.forget(id);
    state.workers_routes.forget(id);
    state.workers_account.forget_zone(id);
}

/// Looks whether the registrar has the zone's name servers: here it always has, so that a pending zone becomes active.
fn check(call: &Call, state: &mut State) -> Outcome {
    let mut zone = found(call, state)?.clone();
    if zone.status != "active" {
        zone.status = "active".to_owned();
        state.world_mut().zones.insert(zone.clone());
        change(call, state, |details| {
            details.activated_on = Some(call.at.0);
            Ok(())
        })?;
    }
    Ok(Answer::result(&json!({"id": zone.id.to_string()})))
}

/// Changes what a zone has beyond what the world says.
fn change(
    call: &Call,
    state: &mut State,
    change: impl FnOnce(&mut Details) -> Result<(), ApiError>,
) -> Result<Details, ApiError> {
    let id = found(call, state)?.id;
    let mut details = state.zones.of(id);
    change(&mut details)?;
    details.modified_on = Some(call.at.0);
    state.zones.0.insert(id, details.clone());
    Ok(details)
}

/// The account that a new zone is for: the body's, where the caller may make zones there, or the only one that can be
/// meant.
fn account(call: &Call, body: &serde_json::Map<String, Value>, state: &State) -> Result<AccountId, ApiError> {
    let denied = || ApiError::new(400, 1068, "Permission denied");
    let named = body.get("account").and_then(Value::as_object).and_then(|account| text(account, "id"));
    let id = match (named, &call.caller) {
        (Some(id), _) => id.parse().map_err(|_| denied())?,
        (None, Caller::Token(record)) if matches!(record.stored.owner, Owner::Account(_)) => {
            match record.stored.owner {
                Owner::Account(id) => id,
                Owner::User(_) => return Err(denied()),
            }
        }
        (None, caller) => {
            let user = caller.user().and_then(|id| state.world.user(id));
            *user.and_then(|user| user.accounts.first()).ok_or_else(denied)?
        }
    };
    state.world.account(id).ok_or_else(denied)?;
    let request = authorisation::request(call.operation, &call.caller, (Some(id), None), call.ip, call.at);
    let allowed = authorisation::authorise(&call.caller, &request, &state.world, &call.options);
    allowed.map(|_| id).map_err(|_| denied())
}

fn kind(body: &serde_json::Map<String, Value>) -> Result<Option<String>, ApiError> {
    let Some(kind) = text(body, "type") else { return Ok(None) };
    let known = KINDS.contains(&kind);
    known.then(|| Some(kind.to_owned())).ok_or_else(|| ApiError::new(400, 1210, "Invalid zone type"))
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Zone, ApiError> {
    call.zone.and_then(|id| state.world.zone(id)).ok_or_else(|| ApiError::new(404, 1001, "zone not found"))
}

fn unreadable() -> ApiError {
    ApiError::new(400, 6007, "Malformed JSON in request body")
}

#[cfg(test)]
mod tests {
    use flarekeep_policy::UnixSeconds;

    use super::*;
    use crate::options::Options;
    use crate::products::{custom_hostnames, workers_routes};
    use crate::state::rows::Rows;
    use crate::world::World;

    #[test]
    fn what_is_of_a_zone_goes_with_it() {
        let mut state = State::new(World::generated());
        let zone = state.world.zones.iter().next().unwrap().id;
        custom_hostnames::tests::put(&mut state, zone, "a", "shop.test", None);
        let mut slot = Some(state);
        let place = ["workers_routes".to_owned(), zone.to_string(), "r".to_owned()];
        State::apply(&mut slot, &place, Some(json!({"pattern": "example.com/*", "script": "shop"}))).unwrap();
        let mut state = slot.unwrap();
        let held = |state: &State| {
            let at = custom_hostnames::tests::NOW;
            let served =
                custom_hostnames::serving(state, "shop.test", &Options::default(), UnixSeconds(at.0)).is_some();
            (served, workers_routes::of_zone(state, zone).count())
        };
        assert_eq!(held(&state), (true, 1));
        forget(zone, &mut state);
        assert_eq!(held(&state), (false, 0));
    }
}
