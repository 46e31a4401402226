//! A Worker by its other names: the older `workers/services`, which no schema has and wrangler calls, and the newer
//! `workers/workers`, whose id may be the script's name.

use serde_json::{Value, json};

use super::{Script, account, missing, own, shown};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, timestamp_micros};
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/services/{service_name}", Handler::Read(service)),
    ("DELETE /accounts/{account_id}/workers/services/{service_name}", Handler::Write(delete_service)),
    ("GET /accounts/{account_id}/workers/workers/{worker_id}", Handler::Read(worker)),
    ("GET /accounts/{account_id}/workers/workers", Handler::Read(workers)),
];

/// What wrangler 4.164.0 reads of it: the script's tag and tags, and which tool deployed it last.
fn service(call: &Call, state: &State) -> Outcome {
    let name = call.parameter("service_name");
    let script = script(call, state, |given, _| given == name).ok_or_else(no_service)?.1;
    let mut shown = shown(name, script);
    if let Some(object) = shown.as_object_mut() {
        object.insert("last_deployed_from".to_owned(), script.facts.deployed_from.as_str().into());
    }
    let (created_on, modified_on) =
        (timestamp_micros(script.facts.created_on), timestamp_micros(script.facts.modified_on));
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
    let name = call.parameter("service_name");
    own(call, state)?.remove(name).ok_or_else(no_service)?;
    super::domains::forget(&account(call)?.to_string(), name, state);
    Ok(Answer::result(&Value::Null))
}

fn worker(call: &Call, state: &State) -> Outcome {
    let id = call.parameter("worker_id");
    let (name, script) =
        script(call, state, |name, script| name == id || script.facts.tag == id).ok_or_else(missing)?;
    Ok(Answer::result(&beta(name, script)))
}

fn workers(call: &Call, state: &State) -> Outcome {
    let scripts = state.workers_scripts.0.get(&account(call)?).into_iter().flatten();
    Ok(Answer::page(scripts.map(|(name, script)| beta(name, script)).collect(), call.page(10, 1, 100)))
}

/// Who refers to a Worker is not looked for.
fn beta(name: &str, script: &Script) -> Value {
    json!({
        "id": script.facts.tag,
        "name": name,
        "created_on": timestamp_micros(script.facts.created_on),
        "updated_on": timestamp_micros(script.facts.modified_on),
        "logpush": script.metadata("logpush", false.into()),
        "observability": script.metadata("observability", json!({"enabled": false})),
        "tags": script.metadata("tags", json!([])),
        "tail_consumers": script.metadata("tail_consumers", json!([])),
        "subdomain": script.subdomain(),
        "references": {
            "dispatch_namespace_outbounds": [],
            "domains": [],
            "durable_objects": [],
            "queues": [],
            "workers": [],
        },
    })
}

/// The account's first script that is meant.
fn script<'a>(call: &Call, state: &'a State, is: impl Fn(&str, &Script) -> bool) -> Option<(&'a str, &'a Script)> {
    let scripts = state.workers_scripts.0.get(&call.account?)?;
    scripts.iter().map(|(name, script)| (name.as_str(), script)).find(|(name, script)| is(name, script))
}

fn no_service() -> ApiError {
    ApiError::new(404, 10090, "workers.api.error.service_not_found")
}
