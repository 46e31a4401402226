//! DNS records of a zone.

mod batch;
mod draft;
mod filter;
mod glance;
mod layout;
pub(crate) mod lookup;
mod table;
mod transfer;
mod zone_file;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::draft::{Draft, Place};
use self::filter::Filter;
use self::glance::Look;
use self::table::{Order, Record, Zone};
use super::{Handler, timestamp_micros};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;

pub(crate) use self::layout::quoted_texts;
pub(crate) use self::table::Table;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /zones/{zone_id}/dns_records", Handler::Read(list)),
    ("POST /zones/{zone_id}/dns_records", Handler::Write(create)),
    ("GET /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Write(patch)),
    ("PUT /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Write(replace)),
    ("DELETE /zones/{zone_id}/dns_records/{dns_record_id}", Handler::Write(delete)),
    ("POST /zones/{zone_id}/dns_records/batch", Handler::Write(batch::batch)),
    ("GET /zones/{zone_id}/dns_records/export", Handler::Read(transfer::export)),
    ("POST /zones/{zone_id}/dns_records/import", Handler::Write(transfer::import)),
    ("POST /zones/{zone_id}/dns_records/scan", Handler::Read(transfer::scan)),
    ("POST /zones/{zone_id}/dns_records/scan/trigger", Handler::Read(transfer::trigger)),
    ("GET /zones/{zone_id}/dns_records/scan/review", Handler::Read(transfer::review)),
    ("GET /zones/{zone_id}/dns_records/usage", Handler::Read(transfer::usage)),
];

/// How many records a zone may hold, and how many bytes the TXT records of a name may have together.
const QUOTA: usize = 1_000_000;
const TEXTS: usize = 8192;

fn list(call: &Call, state: &State) -> Outcome {
    let page = call.page(100, 1, 5_000_000);
    let Some(zone) = zone(call, state) else { return Ok(Answer::page(Vec::new(), page)) };
    let (filter, order) = (Filter::of(call), Order::asked(call.query("order").as_deref()));
    if filter.is_empty() {
        let (count, skipped) = (zone.len(), page.skipped());
        let backward = call.descending();
        // The nearer end is gone from: the last page comes as fast as the first.
        let shown = if skipped > count / 2 {
            let last = count.saturating_sub(skipped.saturating_add(page.per_page));
            let length = count.saturating_sub(skipped).saturating_sub(last);
            let mut shown: Vec<&Arc<Record>> = walk(zone, order, !backward).skip(last).take(length).collect();
            shown.reverse();
            shown
        } else {
            walk(zone, order, backward).skip(skipped).take(page.per_page).collect()
        };
        let items: Vec<Value> = shown.into_iter().map(shown_as).collect();
        let info = page.info(items.len(), count);
        return Ok(Answer::listed(&items.into(), &info));
    }
    let mut found: Vec<&Record> = match filter.candidates(zone) {
        Some(mut candidates) => {
            candidates.retain(|record| filter.admits(&Look::of(record)));
            candidates.sort_by_cached_key(|record| order.key(record));
            candidates
        }
        None => zone.looks(order).filter(|look| filter.admits(look)).map(|look| look.record()).collect(),
    };
    if call.descending() {
        found.reverse();
    }
    let count = found.len();
    Ok(Answer::page_of(found.into_iter(), count, page, shown_as))
}

fn walk(zone: &Zone, order: Order, backward: bool) -> Box<dyn Iterator<Item = &Arc<Record>> + '_> {
    let records = zone.in_order(order);
    if backward { Box::new(records.rev()) } else { Box::new(records) }
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let (body, place) = (body(call)?, place(call, state));
    let made = add(own(call, state)?, &body, &place, call.at.0)?;
    Ok(Answer::result(&shown_as(&made)))
}

fn details(call: &Call, state: &State) -> Outcome {
    let found = zone(call, state).and_then(|zone| zone.get(call.parameter("dns_record_id"))).ok_or_else(missing)?;
    Ok(Answer::result(&shown_as(found)))
}

fn patch(call: &Call, state: &mut State) -> Outcome {
    change(call, state, true)
}

fn replace(call: &Call, state: &mut State) -> Outcome {
    change(call, state, false)
}

fn change(call: &Call, state: &mut State, keeps: bool) -> Outcome {
    let place = place(call, state);
    let zone = own(call, state)?;
    let id = call.parameter("dns_record_id");
    zone.get(id).ok_or_else(missing)?;
    let changed = update(zone, id, &body(call)?, &place, keeps, call.at.0)?;
    Ok(Answer::result(&shown_as(&changed)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let id = call.parameter("dns_record_id");
    own(call, state)?.remove(id).ok_or_else(missing)?;
    Ok(Answer::result(&json!({"id": id})))
}

/// Makes a record.
fn add(zone: &mut Zone, body: &Map<String, Value>, place: &Place, at: i64) -> Result<Record, ApiError> {
    let draft = Draft::read(body, place, None)?;
    refuse_clash(zone, &draft, "")?;
    if zone.len() >= QUOTA {
        return Err(ApiError::new(400, 81045, "Record quota exceeded."));
    }
    let record = Record {
        id: format!("{:032x}", fresh_id()),
        serial: zone.next_serial(),
        created_on: at,
        modified_on: at,
        comment_modified_on: draft.comment.as_ref().map(|_| at),
        tags_modified_on: (!draft.tags.is_empty()).then_some(at),
        draft,
    };
    zone.put(record.clone());
    Ok(record)
}

/// Changes a record. `keeps` says whether what the body leaves out stays as it is.
fn update(
    zone: &mut Zone,
    id: &str,
    body: &Map<String, Value>,
    place: &Place,
    keeps: bool,
    at: i64,
) -> Result<Record, ApiError> {
    let old = zone.get(id).ok_or_else(missing)?.clone();
    let draft = Draft::read(body, place, keeps.then_some(&old.draft))?;
    refuse_clash(zone, &draft, id)?;
    let since = |there: bool, same: bool, before: Option<i64>| there.then(|| before.filter(|_| same).unwrap_or(at));
    let record = Record {
        id: old.id.clone(),
        serial: old.serial,
        created_on: old.created_on,
        modified_on: at,
        comment_modified_on: since(
            draft.comment.is_some(),
            draft.comment == old.draft.comment,
            old.comment_modified_on,
        ),
        tags_modified_on: since(!draft.tags.is_empty(), draft.tags == old.draft.tags, old.tags_modified_on),
        draft,
    };
    zone.put(record.clone());
    Ok(record)
}

/// No identical record, no address beside a CNAME, no texts beyond what a name can hold.
fn refuse_clash(zone: &Zone, draft: &Draft, id: &str) -> Result<(), ApiError> {
    let address = |kind: &str| matches!(kind, "A" | "AAAA");
    let mut texts = if draft.kind == "TXT" { draft.content.len() } else { 0 };
    for other in zone.named(&draft.name).filter(|other| other.id != id) {
        let other = &other.draft;
        if other.kind == draft.kind && other.content == draft.content && other.priority == draft.priority {
            return Err(ApiError::new(400, 81058, "An identical record already exists."));
        }
        if draft.kind == "CNAME" && (other.kind == "CNAME" || address(&other.kind)) {
            return Err(ApiError::new(400, 81053, "An A, AAAA, or CNAME record with that host already exists."));
        }
        if address(&draft.kind) && other.kind == "CNAME" {
            return Err(ApiError::new(400, 81054, "A CNAME record with that host already exists."));
        }
        if draft.kind == "TXT" && other.kind == "TXT" {
            texts += other.content.len();
        }
    }
    if texts > TEXTS {
        return Err(ApiError::new(
            400,
            83011,
            "Combined content length of records with this name and type exceeds 8192.",
        ));
    }
    Ok(())
}

fn missing() -> ApiError {
    ApiError::new(404, 81044, "Record does not exist.")
}

fn body(call: &Call) -> Result<Map<String, Value>, ApiError> {
    call.object().ok_or_else(unreadable)
}

fn unreadable() -> ApiError {
    ApiError::new(400, 9207, "Request body is invalid.")
}

fn zone<'a>(call: &Call, state: &'a State) -> Option<&'a Zone> {
    state.dns_records.of(call.zone?)
}

fn own<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Zone, ApiError> {
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    Ok(state.dns_records.of_mut(zone))
}

fn place(call: &Call, state: &State) -> Place {
    let zone = call.zone.and_then(|id| state.world.zone(id));
    Place::new(zone.map_or("", |zone| zone.name.as_str()), &call.options)
}

fn shown_as(record: impl AsRef<Record>) -> Value {
    let record = record.as_ref();
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
        // As Cloudflare answers; the schema has no null here.
        "comment": draft.comment,
        "tags": draft.tags,
        "created_on": timestamp_micros(record.created_on),
        "modified_on": timestamp_micros(record.modified_on),
    });
    let times = [("comment_modified_on", record.comment_modified_on), ("tags_modified_on", record.tags_modified_on)];
    if let Some(object) = shown.as_object_mut() {
        let parts = [("priority", draft.priority.map(Value::from)), ("data", draft.data.clone().map(Value::from))];
        let times = times.map(|(name, at)| (name, at.map(|at| timestamp_micros(at).into())));
        for (name, value) in parts.into_iter().chain(times) {
            if let Some(value) = value {
                object.insert(name.to_owned(), value);
            }
        }
    }
    shown
}

impl AsRef<Self> for Record {
    fn as_ref(&self) -> &Self {
        self
    }
}
