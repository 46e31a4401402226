//! Workers routes of a zone.

pub(super) mod of_script;

use flarekeep_catalogue::ZoneId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Handler, text as member, workers_scripts};
use crate::credential::fresh_id;
use crate::edge::routing::Pattern;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /zones/{zone_id}/workers/routes", Handler::Read(list)),
    ("POST /zones/{zone_id}/workers/routes", Handler::Write(create)),
    ("GET /zones/{zone_id}/workers/routes/{route_id}", Handler::Read(details)),
    ("PUT /zones/{zone_id}/workers/routes/{route_id}", Handler::Write(update)),
    ("DELETE /zones/{zone_id}/workers/routes/{route_id}", Handler::Write(delete)),
];

/// The routes of all zones, by zone and id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<ZoneId, Map<String, Route>>);

branch!(Table);
leaf!(Route);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Route {
    /// Read once: each request at the edge is held against those of a zone.
    pattern: Pattern,
    /// None for a route that keeps Workers away.
    script: Option<String>,
}

impl Table {
    /// Removes the routes of a zone that is removed.
    pub(crate) fn forget(&mut self, zone: ZoneId) {
        self.0.remove(&zone);
    }
}

/// The list has no pages.
fn list(call: &Call, state: &State) -> Outcome {
    let routes = routes(call, state).into_iter().flatten();
    Ok(Answer::result(&routes.map(|(id, route)| shown(id, route)).collect()))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let route = read(call, state)?;
    let id = format!("{:032x}", fresh_id());
    put(call, state, id, route)
}

fn details(call: &Call, state: &State) -> Outcome {
    let (id, route) = found(call, state)?;
    Ok(Answer::result(&shown(id, route)))
}

fn update(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.0.to_owned();
    let route = read(call, state)?;
    put(call, state, id, route)
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.0.to_owned();
    own(call, state)?.remove(&id);
    Ok(Answer::result(&json!({"id": id})))
}

fn put(call: &Call, state: &mut State, id: String, route: Route) -> Outcome {
    let routes = own(call, state)?;
    if routes.iter().any(|(other, old)| *other != id && old.pattern == route.pattern) {
        return Err(ApiError::new(409, 10020, "A route with the same pattern already exists."));
    }
    let answer = Answer::result(&shown(&id, &route));
    routes.insert(id, route);
    Ok(answer)
}

fn read(call: &Call, state: &State) -> Result<Route, ApiError> {
    let body = call.object().ok_or_else(|| ApiError::new(400, 10026, "The request body could not be decoded."))?;
    let zone = call.zone.and_then(|id| state.world.zone(id)).ok_or_else(ApiError::no_route)?;
    let pattern = member(&body, "pattern").unwrap_or_default();
    check_pattern(pattern, &zone.name)?;
    let script = member(&body, "script").filter(|script| !script.is_empty()).map(ToOwned::to_owned);
    if let Some(script) = &script
        && !workers_scripts::exists(state, zone.account, script)
    {
        return Err(ApiError::new(400, 10019, "Cannot route to a Worker which does not exist."));
    }
    Ok(Route { pattern: Pattern::read(pattern), script })
}

/// A wildcard stands at the start of the host or at the end of the path, and the host lies in the zone.
fn check_pattern(pattern: &str, zone: &str) -> Result<(), ApiError> {
    let bad = |message| Err(ApiError::new(400, 10022, message));
    let bare = pattern.strip_prefix("https://").or_else(|| pattern.strip_prefix("http://")).unwrap_or(pattern);
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    if (host, path) == ("*", "*") {
        return Ok(());
    }
    let host = host.to_ascii_lowercase();
    let host = host.strip_prefix('*').unwrap_or(&host);
    // `*example.com/*` matches `myexample.com` too, as at Cloudflare.
    let inside = host == zone || host.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'));
    if !inside {
        return bad("Route pattern must include zone name.");
    }
    if host.contains('*') || path.strip_suffix('*').unwrap_or(path).contains('*') {
        return bad("Route pattern may hold wildcards at the start of the host and at the end of the path alone.");
    }
    if path.contains('?') || pattern.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return bad("Route pattern may hold no query and no spaces.");
    }
    Ok(())
}

/// The patterns of a zone with their Workers: for the edge.
pub(crate) fn of_zone(state: &State, zone: ZoneId) -> impl Iterator<Item = (&Pattern, Option<&str>)> {
    let routes = state.workers_routes.0.get(&zone).into_iter().flat_map(Map::values);
    routes.map(|route| (&route.pattern, route.script.as_deref()))
}

fn routes<'a>(call: &Call, state: &'a State) -> Option<&'a Map<String, Route>> {
    state.workers_routes.0.get(&call.zone?)
}

fn found<'a>(call: &Call, state: &'a State) -> Result<(&'a str, &'a Route), ApiError> {
    let route = routes(call, state).and_then(|routes| routes.get_key_value(call.parameter("route_id")));
    let missing = || ApiError::new(404, 10009, "The requested Worker route could not be found.");
    route.map(|(id, route)| (id.as_str(), route)).ok_or_else(missing)
}

fn own<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Map<String, Route>, ApiError> {
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    Ok(state.workers_routes.0.entry(zone).or_default())
}

fn shown(id: &str, route: &Route) -> Value {
    match &route.script {
        Some(script) => json!({"id": id, "pattern": route.pattern.text(), "script": script}),
        None => json!({"id": id, "pattern": route.pattern.text()}),
    }
}

#[cfg(test)]
mod tests {
    use super::check_pattern;

    #[test]
    fn patterns_lie_in_their_zone() {
        for good in
            ["example.com/*", "*.example.com/*", "*example.com/*", "https://a.example.com/x", "*/*", "Example.com"]
        {
            assert!(check_pattern(good, "example.com").is_ok(), "{good}");
        }
        for bad in
            ["", "*", "other.com/*", "notexample.com/*", "a.*.example.com/*", "example.com/*/x", "example.com/?a"]
        {
            assert!(check_pattern(bad, "example.com").is_err(), "{bad}");
        }
    }
}
