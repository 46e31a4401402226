//! The GraphQL Analytics API: what a query needs is found in its text; the answer holds no data.
//!
//! Refusals have status 200 and an error whose code is `authz` (Cloudflare's documentation, analytics/graphql-api/errors).

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, Operation, ZoneId, operation};
use serde_json::{Map, Value, json};

use super::timestamp;
use crate::http::{Answer, ApiError, Outcome, object};
use crate::world::World;

/// A query, as far as authorisation and the empty answer look at it.
#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    /// Whether there is a query at all.
    readable: bool,
    /// Whether it asks for account datasets.
    accounts: bool,
    /// Whether it asks for zone datasets.
    zones: bool,
    pub(crate) parts: Vec<Part>,
}

/// What must be granted: an operation, at a place where the query names one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Part {
    pub(crate) operation: &'static Operation,
    pub(crate) account: Option<AccountId>,
    pub(crate) zone: Option<ZoneId>,
}

/// Whether a call's needs are in its body.
pub(crate) fn is_graphql(operation: &Operation) -> bool {
    operation.path() == "/graphql"
}

impl Query {
    /// Reads the body of a call of `called`. The ids of accounts and zones may stand in the query or in its variables. What
    /// cannot be read needs what an operation without any place needs.
    pub(crate) fn read(body: &[u8], world: &World, called: &'static Operation) -> Self {
        let body = object(body).unwrap_or_default();
        let text = super::text(&body, "query").unwrap_or_default();
        let words = Words::of(text);
        let mut ids = words.strings;
        collect(body.get("variables").unwrap_or(&Value::Null), &mut ids);
        let (accounts, zones) = (words.names.contains("accounts"), words.names.contains("zones"));
        let mut parts = Vec::new();
        for (asked, name) in [(accounts, "POST /graphql#account"), (zones, "POST /graphql#zone")] {
            let of_account = name.ends_with("account");
            let Ok(operation) = operation(name) else { continue };
            let places = ids.iter().filter_map(|id| place(id, world, of_account, accounts && zones));
            let places: Vec<_> = places.map(|(account, zone)| Part { operation, account, zone }).collect();
            match (asked, places.is_empty()) {
                (true, true) => parts.push(Part { operation, account: None, zone: None }),
                (true, false) => parts.extend(places),
                (false, _) => {}
            }
        }
        if parts.is_empty() {
            parts.push(Part { operation: called, account: None, zone: None });
        }
        Self { readable: !text.trim().is_empty(), accounts, zones, parts }
    }

    /// The answer without any data.
    pub(crate) fn answer(&self) -> Outcome {
        if !self.readable {
            return Err(ApiError::new(400, 400, "the request body must be a JSON object with a query"));
        }
        let mut viewer = Map::new();
        for (asked, name) in [(self.accounts, "accounts"), (self.zones, "zones")] {
            if asked {
                viewer.insert(name.to_owned(), json!([]));
            }
        }
        let answer = json!({"data": {"viewer": viewer}, "errors": null});
        Ok(Answer::json(answer.to_string()).header("x-flarekeep-simulated", "empty"))
    }
}

impl Part {
    /// The answer to a caller that lacks the right.
    pub(crate) fn refusal(&self, at: i64) -> Answer {
        let (list, who) = match (self.zone, self.account) {
            (Some(zone), _) => ("zones", format!("zone '{zone}'")),
            (None, Some(account)) => ("accounts", format!("account '{account}'")),
            (None, None) if self.operation.path().ends_with("#zone") => ("zones", "the caller".to_owned()),
            (None, None) => ("accounts", "the caller".to_owned()),
        };
        let message = format!("{who} does not have access to the path");
        let extensions = json!({"code": "authz", "timestamp": timestamp(at)});
        let error = json!({"message": message, "path": ["viewer", list, "0"], "extensions": extensions});
        Answer::json(json!({"data": null, "errors": [error]}).to_string())
    }
}

/// The names and the strings of a query.
#[derive(Default)]
struct Words {
    names: BTreeSet<String>,
    strings: BTreeSet<String>,
}

impl Words {
    fn of(text: &str) -> Self {
        let mut words = Self::default();
        let (mut word, mut quoted, mut comment) = (String::new(), false, false);
        // The space at the end ends the last word.
        for c in text.chars().chain([' ']) {
            comment = (comment || c == '#' && !quoted) && c != '\n';
            if !comment && (c.is_ascii_alphanumeric() || c == '_' || quoted && c != '"') {
                word.push(c);
                continue;
            }
            let into = if quoted { &mut words.strings } else { &mut words.names };
            if !word.is_empty() {
                into.insert(std::mem::take(&mut word));
            }
            quoted ^= c == '"' && !comment;
        }
        words
    }
}

/// The strings of the variables, however deep.
fn collect(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            into.insert(text.clone());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, into)),
        Value::Object(members) => members.values().for_each(|member| collect(member, into)),
        _ => {}
    }
}

/// The account or zone that an id names. One that the world does not hold is of the kind that is asked for, unless both
/// are: then nobody can say.
fn place(id: &str, world: &World, of_account: bool, both: bool) -> Option<(Option<AccountId>, Option<ZoneId>)> {
    let (account, zone) = (id.parse::<AccountId>().ok()?, id.parse::<ZoneId>().ok()?);
    let known = (world.account(account).is_some(), world.zone(zone));
    match known {
        (true, _) => of_account.then_some((Some(account), None)),
        (_, Some(found)) => (!of_account).then_some((Some(found.account), Some(zone))),
        _ if both => None,
        _ if of_account => Some((Some(account), None)),
        _ => Some((None, Some(zone))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(world: &World, query: &str, variables: &Value) -> Vec<(&'static str, bool, bool)> {
        let body = json!({"query": query, "variables": variables}).to_string();
        let read = Query::read(body.as_bytes(), world, operation("POST /graphql").unwrap());
        read.parts.iter().map(|part| (part.operation.path(), part.account.is_some(), part.zone.is_some())).collect()
    }

    #[test]
    fn a_query_says_what_it_needs_and_where() {
        let world = World::generated();
        let (account, zone) = (world.accounts[0].id, world.zones.iter().next().unwrap().id);
        let none = Value::Null;
        let of_account = format!("{{viewer {{accounts(filter: {{accountTag: \"{account}\"}}) {{x}}}}}}");
        assert_eq!(parts(&world, &of_account, &none), [("/graphql#account", true, false)]);
        let of_zone = "query($z: string) {viewer {zones(filter: {zoneTag: $z}) {x}}}";
        assert_eq!(parts(&world, of_zone, &json!({"z": zone.to_string()})), [("/graphql#zone", true, true)]);
        assert_eq!(parts(&world, of_zone, &json!({"z": "0".repeat(32)})), [("/graphql#zone", false, true)]);
        assert_eq!(parts(&world, "{viewer{zones{x} accounts{y}}}", &none).len(), 2);
        let listed = json!({"z": [zone.to_string(), {"a": account.to_string()}]});
        let both = parts(&world, "{viewer{zones{x} accounts{y}}}", &listed);
        assert_eq!(both, [("/graphql#account", true, false), ("/graphql#zone", true, true)]);
        for neither in ["{viewer{budget}}", "{__schema{types{name}}} # accounts", "{a(zones_in: \"zones\")}"] {
            assert_eq!(parts(&world, neither, &none), [("/graphql", false, false)], "{neither}");
        }
    }
}
