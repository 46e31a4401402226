//! The zones of a world, found by id and by name, in the order in which they were made.

use flarekeep_catalogue::ZoneId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::Zone;
use crate::state::Map;
use crate::state::rows::{self, BadRow, Changes, Rows, leaf};

leaf!(Zone);

/// Zones. Each call looks one up, so that both ways to them are indexed.
#[derive(Debug, Clone, Default)]
pub struct Zones {
    /// By number, which counts up.
    all: Map<u64, Zone>,
    by_id: Map<ZoneId, u64>,
    by_name: Map<String, u64>,
}

impl Zones {
    /// The zone with this id.
    #[must_use]
    pub fn get(&self, id: ZoneId) -> Option<&Zone> {
        self.all.get(self.by_id.get(&id)?)
    }

    /// The zone with this name, in lower case.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Zone> {
        self.all.get(self.by_name.get(name)?)
    }

    /// All zones, those made first before the others.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Zone> {
        self.all.values()
    }

    /// How many zones there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is no zone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds a zone, or puts it in the place of the one with its id.
    pub fn insert(&mut self, zone: Zone) {
        let number = match self.by_id.get(&zone.id) {
            Some(number) => *number,
            None => self.all.get_max().map_or(0, |(last, _)| last + 1),
        };
        self.put(number, zone);
    }

    /// Removes a zone.
    pub fn remove(&mut self, id: ZoneId) -> Option<Zone> {
        let number = self.by_id.remove(&id)?;
        let zone = self.all.remove(&number)?;
        self.by_name.remove(&zone.name);
        Some(zone)
    }

    fn put(&mut self, number: u64, zone: Zone) {
        if let Some(old) = self.all.get(&number) {
            self.by_id.remove(&old.id);
            self.by_name.remove(&old.name);
        }
        self.by_id.insert(zone.id, number);
        self.by_name.insert(zone.name.clone(), number);
        self.all.insert(number, zone);
    }
}

/// A row for each zone.
impl Rows for Zones {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        Rows::compare(old.map(|old| &old.all), &new.all, changes);
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let Some((number, rest)) = place.split_first() else {
            *slot = None;
            return Ok(());
        };
        let number = number.parse().map_err(|_| BadRow::nowhere(place))?;
        let zones = slot.get_or_insert_default();
        match rows::read::<Zone>(rest, row)? {
            Some(zone) => zones.put(number, zone),
            None => drop(zones.all.get(&number).map(|zone| zone.id).and_then(|id| zones.remove(id))),
        }
        Ok(())
    }
}

impl PartialEq for Zones {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl FromIterator<Zone> for Zones {
    fn from_iter<I: IntoIterator<Item = Zone>>(zones: I) -> Self {
        let mut all = Self::default();
        zones.into_iter().for_each(|zone| all.insert(zone));
        all
    }
}

impl Serialize for Zones {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Zones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<Zone>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::AccountId;

    use super::*;

    fn zone(id: u128, name: &str) -> Zone {
        Zone {
            id: ZoneId::from_u128(id),
            name: name.to_owned(),
            account: AccountId::from_u128(1),
            status: "active".to_owned(),
            plan: "free".to_owned(),
        }
    }

    #[test]
    fn zones_are_found_both_ways_and_keep_their_order() {
        let mut zones: Zones = [zone(9, "b.com"), zone(3, "a.com"), zone(5, "c.com")].into_iter().collect();
        zones.insert(zone(9, "d.com"));
        assert_eq!(zones.iter().map(|zone| zone.name.as_str()).collect::<Vec<_>>(), ["d.com", "a.com", "c.com"]);
        assert!(zones.named("b.com").is_none());
        assert_eq!(zones.named("d.com").map(|zone| zone.id), Some(ZoneId::from_u128(9)));
        assert_eq!(zones.remove(ZoneId::from_u128(3)).map(|zone| zone.name).as_deref(), Some("a.com"));
        assert!(zones.get(ZoneId::from_u128(3)).is_none() && zones.named("a.com").is_none());
        zones.insert(zone(1, "a.com"));
        assert_eq!(zones.iter().last().map(|zone| zone.id), Some(ZoneId::from_u128(1)));
        assert_eq!((zones.len(), zones.is_empty()), (3, false));
    }
}
