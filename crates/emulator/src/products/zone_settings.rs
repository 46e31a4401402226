//! Settings of a zone, one by one and together. What there is, and what each takes, is in `settings.tsv`.

mod facts;

use flarekeep_catalogue::ZoneId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::facts::{Fact, fact, facts};
use super::{Handler, timestamp_micros};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /zones/{zone_id}/settings", Handler::Read(list)),
    ("PATCH /zones/{zone_id}/settings", Handler::Write(edit_all)),
    ("GET /zones/{zone_id}/settings/{setting_id}", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/settings/{setting_id}", Handler::Write(edit)),
    ("GET /zones/{zone_id}/settings/fonts", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/settings/fonts", Handler::Write(edit)),
    ("GET /zones/{zone_id}/settings/origin_h2_max_streams", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/settings/origin_h2_max_streams", Handler::Write(edit)),
    ("GET /zones/{zone_id}/settings/origin_max_http_version", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/settings/origin_max_http_version", Handler::Write(edit)),
    ("GET /zones/{zone_id}/settings/speed_brain", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/settings/speed_brain", Handler::Write(edit)),
    ("GET /zones/{zone_id}/ssl/universal/settings", Handler::Read(universal)),
    ("PATCH /zones/{zone_id}/ssl/universal/settings", Handler::Write(edit_universal)),
];

/// What was set, by zone and setting; all else has its default.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<ZoneId, Map<String, Setting>>);

branch!(Table);
leaf!(Setting);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Setting {
    value: Value,
    modified_on: i64,
}

/// Universal SSL has a path of its own, and is kept with the settings.
const UNIVERSAL: &str = "ssl/universal";

impl Table {
    /// Removes the settings of a zone that is removed.
    pub(crate) fn forget(&mut self, zone: ZoneId) {
        self.0.remove(&zone);
    }

    fn of(&self, zone: Option<ZoneId>, id: &str) -> Option<&Setting> {
        self.0.get(&zone?)?.get(id)
    }
}

fn list(call: &Call, state: &State) -> Outcome {
    let all: Vec<Value> = facts().filter(|fact| fact.listed).map(|fact| shown(fact, call, state)).collect();
    Ok(Answer::result(&all.into()))
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown(asked(call)?, call, state)))
}

fn edit(call: &Call, state: &mut State) -> Outcome {
    let fact = asked(call)?;
    let body = call.object().ok_or_else(unreadable)?;
    set(call, state, fact, body.get(fact.member))?;
    Ok(Answer::result(&shown(fact, call, state)))
}

/// Several at once, all or none: a list, or an object with the list `items`, as older clients send it.
fn edit_all(call: &Call, state: &mut State) -> Outcome {
    let body = call.json().ok_or_else(unreadable)?;
    let missing = || ApiError::new(400, 1004, "Missing 'items'");
    let items = body.as_array().or_else(|| body.get("items")?.as_array()).ok_or_else(missing)?;
    let mut changed = Vec::new();
    for item in items {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        let fact = fact(id).ok_or_else(|| unknown(id))?;
        set(call, state, fact, item.get(fact.member))?;
        changed.push(fact);
    }
    let changed: Vec<Value> = changed.into_iter().map(|fact| shown(fact, call, state)).collect();
    Ok(Answer::result(&changed.into()))
}

fn universal(call: &Call, state: &State) -> Outcome {
    let set = state.zone_settings.of(call.zone, UNIVERSAL);
    Ok(Answer::result(&json!({"enabled": set.is_none_or(|setting| setting.value == json!(true))})))
}

fn edit_universal(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(unreadable)?;
    if let Some(enabled) = body.get("enabled").and_then(Value::as_bool) {
        put(call, state, UNIVERSAL, enabled.into())?;
    }
    universal(call, state)
}

fn set(call: &Call, state: &mut State, fact: &'static Fact, value: Option<&Value>) -> Result<(), ApiError> {
    let bad = || ApiError::new(400, 1007, format!("Invalid value for zone setting {}", fact.id));
    let value = value.filter(|value| fact.takes(value)).ok_or_else(bad)?;
    let mut value = value.clone();
    // A change of an object may name some of its members only.
    if let (Value::Object(new), Value::Object(old)) = (&mut value, current(fact, call, state)) {
        for (name, old) in old {
            new.entry(name).or_insert(old);
        }
    }
    put(call, state, fact.id, value)
}

fn put(call: &Call, state: &mut State, id: &str, value: Value) -> Result<(), ApiError> {
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    let setting = Setting { value, modified_on: call.at.0 };
    state.zone_settings.0.entry(zone).or_default().insert(id.to_owned(), setting);
    Ok(())
}

fn current(fact: &Fact, call: &Call, state: &State) -> Value {
    let set = state.zone_settings.of(call.zone, fact.id);
    set.map_or_else(|| fact.default.clone(), |setting| setting.value.clone())
}

/// The setting that the path names: by a parameter, or by its last segment.
fn asked(call: &Call) -> Result<&'static Fact, ApiError> {
    let id = match call.parameter("setting_id") {
        "" => call.operation.path().rsplit('/').next().unwrap_or_default(),
        id => id,
    };
    fact(id).ok_or_else(|| unknown(id))
}

fn unknown(id: &str) -> ApiError {
    ApiError::new(400, 1006, format!("Unrecognized zone setting name: {}", crate::log::printable(id, 100)))
}

fn unreadable() -> ApiError {
    ApiError::new(400, 6007, "Malformed JSON in request body")
}

fn shown(fact: &Fact, call: &Call, state: &State) -> Value {
    let modified = state.zone_settings.of(call.zone, fact.id).map(|setting| timestamp_micros(setting.modified_on));
    let mut shown = json!({"id": fact.id, "editable": true});
    if let Some(object) = shown.as_object_mut() {
        // Not every schema has null for it.
        if let Some(modified) = modified {
            object.insert("modified_on".to_owned(), modified.into());
        }
        object.insert(fact.member.to_owned(), current(fact, call, state));
        if fact.id == "development_mode" {
            object.insert("time_remaining".to_owned(), 0.into());
        }
    }
    shown
}
