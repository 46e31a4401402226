//! Zone files in and out, scans, and how many records there are.

use serde_json::{Value, json};

use super::table::Order;
use super::{QUOTA, add, own, place, zone, zone_file};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;

/// The zone as BIND writes it.
pub(super) fn export(call: &Call, state: &State) -> Outcome {
    let records = zone(call, state).into_iter().flat_map(|zone| zone.in_order(Order::Kind));
    let text = zone_file::write(&place(call, state).zone, call.at.0, records.map(|record| &record.draft));
    Ok(Answer::raw(text.into(), "text/plain; charset=utf-8"))
}

/// Adds the records of a zone file. What is there already is counted and not added; nothing is added where a line is
/// wrong.
pub(super) fn import(call: &Call, state: &mut State) -> Outcome {
    let place = place(call, state);
    let part = |name: &str| {
        let parts = call.parts().unwrap_or_default();
        let found = parts.iter().find(|part| part.name == name)?;
        std::str::from_utf8(&found.bytes).ok().map(ToOwned::to_owned)
    };
    let bad = |why: String| ApiError::new(400, 9207, format!("Request body is invalid: {why}."));
    let text = part("file").ok_or_else(|| bad("a form with a `file` is needed".to_owned()))?;
    let proxied = part("proxied").is_some_and(|word| word.trim() == "true");
    let bodies = zone_file::read(&text, &place.zone, proxied).map_err(bad)?;
    let zone = own(call, state)?;
    let (parsed, mut added) = (bodies.len(), 0);
    for body in bodies {
        match add(zone, &body, &place, call.at.0) {
            Ok(_) => added += 1,
            Err(error) if error.errors.iter().any(|item| item.code == 81058) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Answer::result(&json!({"recs_added": added, "total_records_parsed": parsed})))
}

/// Nothing is found: the emulator asks no other name server.
pub(super) fn scan(_: &Call, _: &State) -> Outcome {
    Ok(Answer::result(&json!({"recs_added": 0, "total_records_parsed": 0})))
}

pub(super) fn trigger(_: &Call, _: &State) -> Outcome {
    Ok(Answer::result(&json!({})))
}

pub(super) fn review(call: &Call, _: &State) -> Outcome {
    Ok(Answer::page(Vec::<Value>::new(), call.page(100, 1, 5_000_000)))
}

pub(super) fn usage(call: &Call, state: &State) -> Outcome {
    let used = zone(call, state).map_or(0, super::Zone::len);
    Ok(Answer::result(&json!({"record_usage": used, "record_quota": QUOTA})))
}
