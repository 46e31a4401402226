//! The records of a zone by their name, for whoever resolves names.

use flarekeep_catalogue::ZoneId;
use serde_json::{Map, Value};

use super::table::{Record, Table};
use crate::state::State;

/// A record as resolvers see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// The type, in capitals.
    pub(crate) kind: &'a str,
    pub(crate) content: &'a str,
    /// Seconds; 1 stands for Cloudflare's own choice.
    pub(crate) ttl: u64,
    pub(crate) proxied: bool,
    pub(crate) priority: Option<u64>,
    pub(crate) data: Option<&'a Map<String, Value>>,
}

/// The records of exactly this name, which is whole and in lower case.
pub(crate) fn at<'a>(state: &'a State, zone: ZoneId, name: &str) -> Vec<Entry<'a>> {
    let records = state.dns_records.of(zone);
    records.into_iter().flat_map(|records| records.named(name)).map(|record| entry(record)).collect()
}

/// The ids of the records that say where a host is (A, AAAA, CNAME): what a custom domain of that name meets.
pub(crate) fn hosts(state: &State, zone: ZoneId, name: &str) -> Vec<String> {
    let records = state.dns_records.of(zone).into_iter().flat_map(|records| records.named(name));
    records
        .filter(|record| matches!(&*record.draft.kind, "A" | "AAAA" | "CNAME"))
        .map(|record| record.id.clone())
        .collect()
}

/// Removes the records that say where a host is.
pub(crate) fn forget_hosts(state: &mut State, zone: ZoneId, name: &str) {
    for id in hosts(state, zone, name) {
        state.dns_records.of_mut(zone).remove(&id);
    }
}

/// Whether a record has a name below this one.
pub(crate) fn is_above_any(state: &State, zone: ZoneId, name: &str) -> bool {
    state.dns_records.of(zone).is_some_and(|records| records.is_above_any(name))
}

/// The names of the records in which two tables differ; none where they are more than so many.
pub(crate) fn changed(old: &Table, new: &Table, most: usize) -> Option<Vec<String>> {
    let names: Vec<String> = Table::changed(old, new).take(most + 1).collect();
    (names.len() <= most).then_some(names)
}

/// The names in zones that are an alias of this one.
pub(crate) fn aliases_of(state: &State, name: &str) -> Vec<String> {
    let records = state.dns_records.zones().flat_map(|zone| zone.holding(name));
    records.filter(|record| &*record.draft.kind == "CNAME").map(|record| record.draft.name.to_string()).collect()
}

/// Whether the zone that a name lies in has wildcards.
pub(crate) fn has_wildcards(state: &State, zone: ZoneId) -> bool {
    state.dns_records.of(zone).is_some_and(|records| records.under("*").next().is_some())
}

fn entry(record: &Record) -> Entry<'_> {
    let draft = &record.draft;
    Entry {
        kind: &draft.kind,
        content: &draft.content,
        ttl: draft.ttl,
        proxied: draft.proxied,
        priority: draft.priority,
        data: draft.data.as_ref(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::options::ErrorStyle;
    use crate::products::dns_records::draft::{Draft, Place};

    /// Puts one record into a zone, in the place of the one with its number.
    pub(crate) fn put(state: &mut State, zone: (ZoneId, &str), number: u64, (kind, name, content): (&str, &str, &str)) {
        let place = Place { zone: zone.1.to_owned(), style: ErrorStyle::Classic };
        let body = json!({"type": kind, "name": name, "content": content, "ttl": 60});
        let Ok(draft) = Draft::read(body.as_object().unwrap(), &place, None) else { return };
        let id = format!("{number:032x}");
        state.dns_records.of_mut(zone.0).put(Record {
            id,
            draft,
            serial: number,
            created_on: 0,
            modified_on: 0,
            comment_modified_on: None,
            tags_modified_on: None,
        });
    }
}
