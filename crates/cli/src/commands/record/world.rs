//! A world that fits the work: the account and zone that are named, and what the configuration of a Worker in this folder
//! expects to be there.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_emulator::World;
use flarekeep_planner::source::wrangler::{Named, named};
use toml::{Table, Value};

use crate::context::Context;
use crate::output::plain;
use crate::place;

/// Where wrangler looks for the configuration of a Worker, in this order (wrangler 4.164.0).
const CONFIGURATIONS: [&str; 3] = ["wrangler.json", "wrangler.jsonc", "wrangler.toml"];
/// The zone of a world in which none is named.
const ZONE: &str = "example.com";

/// The world of a run for which nobody has written one.
pub(super) fn fitting(context: &Context) -> World {
    let found = CONFIGURATIONS.iter().find_map(|name| Some((name, std::fs::read_to_string(name).ok()?)));
    let expected = found.as_ref().and_then(|(name, text)| named(name, text).ok()).unwrap_or_default();
    let (account, zone) = (place::given_account(context), place::given_zone(context));
    match World::from_toml(&document(&expected, account, zone).to_string()) {
        Ok(world) => {
            if let Some((name, _)) = found.filter(|_| expected != Named::default()) {
                context.output.detail(format!("what `{name}` names is there"));
            }
            world
        }
        Err(error) => {
            context.output.warn(format!("what is named here cannot be in a world: {}", plain(&error.to_string())));
            World::generated()
        }
    }
}

fn document(expected: &Named, account: Option<&str>, zone: Option<&str>) -> Table {
    let mut owner = Table::from_iter([text("name", "Flarekeep Example")]);
    let account: Option<AccountId> = account.and_then(|id| id.parse().ok()).or(expected.account);
    owner.extend(account.map(|id| text("id", &id.to_string())));
    let mut zones = expected.zones.clone();
    match zone.map(|zone| zone.parse::<ZoneId>().map_err(|_| zone)) {
        // The first that is named, or the usual one, has the id that is given.
        Some(Ok(id)) => {
            let first = zones.keys().next().cloned().unwrap_or_else(|| ZONE.to_owned());
            zones.entry(first).or_default().get_or_insert(id);
        }
        Some(Err(name)) if name.contains('.') => {
            zones.entry(name.to_ascii_lowercase()).or_default();
        }
        _ => {}
    }
    if zones.is_empty() {
        zones.insert(ZONE.to_owned(), None);
    }
    let zones = zones.iter().map(|(name, id)| {
        let mut zone = Table::from_iter([text("name", name)]);
        zone.extend(id.map(|id| text("id", &id.to_string())));
        zone
    });
    let ids: BTreeSet<&String> = expected.namespaces.iter().filter(|id| is_id(id)).collect();
    let namespaces = ids
        .into_iter()
        .map(|id| Table::from_iter([text("title", &format!("of the configuration: {id}")), text("id", id)]));
    let buckets = expected.buckets.iter().map(|name| Table::from_iter([text("name", name)]));
    let user = Table::from_iter([text("email", "admin@example.com")]);
    let list = |tables: Vec<Table>| Value::Array(tables.into_iter().map(Value::Table).collect());
    Table::from_iter([
        ("account".to_owned(), list(vec![owner])),
        ("user".to_owned(), list(vec![user])),
        ("zone".to_owned(), list(zones.collect())),
        ("kv_namespace".to_owned(), list(namespaces.collect())),
        ("bucket".to_owned(), list(buckets.collect())),
    ])
}

fn text(key: &str, value: &str) -> (String, Value) {
    (key.to_owned(), Value::String(value.to_owned()))
}

fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_world_holds_what_is_named() {
        let expected = Named {
            zones: [("example.org".to_owned(), None)].into(),
            namespaces: [ID.to_owned(), "no id".to_owned()].into(),
            buckets: ["pictures".to_owned()].into(),
            ..Named::default()
        };
        let other = ID.replace('0', "f");
        let world = document(&expected, Some(ID), Some(&other)).to_string();
        World::from_toml(&world).unwrap();
        assert!(world.contains(ID) && world.contains(&other) && world.contains("pictures") && !world.contains("no id"));
        for (account, zone) in [(None, None), (Some("Acme"), Some("*")), (Some(ID), Some("Shop.example.net"))] {
            World::from_toml(&document(&Named::default(), account, zone).to_string()).unwrap();
        }
    }
}
