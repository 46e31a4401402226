//! DNS records of a zone.

mod draft;
mod filter;
pub(crate) mod lookup;

use flarekeep_catalogue::ZoneId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::draft::Draft;
use self::filter::Filter;
use super::{Handler, timestamp_micros};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /zones/{zone_id}/dns_records", Handler::Read(list)),
    ("POST /zones/{zone_id}/dns_records", Handler::Write(create)),
    ("GET /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Write(patch)),
    ("PUT /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Write(replace)),
    ("DELETE /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Write(delete)),
];

/// The records of all zones, by zone and id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<ZoneId, Map<String, Record>>);

branch!(Table);
leaf!(Record);

impl Table {
    /// Whether a table is this one, unchanged.
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

/// One record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Record {
    id: String,
    draft: Draft,
    /// Counts up, so that lists keep the order of creation.
    serial: u64,
    created_on: i64,
    modified_on: i64,
}

fn list(call: &Call, state: &State) -> Outcome {
    let filter = Filter::of(call);
    let mut records: Vec<&Record> =
        records(call, state).into_iter().flat_map(Map::values).filter(|record| filter.admits(&record.draft)).collect();
    records.sort_by_key(|record| record.serial);
    match call.query("order").as_deref() {
        Some("name") => records.sort_by(|a, b| a.draft.name.cmp(&b.draft.name)),
        Some("type") => records.sort_by(|a, b| a.draft.kind.cmp(&b.draft.kind)),
        Some("content") => records.sort_by(|a, b| a.draft.content.cmp(&b.draft.content)),
        Some("ttl") => records.sort_by_key(|record| record.draft.ttl),
        Some("proxied") => records.sort_by_key(|record| record.draft.proxied),
        _ => {}
    }
    if call.descending() {
        records.reverse();
    }
    let total = records.len();
    Ok(Answer::page_of(records.into_iter(), total, call.page(100, 1, 50_000), shown))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let draft = Draft::read(call, zone_name(call, state), None)?;
    let zone = own(call, state)?;
    refuse_clash(zone, &draft, "")?;
    let serial = zone.values().map(|record| record.serial).max().unwrap_or(0) + 1;
    let id = format!("{:032x}", fresh_id());
    let record = Record { id: id.clone(), draft, serial, created_on: call.at.0, modified_on: call.at.0 };
    let answer = Answer::result(&shown(&record));
    zone.insert(id, record);
    Ok(answer)
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown(found(call, state)?)))
}

fn patch(call: &Call, state: &mut State) -> Outcome {
    let old = found(call, state)?.clone();
    let draft = Draft::read(call, zone_name(call, state), Some(&old.draft))?;
    put(call, state, old, draft)
}

fn replace(call: &Call, state: &mut State) -> Outcome {
    let old = found(call, state)?.clone();
    let draft = Draft::read(call, zone_name(call, state), None)?;
    put(call, state, old, draft)
}

fn put(call: &Call, state: &mut State, old: Record, draft: Draft) -> Outcome {
    let zone = own(call, state)?;
    refuse_clash(zone, &draft, &old.id)?;
    let record = Record { draft, modified_on: call.at.0, ..old };
    let answer = Answer::result(&shown(&record));
    zone.insert(record.id.clone(), record);
    Ok(answer)
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.id.clone();
    own(call, state)?.remove(&id);
    Ok(Answer::result(&json!({"id": id})))
}

/// No identical record, and nothing of one's own kind beside a CNAME.
fn refuse_clash(zone: &Map<String, Record>, draft: &Draft, id: &str) -> Result<(), ApiError> {
    let address = |kind: &str| matches!(kind, "A" | "AAAA" | "CNAME");
    for other in zone.values().filter(|other| other.id != id && other.draft.name == draft.name) {
        let other = &other.draft;
        if other.kind == draft.kind && other.content == draft.content && other.priority == draft.priority {
            return Err(ApiError::new(400, 81058, "An identical record already exists."));
        }
        let cname = other.kind == "CNAME" || draft.kind == "CNAME";
        if cname && address(&other.kind) && address(&draft.kind) {
            return Err(ApiError::new(400, 81053, "An A, AAAA, or CNAME record with that host already exists."));
        }
    }
    Ok(())
}

fn records<'a>(call: &Call, state: &'a State) -> Option<&'a Map<String, Record>> {
    state.dns_records.0.get(&call.zone?)
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Record, ApiError> {
    let record = records(call, state).and_then(|zone| zone.get(call.parameter("dns_record_id")));
    record.ok_or_else(|| ApiError::new(404, 81044, "Record does not exist."))
}

fn own<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Map<String, Record>, ApiError> {
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    Ok(state.dns_records.0.entry(zone).or_default())
}

fn zone_name<'a>(call: &Call, state: &'a State) -> &'a str {
    call.zone.and_then(|id| state.world.zone(id)).map_or("", |zone| zone.name.as_str())
}

fn shown(record: &Record) -> Value {
    let draft = &record.draft;
    let mut shown = json!({
        "id": record.id,
        "name": draft.name,
        "type": draft.kind,
        "content": draft.content,
        "proxiable": draft.proxiable(),
        "proxied": draft.proxied,
        "ttl": draft.ttl,
        "settings": draft.settings,
        "meta": {},
        "comment": draft.comment,
        "tags": draft.tags,
        "created_on": timestamp_micros(record.created_on),
        "modified_on": timestamp_micros(record.modified_on),
    });
    if let Some(object) = shown.as_object_mut() {
        if let Some(priority) = draft.priority {
            object.insert("priority".to_owned(), priority.into());
        }
        if let Some(data) = &draft.data {
            object.insert("data".to_owned(), data.clone());
        }
    }
    shown
}
