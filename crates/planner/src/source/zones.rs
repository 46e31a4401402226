//! What is known of zones: their names, and who owns them.

use std::collections::BTreeMap;

use flarekeep_catalogue::{AccountId, ZoneId};

use super::place::ZoneName;

/// What is known of zones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zones {
    by_name: BTreeMap<String, ZoneId>,
    owners: BTreeMap<ZoneId, AccountId>,
    hosts: BTreeMap<String, ZoneId>,
}

impl Zones {
    /// Learns of a zone. What was known before stays.
    pub fn add(&mut self, name: &str, zone: ZoneId, owner: Option<AccountId>) {
        if !name.is_empty() {
            self.by_name.entry(name.to_ascii_lowercase()).or_insert(zone);
        }
        if let Some(owner) = owner {
            self.owners.entry(zone).or_insert(owner);
        }
    }

    /// Learns of a zone from who must know it, as Cloudflare: what was known before gives way. Gives the id that the name
    /// had before, if it was another.
    pub fn set(&mut self, name: &str, zone: ZoneId, owner: Option<AccountId>) -> Option<ZoneId> {
        if let Some(owner) = owner {
            self.owners.insert(zone, owner);
        }
        if name.is_empty() {
            return None;
        }
        self.by_name.insert(name.to_ascii_lowercase(), zone).filter(|before| *before != zone)
    }

    /// The names that the zone of a host can have and that nobody asked for: those that are longer than the one that it
    /// would be taken for. None where the host's zone is known for certain.
    #[must_use]
    pub fn names_to_ask(&self, zone: &ZoneName) -> Vec<String> {
        let ZoneName::Host(host) = zone else { return Vec::new() };
        if self.hosts.contains_key(host) {
            return Vec::new();
        }
        let longer = zone_names(host).take_while(|name| !self.by_name.contains_key(*name));
        longer.filter(|name| name.contains('.')).map(str::to_owned).collect()
    }

    /// Learns in which zone a host is, where the zone's name is not known.
    pub fn add_host(&mut self, host: &str, zone: ZoneId) {
        self.hosts.entry(host.to_ascii_lowercase()).or_insert(zone);
    }

    /// Learns what another knows.
    pub fn merge(&mut self, other: Self) {
        for (name, zone) in other.by_name {
            self.by_name.entry(name).or_insert(zone);
        }
        for (zone, owner) in other.owners {
            self.owners.entry(zone).or_insert(owner);
        }
        for (host, zone) in other.hosts {
            self.hosts.entry(host).or_insert(zone);
        }
    }

    /// The zone that is meant, if it is known. A host's zone is the longest known name that it ends in.
    #[must_use]
    pub fn find(&self, zone: &ZoneName) -> Option<ZoneId> {
        match zone {
            ZoneName::Id(zone) => Some(*zone),
            ZoneName::Name(name) => self.by_name.get(name).copied(),
            ZoneName::Host(host) => self
                .hosts
                .get(host)
                .copied()
                .or_else(|| zone_names(host).find_map(|name| self.by_name.get(name).copied())),
            ZoneName::Every => None,
        }
    }

    /// The account that owns a zone, if it is known.
    #[must_use]
    pub fn owner(&self, zone: ZoneId) -> Option<AccountId> {
        self.owners.get(&zone).copied()
    }
}

/// The names that a host's zone can have, the longest first: the host itself, then without its labels one by one.
pub fn zone_names(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host.trim_start_matches("*.")), |name| name.split_once('.').map(|(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_in_the_longest_zone_that_it_ends_in() {
        let (short, long) = (ZoneId::from_u128(1), ZoneId::from_u128(2));
        let mut zones = Zones::default();
        zones.add("example.com", short, None);
        zones.add("eu.example.com", long, None);
        let host = |host: &str| zones.find(&ZoneName::Host(host.to_owned()));
        assert_eq!(host("www.example.com"), Some(short));
        assert_eq!(host("shop.eu.example.com"), Some(long));
        assert_eq!(host("*.eu.example.com"), Some(long));
        assert_eq!(host("notexample.com"), None);
        assert_eq!(zones.find(&ZoneName::Name("www.example.com".into())), None);
    }

    #[test]
    fn a_longer_name_than_the_known_one_is_to_be_asked_for() {
        let mut zones = Zones::default();
        zones.add("example.com", ZoneId::from_u128(1), None);
        let ask = |zones: &Zones, host: &str| zones.names_to_ask(&ZoneName::Host(host.to_owned()));
        assert_eq!(ask(&zones, "api.sub.example.com"), ["api.sub.example.com", "sub.example.com"]);
        assert_eq!(ask(&zones, "example.com"), [""; 0]);
        zones.add_host("api.sub.example.com", ZoneId::from_u128(2));
        assert_eq!(ask(&zones, "api.sub.example.com"), [""; 0]);
        assert_eq!(zones.names_to_ask(&ZoneName::Name("www.example.com".into())), [""; 0]);
    }

    #[test]
    fn who_must_know_goes_before_what_a_file_says() {
        let (old, new) = (ZoneId::from_u128(1), ZoneId::from_u128(2));
        let mut zones = Zones::default();
        zones.add("example.com", old, None);
        zones.add("example.com", new, None);
        let found = |zones: &Zones| zones.find(&ZoneName::Name("example.com".into()));
        assert_eq!(found(&zones), Some(old));
        assert_eq!(zones.set("Example.com", new, None), Some(old));
        assert_eq!((found(&zones), zones.set("example.com", new, None)), (Some(new), None));
    }
}
