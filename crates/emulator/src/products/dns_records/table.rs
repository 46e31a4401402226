//! The records of a zone, found by id, by name and in each order that a list may ask for.
//!
//! Only the records are saved: the orders follow from them. A record is shared by all of its places, so that an order
//! costs a few words for each record, and a write the way to one place in each.

use std::sync::Arc;

use flarekeep_catalogue::ZoneId;
use imbl::ordmap::DiffItem;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::draft::Draft;
use super::glance::{Glances, Look};
use crate::state::Map;
use crate::state::rows::{self, BadRow, Changes, Rows, branch, leaf};

/// The records of all zones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<ZoneId, Zone>);

branch!(Table);
leaf!(Record);

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) id: String,
    pub(super) draft: Draft,
    /// Counts up, so that lists keep the order of creation.
    pub(super) serial: u64,
    pub(super) created_on: i64,
    pub(super) modified_on: i64,
    /// When comment and tags were last changed; nothing where there are none.
    pub(super) comment_modified_on: Option<i64>,
    pub(super) tags_modified_on: Option<i64>,
}

/// An order of lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Kind,
    Name,
    Content,
    Ttl,
    Proxied,
}

/// What a record is sorted by: a number, a text, and when it was made.
type Key = (u64, Arc<str>, u64);

/// The records of one zone.
#[derive(Debug, Clone, Default)]
pub(super) struct Zone {
    by_id: Map<String, Arc<Record>>,
    kinds: Map<Key, Arc<Record>>,
    names: Map<Key, Arc<Record>>,
    contents: Map<Key, Arc<Record>>,
    ttls: Map<Key, Arc<Record>>,
    proxied: Map<Key, Arc<Record>>,
    /// How many records lie below a name, for each that any lies below.
    above: Map<Arc<str>, usize>,
    glances: Glances,
    serial: u64,
}

impl Table {
    /// Whether a table is this one, unchanged.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }

    pub(super) fn of(&self, zone: ZoneId) -> Option<&Zone> {
        self.0.get(&zone)
    }

    pub(super) fn of_mut(&mut self, zone: ZoneId) -> &mut Zone {
        self.0.entry(zone).or_default()
    }

    pub(super) fn zones(&self) -> impl Iterator<Item = &Zone> {
        self.0.values()
    }

    /// The names of the records in which two tables differ, twice where a name changed.
    pub(super) fn changed<'a>(old: &'a Self, new: &'a Self) -> impl Iterator<Item = String> + 'a {
        let zones = old.0.diff(&new.0).flat_map(|zone| {
            let (old, new) = match zone {
                DiffItem::Add(_, new) => (None, Some(new)),
                DiffItem::Update { old: (_, old), new: (_, new) } => (Some(old), Some(new)),
                DiffItem::Remove(_, old) => (Some(old), None),
            };
            Zone::changed(old, new)
        });
        zones.map(|record| record.draft.name.to_string())
    }

    /// Removes all records of a zone that is removed.
    pub(crate) fn forget(&mut self, zone: ZoneId) {
        self.0.remove(&zone);
    }
}

impl Zone {
    pub(super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn get(&self, id: &str) -> Option<&Arc<Record>> {
        self.by_id.get(id)
    }

    /// The records that are in one of the two and not in the other.
    fn changed<'a>(old: Option<&'a Self>, new: Option<&'a Self>) -> Vec<&'a Arc<Record>> {
        let (Some(old), Some(new)) = (old, new) else {
            return old.or(new).into_iter().flat_map(|zone| zone.by_id.values()).collect();
        };
        let changes = old.by_id.diff(&new.by_id).flat_map(|change| match change {
            DiffItem::Add(_, record) | DiffItem::Remove(_, record) => vec![record],
            DiffItem::Update { old: (_, old), new: (_, new) } => vec![old, new],
        });
        changes.collect()
    }

    /// The records with this whole content.
    pub(super) fn holding(&self, content: &str) -> impl Iterator<Item = &Arc<Record>> {
        let content: Arc<str> = content.into();
        self.contents.range((0, content.clone(), 0)..=(0, content, u64::MAX)).map(|(_, record)| record)
    }

    /// The number of the next record.
    pub(super) fn next_serial(&self) -> u64 {
        self.serial + 1
    }

    /// Adds a record, or puts it in place of the one with its id.
    pub(super) fn put(&mut self, record: Record) {
        self.remove(&record.id.clone());
        self.glances = Glances::default();
        self.serial = self.serial.max(record.serial);
        let record = Arc::new(record);
        for order in Order::ALL {
            self.order_mut(order).insert(order.key(&record), record.clone());
        }
        for above in names_above(&record.draft.name) {
            match self.above.get_mut(above) {
                Some(count) => *count += 1,
                None => drop(self.above.insert(above.into(), 1)),
            }
        }
        self.by_id.insert(record.id.clone(), record);
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<Arc<Record>> {
        let old = self.by_id.remove(id)?;
        self.glances = Glances::default();
        for order in Order::ALL {
            let (key, places) = (order.key(&old), self.order_mut(order));
            // Another record may stand there by now: when changes come back from the disk, it may have come first.
            if places.get(&key).is_some_and(|record| record.id == old.id) {
                places.remove(&key);
            }
        }
        for above in names_above(&old.draft.name) {
            match self.above.get_mut(above) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.above.remove(above)),
            }
        }
        Some(old)
    }

    /// All records, in this order.
    pub(super) fn in_order(&self, order: Order) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        self.order(order).values()
    }

    /// The same, for whoever looks at each of them.
    pub(super) fn looks(&self, order: Order) -> impl Iterator<Item = Look<'_>> {
        self.glances.of(order, move || self.in_order(order))
    }

    /// The records with this whole name, those made first before the others.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Arc<Record>> {
        let name: Arc<str> = name.into();
        self.names.range((0, name.clone(), 0)..=(0, name, u64::MAX)).map(|(_, record)| record)
    }

    /// Whether a record has a name below this one.
    pub(super) fn is_above_any(&self, name: &str) -> bool {
        self.above.contains_key(name)
    }

    /// The records whose name begins with this text.
    pub(super) fn under(&self, beginning: &str) -> impl Iterator<Item = &Arc<Record>> {
        let from: Arc<str> = beginning.into();
        let found = self.names.range((0, from.clone(), 0)..).map(|(_, record)| record);
        found.take_while(move |record| record.draft.name.starts_with(&*from))
    }

    fn order(&self, order: Order) -> &Map<Key, Arc<Record>> {
        match order {
            Order::Kind => &self.kinds,
            Order::Name => &self.names,
            Order::Content => &self.contents,
            Order::Ttl => &self.ttls,
            Order::Proxied => &self.proxied,
        }
    }

    fn order_mut(&mut self, order: Order) -> &mut Map<Key, Arc<Record>> {
        match order {
            Order::Kind => &mut self.kinds,
            Order::Name => &mut self.names,
            Order::Content => &mut self.contents,
            Order::Ttl => &mut self.ttls,
            Order::Proxied => &mut self.proxied,
        }
    }
}

impl Order {
    const ALL: [Self; 5] = [Self::Kind, Self::Name, Self::Content, Self::Ttl, Self::Proxied];

    /// The order that a list asks for. By type where it asks for none (the schema's default).
    pub(super) fn asked(word: Option<&str>) -> Self {
        match word {
            Some("name") => Self::Name,
            Some("content") => Self::Content,
            Some("ttl") => Self::Ttl,
            Some("proxied") => Self::Proxied,
            _ => Self::Kind,
        }
    }

    /// What a record is sorted by. Within what is alike: by name, and then those made first.
    pub(super) fn key(self, record: &Record) -> Key {
        let draft = &record.draft;
        let (number, text) = match self {
            Self::Kind => (initials(&draft.kind), &draft.name),
            Self::Name => (0, &draft.name),
            Self::Content => (0, &draft.content),
            Self::Ttl => (draft.ttl, &draft.name),
            Self::Proxied => (u64::from(draft.proxied), &draft.name),
        };
        (number, text.clone(), record.serial)
    }
}

/// The names that a name lies below.
fn names_above(name: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(name.split_once('.'), |(_, rest)| rest.split_once('.')).map(|(_, rest)| rest)
}

/// The first letters of a type as a number that sorts as they do.
fn initials(kind: &str) -> u64 {
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(kind.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(first)
}

/// A row for each record.
impl Rows for Zone {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        Rows::compare(old.map(|old| &old.by_id), &new.by_id, changes);
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let Some((id, rest)) = place.split_first() else {
            *slot = None;
            return Ok(());
        };
        let zone = slot.get_or_insert_default();
        match rows::read::<Record>(rest, row)? {
            Some(record) => zone.put(record),
            None => drop(zone.remove(id)),
        }
        Ok(())
    }
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.by_id == other.by_id
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::products::dns_records::draft::Place;

    fn record(id: u8, name: &str, content: u8, ttl: u64, serial: u64) -> Record {
        let place = Place { zone: "example.com".to_owned(), style: crate::options::ErrorStyle::Classic };
        let kind = ["A", "TXT", "OPENPGPKEY"][usize::from(content % 3)];
        let content = if kind == "A" { format!("203.0.113.{content}") } else { content.to_string() };
        let body =
            json!({"type": kind, "name": name, "content": content, "ttl": ttl, "proxied": kind == "A" && ttl == 1});
        let draft = Draft::read(body.as_object().unwrap(), &place, None).unwrap();
        let id = format!("{id:032x}");
        Record { id, draft, serial, created_on: 0, modified_on: 0, comment_modified_on: None, tags_modified_on: None }
    }

    proptest! {
        /// Whatever is put and removed, each order is what sorting the records gives, and names find what a search finds.
        #[test]
        fn orders_follow_from_the_records(
            steps in proptest::collection::vec((any::<bool>(), 0..8_u8, "[ab](\\.[ab])?", 0..9_u8, prop_oneof![Just(1), Just(60), Just(300)]), 0..40),
        ) {
            let mut zone = Zone::default();
            let mut plain: Vec<Record> = Vec::new();
            for (put, id, name, content, ttl) in steps {
                let new = record(id, &name, content, ttl, zone.next_serial());
                plain.retain(|old| old.id != new.id);
                if put {
                    zone.put(new.clone());
                    plain.push(new);
                } else {
                    zone.remove(&new.id);
                }
            }
            for order in Order::ALL {
                plain.sort_by(|a, b| {
                    let (a, b) = (&a.draft, &b.draft);
                    match order {
                        Order::Kind => a.kind.cmp(&b.kind).then(a.name.cmp(&b.name)),
                        Order::Name => a.name.cmp(&b.name),
                        Order::Content => a.content.cmp(&b.content),
                        Order::Ttl => a.ttl.cmp(&b.ttl).then(a.name.cmp(&b.name)),
                        Order::Proxied => a.proxied.cmp(&b.proxied).then(a.name.cmp(&b.name)),
                    }.then(std::cmp::Ordering::Equal)
                });
                let listed: Vec<&Record> = zone.in_order(order).map(AsRef::as_ref).collect();
                prop_assert!(listed.is_sorted_by_key(|record| order.key(record)));
                prop_assert_eq!(listed.len(), plain.len());
                for (listed, plain) in listed.iter().zip(&plain) {
                    let of = |record: &Record| { let key = order.key(record); (key.0, key.1) };
                    prop_assert_eq!(of(listed), of(plain));
                }
                let seen: Vec<&Record> = zone.looks(order).map(|look| look.record()).collect();
                prop_assert_eq!(seen, listed);
                let alike = zone.looks(order).all(|look| {
                    let own = Look::of(look.record());
                    look.kind.eq_ignore_ascii_case(own.kind)
                        && look.name == own.name
                        && look.content.eq_ignore_ascii_case(own.content)
                        && look.proxied == own.proxied
                });
                prop_assert!(alike);
            }
            let named: Vec<&str> = zone.named("a.example.com").map(|record| record.id.as_str()).collect();
            prop_assert_eq!(named.len(), plain.iter().filter(|record| &*record.draft.name == "a.example.com").count());
            prop_assert_eq!(zone.under("b").count(), plain.iter().filter(|record| record.draft.name.starts_with('b')).count());
            for name in ["com", "example.com", "a.example.com", "a", ""] {
                let below = |record: &Record| record.draft.name.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
                let any_below = plain.iter().any(below);
                prop_assert_eq!(zone.is_above_any(name), any_below);
            }
            let mut saved = Some(Zone::default());
            for change in rows::changes(None, &zone) {
                Zone::apply(&mut saved, &change.place, change.row).unwrap();
            }
            let saved = saved.unwrap();
            prop_assert_eq!(saved.in_order(Order::Kind).collect::<Vec<_>>(), zone.in_order(Order::Kind).collect::<Vec<_>>());
        }
    }
}
