//! Audit logs of version 2 (`GET /accounts/{account_id}/logs/audit`) as usage.
//!
//! They show what was changed; reads are not guaranteed to be in them (docs: fundamentals/account/account-security/audit-logs).

use std::borrow::Cow;
use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, Method, Operation, TokenId, ZoneId, route};
use flarekeep_planner::Target;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{File, ReadError};
use crate::text::shown;
use crate::usage::{KeyUse, TokenUsage, Usage};
use crate::world::{Unread, World};

/// How many programs and addresses of one token are remembered.
const MOST: usize = 1_000;
/// So many entries that cannot be read are named.
const NAMED: usize = 10;

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    result: Vec<&'a RawValue>,
}

/// An entry, as far as it says who called what. What an entry says nothing of may be left out, or null.
#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
    account: Option<Named>,
    #[serde(default)]
    zone: Option<Named>,
    #[serde(default)]
    action: Option<Action>,
    #[serde(default)]
    actor: Option<Actor>,
    #[serde(default)]
    raw: Option<Raw>,
}

#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<String>,
}

#[derive(Deserialize)]
struct Action {
    #[serde(default)]
    time: Option<Timestamp>,
}

#[derive(Deserialize, Default)]
struct Actor {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    context: Option<String>,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    ip_address: Option<String>,
    #[serde(default)]
    token_id: Option<String>,
}

#[derive(Deserialize, Default)]
struct Raw {
    #[serde(default)]
    method: Option<String>,
    /// A number; some exports write it as a text.
    #[serde(default)]
    status_code: Value,
    #[serde(default)]
    uri: Option<String>,
    #[serde(default)]
    user_agent: Option<String>,
}

impl Entry {
    /// Whether the call was refused: it shows no need of anything.
    fn is_refused(&self) -> bool {
        let status = self.raw.as_ref().map(|raw| match &raw.status_code {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        });
        matches!(status.flatten(), Some(401 | 403))
    }
}

/// An audit log as it was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct AuditLog {
    /// What it shows.
    pub usage: Usage,
    /// Its entries that could not be read.
    pub unread: Vec<Unread>,
}

/// Reads audit logs (version 2) as usage: the API's answer, a list of entries, or one entry a line. An entry that cannot
/// be read is said and does not keep the others from being read.
///
/// # Errors
/// If the text is none of these, or no entry of it can be read.
pub fn audit_log(name: &str, text: &str) -> Result<AuditLog, ReadError> {
    let file = File::new(name, text);
    read(&file, &entries(&file)?)
}

/// Takes in what the entries of a world show.
pub(super) fn of_a_world(file: &File<'_>, entries: &[&RawValue], world: &mut World) -> Result<(), ReadError> {
    let entries: Vec<&str> = entries.iter().map(|entry| entry.get()).collect();
    let log = read(file, &entries)?;
    world.usage = Some(log.usage);
    world.unread.extend(log.unread);
    Ok(())
}

fn read<'a>(file: &File<'a>, entries: &[&'a str]) -> Result<AuditLog, ReadError> {
    let usage = Usage { from_audit_logs: true, sources: vec![file.shown()], ..Usage::default() };
    let mut log = AuditLog { usage, unread: Vec::new() };
    let mut faults = Vec::new();
    for entry in entries {
        match file.parse(entry) {
            Ok(entry) => note(&mut log.usage, &entry),
            Err(fault) => faults.push(fault),
        }
    }
    if let (true, Some(first)) = (faults.len() == entries.len(), faults.first()) {
        return Err(first.clone());
    }
    let more = faults.len().saturating_sub(NAMED);
    let unread = |fault: &ReadError| Unread {
        what: format!("{}:{}: an entry of the audit log", fault.name, fault.line),
        why: fault.reason.clone(),
    };
    log.unread = faults.iter().take(NAMED).map(unread).collect();
    log.unread.extend((more > 0).then(|| Unread {
        what: format!("{}: {more} more entries of the audit log", file.shown()),
        why: "they cannot be read either".to_owned(),
    }));
    Ok(log)
}

fn entries<'a>(file: &File<'a>) -> Result<Vec<&'a str>, ReadError> {
    let text = file.text.trim_start_matches('\u{feff}');
    if text.trim_start().starts_with('[') {
        let list: Vec<&RawValue> = file.parse(text)?;
        return Ok(list.into_iter().map(RawValue::get).collect());
    }
    if let Ok(page) = serde_json::from_str::<Page<'_>>(text) {
        return Ok(page.result.into_iter().map(RawValue::get).collect());
    }
    // One whole entry, written over several lines, or one a line.
    if serde_json::from_str::<Entry>(text).is_ok() {
        return Ok(vec![text]);
    }
    Ok(text.lines().filter(|line| !line.trim().is_empty()).collect())
}

fn note(usage: &mut Usage, entry: &Entry) {
    let at = entry.action.as_ref().and_then(|action| action.time);
    if let Some(at) = at {
        let account = entry.account.as_ref().and_then(|account| account.id.as_deref());
        usage.cover(account.and_then(|id| id.parse().ok()), at, at);
    }
    let Some(actor) = &entry.actor else { return };
    let address = actor.ip_address.as_deref().and_then(|ip| ip.parse::<IpAddr>().ok());
    // A key whose calls are refused, as one that was changed, is not in use.
    if actor.context.as_deref() == Some("api_key") && !entry.is_refused() {
        note_key(usage, actor, at, address);
    }
    let Some(token) = actor.token_id.as_deref().and_then(|id| id.parse::<TokenId>().ok()) else { return };
    let seen = usage.tokens.entry(token).or_default();
    let agent = entry.raw.as_ref().and_then(|raw| raw.user_agent.as_deref());
    if let Some(agent) = agent.filter(|_| seen.user_agents.len() < MOST) {
        seen.user_agents.insert(shown(agent));
    }
    if seen.addresses.len() < MOST {
        seen.addresses.extend(address);
    }
    // A call that was refused shows no need of what the token holds.
    if !entry.is_refused() {
        note_call(seen, entry, at);
    }
}

fn note_call(seen: &mut TokenUsage, entry: &Entry, at: Option<Timestamp>) {
    let raw = entry.raw.as_ref();
    let method = raw.and_then(|raw| raw.method.as_deref()).and_then(|method| method.parse::<Method>().ok());
    let path = raw.and_then(|raw| raw.uri.as_deref()).map(path);
    let route = method.zip(path.as_ref()).and_then(|(method, path)| route(method, path));
    // What is not said, or known by nobody, may have needed anything.
    let Some(route) = route else {
        seen.unknown = seen.unknown.saturating_add(1);
        return;
    };
    let account =
        entry.account.as_ref().and_then(|account| account.id.as_deref()).and_then(|id| id.parse::<AccountId>().ok());
    let zone = entry.zone.as_ref().and_then(|zone| zone.id.as_deref()).and_then(|id| id.parse::<ZoneId>().ok());
    let account = route.account().and_then(|id| id.parse().ok()).or(account);
    let zone = route.zone().and_then(|id| id.parse().ok()).or(zone);
    seen.note(route.operation, target(route.operation, account, zone), at);
}

/// What was called on; as far as the operation is about it.
pub(super) fn target(operation: &Operation, account: Option<AccountId>, zone: Option<ZoneId>) -> Target {
    let zone = zone.filter(|_| operation.concerns_zone());
    let account = account.filter(|_| operation.concerns_account() || zone.is_some() || operation.concerns_zone());
    Target { account, zone, every_zone: false, bucket: None }
}

/// The path below the API, of a URI that may be a whole address and may have a query.
fn path(uri: &str) -> Cow<'_, str> {
    let path = uri.split(['?', '#']).next().unwrap_or_default();
    let path = match path.split_once("://") {
        Some((_, rest)) => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
        None => path,
    };
    Cow::Borrowed(path.strip_prefix("/client/v4").unwrap_or(path))
}

fn note_key(usage: &mut Usage, actor: &Actor, at: Option<Timestamp>, address: Option<IpAddr>) {
    let user = actor.email.as_deref().or(actor.id.as_deref()).map_or_else(|| "a user".to_owned(), shown);
    if !usage.keys.iter().any(|key| key.user == user) && usage.keys.len() < MOST {
        usage.keys.push(KeyUse { user: user.clone(), times: 0, last: None, addresses: Default::default() });
    }
    let Some(key) = usage.keys.iter_mut().find(|key| key.user == user) else { return };
    key.times = key.times.saturating_add(1);
    key.last = key.last.max(at);
    if key.addresses.len() < MOST {
        key.addresses.extend(address);
    }
}
