//! The rest of what an account has of Workers: its subdomain and settings, and of a script schedules, tails, models.

use flarekeep_catalogue::AccountId;
use serde_json::{Map, Value, json};

use super::{Script, account, exists, found, found_mut, not_json, unreadable};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, owner, text as member, timestamp, timestamp_micros};
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/subdomain", Handler::Read(subdomain)),
    ("PUT /accounts/{account_id}/workers/subdomain", Handler::Write(set_subdomain)),
    ("GET /accounts/{account_id}/workers/account-settings", Handler::Read(account_settings)),
    ("PUT /accounts/{account_id}/workers/account-settings", Handler::Write(set_account_settings)),
    ("GET /accounts/{account_id}/workers/durable_objects/namespaces", Handler::Read(durable_objects)),
    ("GET /accounts/{account_id}/workers/scripts-search", Handler::Read(search)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/schedules", Handler::Read(schedules)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}/schedules", Handler::Write(set_schedules)),
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/tails", Handler::Write(tail)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/tails", Handler::Read(tails)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}/tails/{id}", Handler::Write(end_tail)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/usage-model", Handler::Read(usage_model)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}/usage-model", Handler::Read(usage_model)),
];

/// How many cron expressions a Worker may have on a paid plan is 250 an account (docs: workers/platform/limits).
const MOST_SCHEDULES: usize = 250;
/// Seconds that a tail lasts: the emulator's own.
const TAIL: i64 = 6 * 3600;

/// The account's name below `workers.dev`. Each account has one here from the start, after its id.
fn subdomain(call: &Call, state: &State) -> Outcome {
    let account = call.account.ok_or_else(ApiError::no_route)?;
    Ok(Answer::result(&json!({"subdomain": subdomain_name(state, account)})))
}

pub(super) fn subdomain_name(state: &State, account: AccountId) -> String {
    let owner = account.to_string();
    let usual = || format!("local-{}", owner.get(..8).unwrap_or_default());
    state.workers_account.subdomains.get(&owner).cloned().unwrap_or_else(usual)
}

fn set_subdomain(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(not_json)?;
    let name = member(&body, "subdomain").unwrap_or_default().to_owned();
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > 63 || !name.bytes().all(fits) || name.starts_with('-') || name.ends_with('-') {
        return Err(unreadable("a subdomain has 1 to 63 lower-case letters, digits and hyphens"));
    }
    let owner = owner(call)?;
    let taken = state.workers_account.subdomains.iter().any(|(other, taken)| *other != owner && *taken == name);
    if taken {
        return Err(ApiError::new(409, 10031, "the subdomain is taken"));
    }
    state.workers_account.subdomains.insert(owner, name.clone());
    Ok(Answer::result(&json!({"subdomain": name})))
}

fn account_settings(call: &Call, state: &State) -> Outcome {
    let usual = json!({"default_usage_model": "standard", "green_compute": false});
    Ok(Answer::result(state.workers_account.settings.get(&owner(call)?).unwrap_or(&usual)))
}

fn set_account_settings(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(not_json)?;
    let model = member(&body, "default_usage_model").unwrap_or("standard");
    let green = body.get("green_compute").and_then(Value::as_bool).unwrap_or(false);
    let settings = json!({"default_usage_model": model, "green_compute": green});
    state.workers_account.settings.insert(owner(call)?, settings.clone());
    Ok(Answer::result(&settings))
}

/// Durable Objects are not simulated: there are none.
fn durable_objects(call: &Call, _: &State) -> Outcome {
    Ok(Answer::page(Vec::new(), call.page(20, 1, 1000)))
}

fn search(call: &Call, state: &State) -> Outcome {
    let name = call.query("name");
    let scripts = state.workers_scripts.0.get(&account(call)?).into_iter().flatten();
    let scripts = scripts.filter(|(given, _)| name.as_deref().is_none_or(|name| given.contains(name)));
    let shown = scripts.map(|(name, script)| {
        json!({
            "id": script.facts.tag,
            "script_name": name,
            "service_name": name,
            "environment_name": "production",
            "environment_is_default": true,
            "created_on": timestamp_micros(script.facts.created_on),
            "modified_on": timestamp_micros(script.facts.modified_on),
        })
    });
    Ok(Answer::page(shown.collect(), call.page(10, 1, 100)))
}

fn schedules(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&json!({"schedules": scheduled(found(call, state)?)})))
}

/// Replaces all. Nothing is run at these times.
fn set_schedules(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let Some(Value::Array(given)) = call.json() else { return Err(not_json()) };
    let cron = |one: &Value| {
        let cron = one.get("cron")?.as_str()?;
        (5..=6).contains(&cron.split_whitespace().count()).then(|| cron.to_owned())
    };
    let crons = given.iter().map(cron).collect::<Option<Vec<_>>>();
    let crons = crons.filter(|crons| crons.len() <= MOST_SCHEDULES);
    let crons = crons.ok_or_else(|| ApiError::new(400, 10100, "each schedule has a cron expression of five fields"))?;
    let set = |cron: String| {
        let since =
            script.facts.schedules.iter().find(|(there, _)| *there == cron).map_or(call.at.0, |(_, since)| *since);
        (cron, since)
    };
    script.facts.schedules = crons.into_iter().map(set).collect();
    Ok(Answer::result(&json!({"schedules": scheduled(script)})))
}

fn scheduled(script: &Script) -> Vec<Value> {
    let shown = |(cron, since): &(String, i64)| {
        let time = timestamp_micros(*since);
        json!({"cron": cron, "created_on": time, "modified_on": time})
    };
    script.facts.schedules.iter().map(shown).collect()
}

/// A tail is made and ended; nobody listens at its address.
fn tail(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let (id, end) = (format!("{:032x}", fresh_id()), call.at.0 + TAIL);
    script.facts.tails.retain(|(_, end)| *end > call.at.0);
    let answer = Answer::result(&tailed(&id, end));
    script.facts.tails.push((id, end));
    Ok(answer)
}

/// The newest. The schema has no list.
fn tails(call: &Call, state: &State) -> Outcome {
    let tails = found(call, state)?.facts.tails.iter().rev().find(|(_, end)| *end > call.at.0);
    let none = || ApiError::new(404, 10057, "the Worker has no tail");
    tails.map(|(id, end)| Answer::result(&tailed(id, *end))).ok_or_else(none)
}

fn end_tail(call: &Call, state: &mut State) -> Outcome {
    let id = call.parameter("id");
    found_mut(call, state)?.facts.tails.retain(|(tail, _)| tail != id);
    Ok(Answer::result(&Value::Null))
}

fn tailed(id: &str, end: i64) -> Value {
    json!({"id": id, "url": format!("wss://tail.developers.workers.dev/{id}"), "expires_at": timestamp(end)})
}

/// `standard`, which is the one that is left.
fn usage_model(call: &Call, state: &State) -> Outcome {
    let name = call.parameter("script_name");
    if !exists(state, account(call)?, name) {
        return Err(super::missing());
    }
    let limits = found(call, state)?.content().metadata.get("limits").and_then(|limits| limits.get("cpu_ms")).cloned();
    let user_limits: Map<String, Value> = limits.map(|limit| ("cpu_ms".to_owned(), limit)).into_iter().collect();
    Ok(Answer::result(&json!({"usage_model": "standard", "user_limits": user_limits})))
}
