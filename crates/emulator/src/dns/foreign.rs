//! Names outside the world's zones, as its customers would have set them elsewhere.

use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};

use crate::products::dns_records::lookup::Entry;
use crate::state::Map;
use crate::state::rows::{branch, leaf};

/// What foreign names hold, by name and by what tells a record from its neighbours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<String, Map<String, Foreign>>);

branch!(Table);
leaf!(Foreign);

/// One foreign record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Foreign {
    /// A DNS type, [`HTTP`] or [`EMAIL`].
    pub(crate) kind: String,
    pub(crate) content: String,
}

/// No DNS type: what a foreign web server answers at an URL, which is the name.
pub(crate) const HTTP: &str = "HTTP";
/// No DNS type: that whoever gets the mail for a name has approved its certificate.
pub(crate) const EMAIL: &str = "EMAIL";

impl Table {
    /// The DNS records of this name.
    pub(crate) fn at(&self, name: &str) -> Vec<Entry<'_>> {
        let dns = self.of(name).filter(|record| record.kind != HTTP && record.kind != EMAIL);
        dns.map(|record| Entry {
            kind: &record.kind,
            content: &record.content,
            ttl: 300,
            proxied: false,
            priority: None,
            data: None,
        })
        .collect()
    }

    /// Whether a foreign record of this kind and content has this name.
    pub(crate) fn holds(&self, name: &str, kind: &str, content: &str) -> bool {
        self.of(name).any(|record| record.kind == kind && record.content == content)
    }

    /// Whether any has a name below this one.
    pub(crate) fn is_above_any(&self, name: &str) -> bool {
        self.0.keys().any(|other| other.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
    }

    pub(crate) fn insert(&mut self, name: &str, record: Foreign) {
        self.0.entry(name.to_owned()).or_default().insert(key(&record.kind, &record.content), record);
    }

    /// Removes those of this name that are of this kind and content, where these are given; says how many they were.
    pub(crate) fn remove(&mut self, name: &str, kind: Option<&str>, content: Option<&str>) -> usize {
        let Some(records) = self.0.get_mut(name) else { return 0 };
        let goes = |record: &Foreign| {
            kind.is_none_or(|kind| record.kind == kind) && content.is_none_or(|content| record.content == content)
        };
        let gone: Vec<String> = records.iter().filter(|(_, record)| goes(record)).map(|(key, _)| key.clone()).collect();
        for key in &gone {
            records.remove(key);
        }
        if records.is_empty() {
            self.0.remove(name);
        }
        gone.len()
    }

    /// Whether a table is this one, unchanged.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }

    /// The names at which two tables differ.
    pub(crate) fn changed<'a>(old: &'a Self, new: &'a Self) -> impl Iterator<Item = &'a str> {
        old.0.diff(&new.0).map(|change| match change {
            DiffItem::Add(name, _) | DiffItem::Remove(name, _) | DiffItem::Update { new: (name, _), .. } => {
                name.as_str()
            }
        })
    }

    /// The names that are an alias of this one.
    pub(crate) fn aliases_of(&self, name: &str) -> impl Iterator<Item = &str> {
        let leads = move |record: &Foreign| {
            record.kind == "CNAME" && record.content.trim_end_matches('.').eq_ignore_ascii_case(name)
        };
        self.all().filter(move |(_, record)| leads(record)).map(|(alias, _)| alias)
    }

    /// All names with their records.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Foreign)> {
        self.0.iter().flat_map(|(name, records)| records.values().map(move |record| (name.as_str(), record)))
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Foreign> {
        self.0.get(name).into_iter().flat_map(Map::values)
    }
}

fn key(kind: &str, content: &str) -> String {
    format!("{kind} {content}")
}
