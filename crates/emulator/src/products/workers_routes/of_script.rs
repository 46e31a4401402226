//! All routes of one Worker at once, in whichever zones. No schema has the call; it is known from wrangler, which makes
//! it and sets the routes at their zones where it is refused.

use flarekeep_catalogue::AccountId;
use serde_json::{Map, Value, json};

use super::{Route, check_pattern};
use crate::credential::fresh_id;
use crate::edge::routing::Pattern;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, text as member, workers_scripts};
use crate::state::State;
use crate::world::Zone;

pub(in crate::products) const OPERATIONS: crate::products::Table =
    &[("PUT /accounts/{account_id}/workers/scripts/{script_name}/routes", Handler::Write(replace))];

/// Sets the routes of a Worker: those that are not named are gone, in all zones of the account.
fn replace(call: &Call, state: &mut State) -> Outcome {
    let account = call.account.ok_or_else(ApiError::no_route)?;
    let script = call.parameter("script_name");
    if !workers_scripts::exists(state, account, script) {
        return Err(ApiError::new(404, 10007, "This Worker does not exist on your account."));
    }
    let not_json = || ApiError::new(400, 10026, "The request body could not be decoded.");
    let body = call.json().ok_or_else(not_json)?;
    let mut routes = Vec::new();
    for given in body.as_array().ok_or_else(not_json)? {
        let given = given.as_object().ok_or_else(not_json)?;
        let pattern = member(given, "pattern").unwrap_or_default();
        let zone = zone(state, account, given, pattern);
        let zone = zone.ok_or_else(|| ApiError::new(400, 10022, "Route pattern must include zone name."))?;
        check_pattern(pattern, &zone.name)?;
        routes.push((zone.id, zone.name.clone(), pattern.to_owned()));
    }
    let zones: Vec<_> = state.world.zones.iter().filter(|zone| zone.account == account).map(|zone| zone.id).collect();
    let table = &mut state.workers_routes.0;
    for zone in zones {
        if let Some(old) = table.get_mut(&zone) {
            *old = old
                .iter()
                .filter(|(_, route)| route.script.as_deref() != Some(script))
                .map(|(id, route)| (id.clone(), route.clone()))
                .collect();
        }
    }
    let mut shown = Vec::new();
    for (zone, zone_name, pattern) in routes {
        let there = table.entry(zone).or_default();
        if there.values().any(|route| route.pattern.text() == pattern) {
            return Err(ApiError::new(409, 10020, "A route with the same pattern already exists."));
        }
        let id = format!("{:032x}", fresh_id());
        shown.push(json!({"id": id, "pattern": pattern, "zone_name": zone_name}));
        there.insert(id, Route { pattern: Pattern::read(&pattern), script: Some(script.to_owned()) });
    }
    Ok(Answer::result(&shown.into()))
}

/// The zone that a route names by id or by name, else the one with the longest name that its host ends in.
fn zone<'a>(state: &'a State, account: AccountId, given: &Map<String, Value>, pattern: &str) -> Option<&'a Zone> {
    let (id, name) = (member(given, "zone_id"), member(given, "zone_name"));
    let fits = state.world.zones.iter().filter(|zone| zone.account == account).filter(|zone| match (id, name) {
        (Some(id), _) => zone.id.to_string() == id,
        (None, Some(name)) => zone.name == name,
        (None, None) => check_pattern(pattern, &zone.name).is_ok(),
    });
    fits.max_by_key(|zone| zone.name.len())
}
