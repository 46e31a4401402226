//! The keys that `flarekeep.toml` knows: a key that is not one of them is a mistake, and the nearest is offered.

use flarekeep_catalogue::nearest;
use toml::de::{DeTable, DeValue};

use super::document::{DocumentError, Problem};

/// The tables of the file.
pub(super) const TOP: &[&str] = &["defaults", "token"];

/// What `[defaults]` may hold: each stands for the key of the same name that a token leaves out.
pub(super) const DEFAULTS: &[&str] = &[
    "account",
    "allow_ips",
    "deny_ips",
    "environment",
    "expires",
    "not_before",
    "owner",
    "project",
    "rotate_every",
    "zones",
];

/// What `[token.NAME]` may hold.
pub(super) const TOKEN: &[&str] = &[
    "account",
    "allow_ips",
    "buckets",
    "deny_ips",
    "enabled",
    "environment",
    "expires",
    "grant",
    "id",
    "name",
    "not_before",
    "operations",
    "options",
    "owner",
    "plan",
    "project",
    "purpose",
    "recipe",
    "recipes",
    "rotate_every",
    "sinks",
    "zones",
];

/// What `[[token.NAME.grant]]` may hold.
pub(super) const GRANT: &[&str] = &["account", "buckets", "effect", "permissions", "resources", "user", "zones"];

/// What an entry of `resources` may hold that is a table.
const RESOURCE: &[&str] = &["key", "value", "within"];

/// Refuses the first key that is not known.
pub(super) fn check(text: &str) -> Result<(), DocumentError> {
    let root = DeTable::parse(text).map_err(|error| DocumentError::of_toml(text, &error))?;
    known(text, root.get_ref(), TOP, "")?;
    for (key, value) in root.get_ref() {
        let Some(table) = value.get_ref().as_table() else { continue };
        match key.get_ref().as_ref() {
            "defaults" => known(text, table, DEFAULTS, "defaults")?,
            _ => table.iter().try_for_each(|(name, value)| token(text, name.get_ref(), value.get_ref()))?,
        }
    }
    Ok(())
}

fn token(text: &str, name: &str, value: &DeValue<'_>) -> Result<(), DocumentError> {
    let Some(table) = value.as_table() else { return Ok(()) };
    let place = format!("token.{name}");
    known(text, table, TOKEN, &place)?;
    let grants =
        table.iter().filter(|(key, _)| key.get_ref() == "grant").filter_map(|(_, list)| list.get_ref().as_array());
    for grant in grants.flat_map(|list| list.iter()).filter_map(|grant| grant.get_ref().as_table()) {
        known(text, grant, GRANT, &format!("{place}.grant"))?;
        let lists = grant.iter().filter(|(key, _)| key.get_ref() == "resources");
        let entries = lists.filter_map(|(_, list)| list.get_ref().as_array()).flat_map(|list| list.iter());
        for entry in entries.filter_map(|entry| entry.get_ref().as_table()) {
            known(text, entry, RESOURCE, &format!("{place}.grant.resources"))?;
        }
    }
    Ok(())
}

fn known(text: &str, table: &DeTable<'_>, keys: &[&str], place: &str) -> Result<(), DocumentError> {
    let Some((key, _)) = table.iter().find(|(key, _)| !keys.contains(&key.get_ref().as_ref())) else { return Ok(()) };
    let given = key.get_ref();
    // A key that belongs to another table was not misspelt.
    let elsewhere = [("defaults", DEFAULTS), ("token.NAME", TOKEN), ("token.NAME.grant", GRANT)];
    let belongs = elsewhere.iter().find(|(_, keys)| keys.contains(&given.as_ref())).map(|(table, _)| *table);
    let mut near = nearest(given, keys.iter().map(|key| (*key).to_owned()));
    near.truncate(1);
    Err(DocumentError::at(
        text,
        key.span().start,
        Problem::Key {
            key: super::raw::shown(given),
            table: super::raw::shown(place),
            nearest: near.pop(),
            belongs,
            known: keys.join(", "),
        },
    ))
}
