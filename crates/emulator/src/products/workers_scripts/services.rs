//! A Worker by its other names: the older `workers/services`, which no schema has and wrangler calls, and the newer
//! `workers/workers`, whose id may be the script's name.

use flarekeep_catalogue::AccountId;
use serde_json::{Value, json};

use super::{Script, account, missing, own, shown};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, timestamp_micros};
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/services/{service_name}", Handler::Read(service)),
    ("DELETE /accounts/{account_id}/workers/services/{service_name}", Handler::Write(delete_service)),
    ("GET /accounts/{account_id}/workers/workers/{worker_id}", Handler::Read(worker)),
    ("GET /accounts/{account_id}/workers/subdomain", Handler::Read(subdomain)),
];

/// What wrangler 4.164.0 reads of it: the script's tag and tags, and which tool deployed it last.
fn service(call: &Call, state: &State) -> Outcome {
    let name = call.parameter("service_name");
    let script = script(call, state, |given, _| given == name).ok_or_else(no_service)?.1;
    let mut shown = shown(name, script);
    if let Some(object) = shown.as_object_mut() {
        object.insert("last_deployed_from".to_owned(), script.deployed_from.as_str().into());
    }
    let (created_on, modified_on) = (timestamp_micros(script.created_on), timestamp_micros(script.modified_on));
    let environment = json!({
        "environment": "production",
        "created_on": created_on,
        "modified_on": modified_on,
        "script": shown,
    });
    Ok(Answer::result(&json!({
        "id": name,
        "default_environment": environment,
        "environments": [environment],
        "created_on": created_on,
        "modified_on": modified_on,
        "usage_model": "standard",
    })))
}

fn delete_service(call: &Call, state: &mut State) -> Outcome {
    let removed = own(call, state)?.remove(call.parameter("service_name"));
    removed.map(|_| Answer::result(&Value::Null)).ok_or_else(no_service)
}

fn worker(call: &Call, state: &State) -> Outcome {
    let id = call.parameter("worker_id");
    let (name, script) = script(call, state, |name, script| name == id || script.tag == id).ok_or_else(missing)?;
    Ok(Answer::result(&json!({
        "id": script.tag,
        "name": name,
        "created_on": timestamp_micros(script.created_on),
        "updated_on": timestamp_micros(script.modified_on),
        "logpush": script.content.metadata("logpush", false.into()),
        "observability": script.content.metadata("observability", json!({"enabled": false})),
        "tags": script.content.metadata("tags", json!([])),
        "tail_consumers": script.content.metadata("tail_consumers", json!([])),
        "subdomain": script.subdomain(),
    })))
}

/// The account's name below `workers.dev`. Each account has one here from the start, after its id.
fn subdomain(call: &Call, _: &State) -> Outcome {
    Ok(Answer::result(&json!({"subdomain": subdomain_name(account(call)?)})))
}

pub(super) fn subdomain_name(account: AccountId) -> String {
    format!("local-{}", account.to_string().get(..8).unwrap_or_default())
}

/// The account's first script that is meant.
fn script<'a>(call: &Call, state: &'a State, is: impl Fn(&str, &Script) -> bool) -> Option<(&'a str, &'a Script)> {
    let scripts = state.workers_scripts.0.get(&call.account?)?;
    scripts.iter().map(|(name, script)| (name.as_str(), script)).find(|(name, script)| is(name, script))
}

fn no_service() -> ApiError {
    ApiError::new(404, 10090, "workers.api.error.service_not_found")
}
