//! The custom hostnames of all zones, found by id, by name, and in the order of lists.
//!
//! Only hostnames and fallback origins are saved: names and order follow from them.

use flarekeep_catalogue::ZoneId;
use serde_json::Value;

use super::CustomHostname;
use super::fallback_origin::FallbackOrigin;
use crate::state::Map;
use crate::state::rows::{BadRow, Changes, Rows, branch, leaf};

/// The custom hostnames of all zones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(pub(super) Map<ZoneId, OfZone>, Index);

/// What follows from the hostnames.
#[derive(Debug, Clone, Default)]
struct Index {
    /// Ids by name and zone: each request at the edge looks its host up. A name is once in a zone.
    names: Map<(String, ZoneId), String>,
    /// Ids in the order of lists: by zone, age and name.
    order: Map<(ZoneId, i64, String), String>,
}

branch!(OfZone { hostnames, fallback_origin });
leaf!(CustomHostname, FallbackOrigin);

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct OfZone {
    pub(super) hostnames: Map<String, CustomHostname>,
    pub(super) fallback_origin: Option<FallbackOrigin>,
}

impl Table {
    pub(super) fn fallback_origin(&self, zone: ZoneId) -> Option<&FallbackOrigin> {
        self.0.get(&zone)?.fallback_origin.as_ref()
    }

    pub(super) fn set_fallback_origin(&mut self, zone: ZoneId, origin: Option<FallbackOrigin>) {
        self.0.entry(zone).or_default().fallback_origin = origin;
    }

    pub(super) fn get(&self, zone: ZoneId, id: &str) -> Option<&CustomHostname> {
        self.0.get(&zone)?.hostnames.get(id)
    }

    /// How many a zone holds, those included that are over and not forgotten yet.
    pub(super) fn count(&self, zone: ZoneId) -> usize {
        self.0.get(&zone).map_or(0, |own| own.hostnames.len())
    }

    /// The hostname of this name in a zone.
    pub(super) fn named(&self, zone: ZoneId, name: &str) -> Option<&CustomHostname> {
        self.get(zone, self.1.names.get(&(name.to_owned(), zone))?)
    }

    /// The hostnames of this name in all zones.
    pub(super) fn everywhere(&self, name: &str) -> impl Iterator<Item = &CustomHostname> {
        let least = (name.to_owned(), ZoneId::from_u128(0));
        let most = (name.to_owned(), ZoneId::from_u128(u128::MAX));
        self.1.names.range(least..=most).filter_map(|((_, zone), id)| self.get(*zone, id))
    }

    /// Those of a zone, made first before the others, and then by name.
    pub(super) fn in_order(&self, zone: ZoneId) -> impl DoubleEndedIterator<Item = &CustomHostname> {
        let (least, most) = ((zone, i64::MIN, String::new()), (zone, i64::MAX, String::new()));
        self.1.order.range(least..most).filter_map(move |(_, id)| self.get(zone, id))
    }

    /// Adds a hostname, or puts it in place of the one with its id.
    pub(super) fn put(&mut self, hostname: CustomHostname) {
        let (zone, id) = (hostname.zone, hostname.id.clone());
        self.hide(zone, &id);
        self.0.entry(zone).or_default().hostnames.insert(id.clone(), hostname);
        self.show(zone, &id);
    }

    pub(super) fn remove(&mut self, zone: ZoneId, id: &str) {
        self.hide(zone, id);
        if let Some(own) = self.0.get_mut(&zone) {
            own.hostnames.remove(id);
        }
    }

    /// Removes all of a zone that is removed, its fallback origin too.
    pub(crate) fn forget(&mut self, zone: ZoneId) {
        for id in self.ids(zone) {
            self.hide(zone, &id);
        }
        self.0.remove(&zone);
    }

    fn ids(&self, zone: ZoneId) -> Vec<String> {
        self.0.get(&zone).into_iter().flat_map(|own| own.hostnames.keys().cloned()).collect()
    }

    fn show(&mut self, zone: ZoneId, id: &str) {
        let Some(hostname) = self.get(zone, id) else { return };
        let (created_at, name) = (hostname.created_at, hostname.draft.hostname.clone());
        self.1.names.insert((name.clone(), zone), id.to_owned());
        self.1.order.insert((zone, created_at, name), id.to_owned());
    }

    fn hide(&mut self, zone: ZoneId, id: &str) {
        let Some(hostname) = self.get(zone, id) else { return };
        let (created_at, name) = (hostname.created_at, hostname.draft.hostname.clone());
        // Another may have taken the name, where rows come in the order of ids.
        let (named, aged) = ((name.clone(), zone), (zone, created_at, name));
        if self.1.names.get(&named).is_some_and(|other| other == id) {
            self.1.names.remove(&named);
        }
        if self.1.order.get(&aged).is_some_and(|other| other == id) {
            self.1.order.remove(&aged);
        }
    }
}

/// The rows of the zones.
impl Rows for Table {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        Rows::compare(old.map(|old| &old.0), &new.0, changes);
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let Some((zone, rest)) = place.split_first() else {
            *slot = None;
            return Ok(());
        };
        let zone: ZoneId = zone.parse().map_err(|_| BadRow::nowhere(place))?;
        let table = slot.get_or_insert_default();
        let ids = match rest {
            [_, id, ..] => vec![id.clone()],
            _ => table.ids(zone),
        };
        for id in &ids {
            table.hide(zone, id);
        }
        let mut zones = Some(std::mem::take(&mut table.0));
        Rows::apply(&mut zones, place, row)?;
        table.0 = zones.unwrap_or_default();
        for id in &ids {
            table.show(zone, id);
        }
        Ok(())
    }
}
