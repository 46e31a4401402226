//! Names outside the world's zones, as its customers would have set them elsewhere.

use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::products::dns_records::lookup::Entry;
use crate::state::Map;
use crate::state::rows::{BadRow, Changes, Rows, leaf};

/// What foreign names hold, by name and by what tells a record from its neighbours.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<String, Map<String, Foreign>>, Backward);

/// The same names with their labels in the other order, so that those below a name stand together.
type Backward = imbl::OrdSet<String>;

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
        let from = format!("{}.", backward(name));
        self.1.range(from.clone()..).next().is_some_and(|first| first.starts_with(&from))
    }

    pub(crate) fn insert(&mut self, name: &str, record: Foreign) {
        self.0.entry(name.to_owned()).or_default().insert(key(&record.kind, &record.content), record);
        self.index(name);
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
        self.index(name);
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

    /// Keeps the second order up with the first, at one name.
    fn index(&mut self, name: &str) {
        if self.0.contains_key(name) {
            self.1.insert(backward(name));
        } else {
            self.1.remove(&backward(name));
        }
    }

    fn of(&self, name: &str) -> impl Iterator<Item = &Foreign> {
        self.0.get(name).into_iter().flat_map(Map::values)
    }
}

/// The rows of the names.
impl Rows for Table {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        Rows::compare(old.map(|old| &old.0), &new.0, changes);
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let Some(name) = place.first() else {
            *slot = None;
            return Ok(());
        };
        let table = slot.get_or_insert_default();
        let mut names = Some(std::mem::take(&mut table.0));
        Rows::apply(&mut names, place, row)?;
        table.0 = names.unwrap_or_default();
        table.index(name);
        Ok(())
    }
}

/// A name with its labels in the other order.
fn backward(name: &str) -> String {
    name.rsplit('.').collect::<Vec<_>>().join(".")
}

fn key(kind: &str, content: &str) -> String {
    format!("{kind} {content}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever is added and removed, a name is above others where a search through all finds one, and so it is after
        /// the rows of the changes.
        #[test]
        fn what_lies_below_is_found(
            steps in proptest::collection::vec((any::<bool>(), "[ab-]{1,2}(\\.[ab-]{1,2}){0,2}"), 0..16),
            asked in "[ab-]{1,2}(\\.[ab-]{1,2})?",
        ) {
            let mut table = Table::default();
            for (adds, name) in steps {
                if adds {
                    table.insert(&name, Foreign { kind: "A".to_owned(), content: "192.0.2.1".to_owned() });
                } else {
                    table.remove(&name, None, None);
                }
            }
            let naive = table.all().any(|(name, _)| name.ends_with(&format!(".{asked}")));
            prop_assert_eq!(table.is_above_any(&asked), naive);
            let mut again = Some(Table::default());
            for change in crate::state::rows::changes(None, &table) {
                Table::apply(&mut again, &change.place, change.row).unwrap();
            }
            prop_assert_eq!(again.unwrap_or_default().is_above_any(&asked), naive);
        }
    }
}
