//! The records of a zone by their name, for whoever resolves names.

use flarekeep_catalogue::ZoneId;
use serde_json::{Map, Value};

use super::table::{Order, Record};
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

/// Whether a record has a name below this one.
pub(crate) fn is_above_any(state: &State, zone: ZoneId, name: &str) -> bool {
    let mut records = state.dns_records.of(zone).into_iter().flat_map(|records| records.in_order(Order::Name));
    records.any(|record| record.draft.name.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
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
