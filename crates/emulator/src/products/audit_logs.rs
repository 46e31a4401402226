//! Audit logs: what was changed, by whom, with which token. Version 2, and version 1 of the same entries.
//!
//! Every change that a handler makes is an entry, made where the change is acknowledged, so that no product can forget it
//! and reads cost nothing. It is one row of the same write. Changes that were authorised and then failed are entries too;
//! these are held in memory alone, since a call that changes nothing writes nothing.

mod entry;
mod filter;
mod table;

use flarekeep_catalogue::AccountId;
use serde_json::{Value, json};

use self::entry::Entry;
use self::filter::Filter;
use super::Handler;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::world::Zone;

pub(crate) use self::table::Table;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/logs/audit", Handler::Read(list)),
    ("GET /accounts/{account_id}/audit_logs", Handler::Read(list_of_account)),
    ("GET /user/audit_logs", Handler::Read(list_of_user)),
];

/// How long entries are shown: 30 days, as documented for version 2.
const SHOWN: i64 = 30 * 86_400;

/// Notes a change that was made, or that failed after it was authorised. `zone` is the call's as it was before, since
/// the change may have removed it.
pub(crate) fn note(call: &Call, zone: Option<&Zone>, outcome: &Outcome, state: &mut State) {
    let entry = Entry::of(call, zone, outcome, state);
    if outcome.is_ok() {
        state.audit_logs.add(entry);
    } else {
        state.audit_logs.note_failure(entry);
    }
}

/// The same state, for which failures are noted apart from now on: one that is kept to go back to.
pub(crate) fn apart(state: &State) -> State {
    State { audit_logs: state.audit_logs.apart(), ..state.clone() }
}

fn list(call: &Call, state: &State) -> Outcome {
    let filter = Filter::of(call)?;
    let limit = call.query("limit").and_then(|text| text.parse().ok()).unwrap_or(100_usize).clamp(1, 1000);
    let after =
        call.query("cursor").map(|cursor| u64::from_str_radix(&cursor, 16).map_err(|_| bad("cursor"))).transpose()?;
    let ascending = call.query("direction").as_deref() == Some("asc");
    let wanted = |entry: &&std::sync::Arc<Entry>| is_of(entry, call.account, call) && filter.admits(entry, state);
    let mut found = state.audit_logs.entries(ascending, after).filter(|(_, entry)| wanted(&entry)).take(limit + 1);
    let mut page = Vec::new();
    let mut last = None;
    for (serial, entry) in found.by_ref().take(limit) {
        page.push(entry.shown(state));
        last = Some(serial);
    }
    // The schema has a text for the count.
    let mut info = json!({"count": page.len().to_string()});
    if let (Some(last), Some(_), Some(object)) = (last, found.next(), info.as_object_mut()) {
        object.insert("cursor".to_owned(), format!("{last:016x}").into());
    }
    Ok(Answer::listed(&page.into(), &info))
}

fn list_of_account(call: &Call, state: &State) -> Outcome {
    older(call, state, |entry| is_of(entry, call.account, call))
}

fn list_of_user(call: &Call, state: &State) -> Outcome {
    let user = call.caller.user().map(|user| user.to_string());
    older(call, state, |entry| user.is_some() && entry.actor.id == user && is_shown(entry, call))
}

/// Version 1.
fn older(call: &Call, state: &State, wanted: impl Fn(&Entry) -> bool) -> Outcome {
    let (since, before) = filter::times(call, false)?;
    let ascending = call.query("direction").as_deref() == Some("asc");
    let is = |name: &str, value: Option<&str>| call.query(name).is_none_or(|asked| value == Some(&*asked));
    let admits = |entry: &Entry| {
        wanted(entry)
            && since.is_none_or(|since| entry.at >= since)
            && before.is_none_or(|before| entry.at < before)
            && is("id", Some(&entry.id))
            && is("action.type", Some(&entry.action))
            && is("actor.email", entry.actor.email.as_deref())
            && is("actor.ip", entry.actor.ip.as_deref())
            && is("zone.name", entry.zone.as_ref().map(|(_, name)| name.as_str()))
    };
    let entries = state.audit_logs.entries(ascending, None).map(|(_, entry)| entry).filter(|entry| admits(entry));
    let page = call.page(100, 1, 1000);
    let shown: Vec<Value> = entries.skip(page.skipped()).take(page.per_page).map(|entry| entry.shown_older()).collect();
    // Without `messages`: with them both alternatives of the schema's `oneOf` would hold.
    Ok(Answer::json(json!({"result": shown, "success": true, "errors": []}).to_string()))
}

fn is_of(entry: &Entry, account: Option<AccountId>, call: &Call) -> bool {
    account.is_some() && entry.account == account && is_shown(entry, call)
}

fn is_shown(entry: &Entry, call: &Call) -> bool {
    entry.at >= call.at.0.saturating_sub(SHOWN)
}

/// What a parameter cannot hold. The code is the emulator's own.
fn bad(name: &str) -> ApiError {
    ApiError::new(400, 1002, format!("Invalid value for the parameter \"{name}\""))
}
