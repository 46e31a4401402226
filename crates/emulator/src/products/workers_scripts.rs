//! Workers of an account: scripts, their versions and settings, their subdomain, their secrets.

mod content;
pub(crate) mod live;
pub(super) mod services;
pub(super) mod settings;
mod upload;
pub(super) mod versions;

use flarekeep_catalogue::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::content::Content;
use self::versions::{Deployment, Version};
use super::{Handler, timestamp_micros};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/workers/scripts", Handler::Read(list)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}", Handler::Write(upload::put)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}", Handler::Read(source)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}", Handler::Write(delete)),
];

/// The scripts of all accounts, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<AccountId, Map<String, Script>>);

branch!(Table);
leaf!(Script);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Script {
    /// The hex tag that policies name.
    tag: String,
    created_on: i64,
    modified_on: i64,
    /// What is live.
    #[serde(flatten)]
    content: Content,
    enabled: bool,
    previews_enabled: bool,
    /// The tool of the last deployment: `api`, `wrangler`.
    #[serde(default)]
    deployed_from: String,
    /// The oldest first.
    #[serde(default)]
    versions: Vec<Version>,
    /// The oldest first.
    #[serde(default)]
    deployments: Vec<Deployment>,
}

impl Script {
    /// Whether it answers below `workers.dev`, as the API shows it.
    fn subdomain(&self) -> Value {
        json!({"enabled": self.enabled, "previews_enabled": self.previews_enabled})
    }
}

fn list(call: &Call, state: &State) -> Outcome {
    let scripts = state.workers_scripts.0.get(&account(call)?).into_iter().flatten();
    Ok(Answer::result(&scripts.map(|(name, script)| shown(name, script)).collect()))
}

fn source(call: &Call, state: &State) -> Outcome {
    Ok(found(call, state)?.content.source())
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let name = call.parameter("script_name");
    let removed = own(call, state)?.remove(name);
    removed.map(|_| Answer::result(&json!({"id": name}))).ok_or_else(missing)
}

/// Whether an account has a Worker of this name: routes name one.
pub(super) fn exists(state: &State, account: AccountId, name: &str) -> bool {
    state.workers_scripts.0.get(&account).is_some_and(|scripts| scripts.contains_key(name))
}

fn account(call: &Call) -> Result<AccountId, ApiError> {
    call.account.ok_or_else(ApiError::no_route)
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Script, ApiError> {
    let scripts = state.workers_scripts.0.get(&account(call)?);
    scripts.and_then(|scripts| scripts.get(call.parameter("script_name"))).ok_or_else(missing)
}

fn own<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Map<String, Script>, ApiError> {
    Ok(state.workers_scripts.0.entry(account(call)?).or_default())
}

fn found_mut<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Script, ApiError> {
    own(call, state)?.get_mut(call.parameter("script_name")).ok_or_else(missing)
}

fn missing() -> ApiError {
    ApiError::new(404, 10007, "This Worker does not exist on your account.")
}

fn not_json() -> ApiError {
    unreadable("The request body could not be decoded.")
}

fn unreadable(message: &str) -> ApiError {
    ApiError::new(400, 10026, message)
}

fn shown(name: &str, script: &Script) -> Value {
    let content = &script.content;
    json!({
        "id": name,
        "tag": script.tag,
        "tags": content.metadata("tags", json!([])),
        "etag": content.etag,
        "handlers": ["fetch"],
        "has_assets": content.metadata.contains_key("assets"),
        "has_modules": content.main_module.is_some(),
        "compatibility_date": content.metadata.get("compatibility_date"),
        "compatibility_flags": content.metadata("compatibility_flags", json!([])),
        "usage_model": "standard",
        "logpush": false,
        "created_on": timestamp_micros(script.created_on),
        "modified_on": timestamp_micros(script.modified_on),
    })
}
