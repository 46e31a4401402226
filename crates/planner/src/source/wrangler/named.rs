//! The things that a configuration names and its Worker expects to be there: what a local Cloudflare has to hold.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{AccountId, Whose, ZoneId};

use super::super::{SourceError, ZoneName};
use super::configuration::Configuration;
use super::located::{Located, Value};
use super::{routes, syntax};

/// What a configuration names, in all of its environments.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The account.
    pub account: Option<AccountId>,
    /// Zones by their names, each with its id where that is known. Of a host whose zone is not named, the last two labels.
    pub zones: BTreeMap<String, Option<ZoneId>>,
    /// KV namespaces that are bound by their ids.
    pub namespaces: BTreeSet<String>,
    /// R2 buckets that are bound by their names.
    pub buckets: BTreeSet<String>,
}

/// Reads what a configuration names; see [`super::read`].
///
/// # Errors
/// The text is neither TOML nor JSON.
pub fn named(name: &str, text: &str) -> Result<Named, SourceError> {
    let root = syntax::parse(name, text)?;
    let mut named = Named::default();
    let environments = root.find("env").map_or(&[][..], |entry| entry.value.entries());
    let all = environments.iter().map(|entry| Some(entry.key.as_str()));
    for environment in std::iter::once(None).chain(all) {
        if let Ok(configuration) = Configuration::new(name, &root, environment) {
            named.add(&configuration);
        }
    }
    Ok(named)
}

impl Named {
    fn add(&mut self, configuration: &Configuration<'_>) {
        let text = |key: &str, whose| configuration.find(key, whose).and_then(|entry| entry.value.text());
        let account = text("account_id", Whose::Inherited).and_then(|id| id.parse().ok());
        self.account = self.account.or(account);
        self.namespaces.extend(bound(configuration, "kv_namespaces", "id"));
        self.buckets.extend(bound(configuration, "r2_buckets", "bucket_name"));
        for path in ["routes", "route"] {
            let routes = routes::read(configuration, "", path);
            for zone in routes.causes.iter().filter_map(|cause| cause.zone.as_ref()) {
                let (name, id) = match zone {
                    ZoneName::Name(name) => (Some(name.clone()), routes.zones.find(zone)),
                    ZoneName::Host(host) => (Some(last_two(host)), routes.zones.find(zone)),
                    ZoneName::Id(_) | ZoneName::Every => (None, None),
                };
                if let Some(name) = name {
                    let known = self.zones.entry(name).or_default();
                    *known = known.or(id);
                }
            }
        }
    }
}

/// What bindings of a kind are bound to.
fn bound(configuration: &Configuration<'_>, kind: &str, key: &str) -> Vec<String> {
    let of = |item: &Located| item.text_of(key).filter(|text| !text.is_empty()).map(str::to_owned);
    match configuration.find(kind, Whose::Own).map(|entry| &entry.value.value) {
        Some(Value::List(items)) => items.iter().filter_map(of).collect(),
        _ => Vec::new(),
    }
}

fn last_two(host: &str) -> String {
    let labels: Vec<&str> = host.rsplit('.').take(2).collect();
    labels.into_iter().rev().collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_worker_expects_is_named() {
        let text = r#"{
            "name": "shop", "account_id": "0123456789abcdef0123456789abcdef",
            "routes": [{ "pattern": "example.com/a", "zone_name": "example.com" }, "www.shop.example.org/*"],
            "kv_namespaces": [{ "binding": "A", "id": "a1" }, { "binding": "B" }],
            "r2_buckets": [{ "binding": "P", "bucket_name": "pictures" }, 7],
            "env": { "eu": {
                "routes": [{ "pattern": "eu.example.net/*", "zone_id": "fedcba9876543210fedcba9876543210", "zone_name": "example.net" }],
                "kv_namespaces": [{ "binding": "A", "id": "e1" }]
            }, "odd": 7 }
        }"#;
        let found = named("wrangler.json", text).unwrap();
        let zones: Vec<_> = found.zones.iter().map(|(name, id)| (name.as_str(), id.is_some())).collect();
        assert_eq!(zones, [("example.com", false), ("example.org", false)]);
        assert!(found.account.is_some());
        assert_eq!(found.namespaces.iter().collect::<Vec<_>>(), ["a1", "e1"]);
        assert_eq!(found.buckets.iter().collect::<Vec<_>>(), ["pictures"]);
        assert_eq!(named("wrangler.toml", "").unwrap(), Named::default());
        assert!(named("wrangler.toml", "{").is_err());
    }
}
