//! The table with its index, and what the edge sees of it.

use proptest::prelude::*;
use serde_json::json;

use super::lifecycle::SslStatus;
use super::*;
use crate::options::HostnameDns;
use crate::state::rows::Rows;
use crate::world::World;

/// A time at which the hostnames of these tests are neither new nor over.
pub(crate) const NOW: UnixSeconds = UnixSeconds(1_800_000_000);

/// Options by which what is active stays so.
pub(crate) fn options() -> Options {
    let hostnames = Hostnames { dns: HostnameDns::Always, ..Hostnames::default() };
    Options { hostnames, ..Options::default() }
}

/// Adds a hostname, active since a time or else pending, as it is in a zone without a fallback origin.
pub(crate) fn put(state: &mut State, zone: ZoneId, id: &str, name: &str, active_since: Option<i64>) {
    state.custom_hostnames.put(hostname(zone, id, name, active_since));
}

fn hostname(zone: ZoneId, id: &str, name: &str, active_since: Option<i64>) -> CustomHostname {
    let since = active_since.unwrap_or(NOW.0 - 60);
    let (status, ssl) = match active_since {
        Some(_) => (HostnameStatus::Active, SslStatus::Active),
        None => (HostnameStatus::Pending, SslStatus::PendingValidation),
    };
    CustomHostname {
        id: id.to_owned(),
        zone,
        draft: Draft {
            hostname: name.to_owned(),
            method: "http".to_owned(),
            wildcard: false,
            authority: "google".to_owned(),
            bundle_method: "ubiquitous".to_owned(),
            settings: json!({}),
            custom_certificate: false,
            extra: serde_json::Map::new(),
        },
        ssl_id: String::new(),
        ownership: String::new(),
        validation: String::new(),
        wildcard_validation: String::new(),
        created_at: since,
        course: Course { hostname: status, hostname_since: since, ssl, ssl_since: since, at: NOW.0 - 60 },
    }
}

fn zone(number: u128) -> ZoneId {
    ZoneId::from_u128(number)
}

fn served(state: &State, host: &str) -> Option<(ZoneId, bool)> {
    serving(state, host, &options(), NOW).map(|serving| (serving.zone, serving.active))
}

/// A state with the zones 1 and 2.
fn state() -> State {
    let mut state = State::new(World::generated());
    let first = state.world.zones.iter().next().unwrap().clone();
    for (number, name) in [(1, "one.org"), (2, "two.org")] {
        state.world_mut().zones.insert(crate::world::Zone { id: zone(number), name: name.to_owned(), ..first.clone() });
    }
    state
}

#[test]
fn an_active_hostname_goes_before_others_of_its_name() {
    let mut state = state();
    put(&mut state, zone(1), "a", "shop.test", None);
    assert_eq!(served(&state, "shop.test"), Some((zone(1), false)));
    put(&mut state, zone(2), "b", "shop.test", Some(NOW.0 - 50));
    assert_eq!(served(&state, "shop.test"), Some((zone(2), true)), "the one of the first zone is pending");
    put(&mut state, zone(1), "a", "shop.test", Some(NOW.0 - 40));
    assert_eq!(served(&state, "shop.test"), Some((zone(1), true)), "it became active last");
    put(&mut state, zone(1), "c", "a.wild.test", None);
    put(&mut state, zone(2), "d", "*.wild.test", Some(NOW.0 - 50));
    assert_eq!(served(&state, "a.wild.test"), Some((zone(2), true)));
    assert_eq!(served(&state, "a.b.wild.test"), None);
}

#[test]
fn a_wildcard_certificate_takes_what_lies_one_label_below() {
    let mut state = state();
    let mut wide = hostname(zone(1), "a", "shop.test", Some(NOW.0 - 50));
    wide.draft.wildcard = true;
    state.custom_hostnames.put(wide);
    assert_eq!(served(&state, "x.shop.test"), Some((zone(1), true)));
    assert_eq!(served(&state, "y.x.shop.test"), None);
}

proptest! {
    /// Whatever is done to a table, by calls or by the rows of its changes, names and order are those of its hostnames.
    #[test]
    fn names_and_order_follow_from_the_hostnames(
        first in proptest::collection::vec((0..4_u8, 1..3_u128, 0..3_u8, 0..3_i64), 0..12),
        then in proptest::collection::vec((0..4_u8, 1..3_u128, 0..3_u8, 0..3_i64), 0..12),
    ) {
        let mut table = Table::default();
        first.into_iter().for_each(|step| change(&mut table, step));
        let before = table.clone();
        then.into_iter().for_each(|step| change(&mut table, step));
        check(&table);
        let changes = crate::state::rows::changes(Some(&before), &table);
        let mut slot = Some(before);
        for change in changes {
            Table::apply(&mut slot, &change.place, change.row).unwrap();
        }
        let again = slot.unwrap();
        check(&again);
        for number in 1..3 {
            let ids = |table: &Table| table.in_order(zone(number)).map(|one| one.id.clone()).collect::<Vec<_>>();
            prop_assert_eq!(ids(&again), ids(&table));
        }
    }
}

/// One step as a call would do it: a name is once in a zone.
fn change(table: &mut Table, (kind, number, name, age): (u8, u128, u8, i64)) {
    let (zone, name) = (zone(number), format!("{name}.test"));
    match kind {
        0 => table.forget(zone),
        1 => {
            if let Some(id) = table.named(zone, &name).map(|old| old.id.clone()) {
                table.remove(zone, &id);
            }
        }
        _ => {
            change(table, (1, number, name.as_bytes()[0] - b'0', age));
            // The ids have another order than the names, and differ from one time to the next.
            let id = format!("{}{kind}{age}", (u128::from(kind) + number) % 3);
            if table.get(zone, &id).is_none() {
                table.put(hostname(zone, &id, &name, Some(age)));
            }
        }
    }
}

fn check(table: &Table) {
    for number in 1..3 {
        let zone = zone(number);
        let held = table.0.get(&zone).into_iter().flat_map(|own| own.hostnames.values());
        let mut sorted: Vec<&CustomHostname> = held.collect();
        sorted.sort_by(|a, b| (a.created_at, &a.draft.hostname).cmp(&(b.created_at, &b.draft.hostname)));
        assert_eq!(table.in_order(zone).collect::<Vec<_>>(), sorted);
        for name in ["0.test", "1.test", "2.test"] {
            let found = sorted.iter().find(|one| one.draft.hostname == name).copied();
            assert_eq!(table.named(zone, name), found);
            assert_eq!(table.everywhere(name).any(|one| one.zone == zone), found.is_some());
        }
    }
}
