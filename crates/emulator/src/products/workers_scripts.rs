//! Workers of an account: scripts, their versions and settings, their subdomain, their secrets.

pub(super) mod assets;
mod content;
pub(crate) mod domains;
pub(crate) mod live;
pub(super) mod rest;
pub(super) mod secrets;
pub(super) mod services;
pub(super) mod settings;
mod upload;
pub(super) mod versions;

use std::sync::Arc;

use axum::body::Bytes;
use flarekeep_catalogue::{AccountId, ZoneId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::content::Content;
use self::versions::{Deployment, Version};
use super::{Handler, timestamp_micros};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, Owned, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/workers/scripts", Handler::Read(list)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}", Handler::Write(upload::put)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}", Handler::Read(source)),
    ("DELETE /accounts/{account_id}/workers/scripts/{script_name}", Handler::Write(delete)),
];

/// What accounts have for all their Workers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Account {
    /// The name below `workers.dev`, by account, where one was chosen.
    subdomains: Map<String, String>,
    /// `default_usage_model` and `green_compute`, by account, where they were set.
    settings: Map<String, Value>,
    /// Custom domains, by id.
    domains: domains::Domains,
    /// Assets, by hash.
    assets: Owned<assets::Asset>,
    /// Sessions of uploads, by id.
    sessions: Owned<Arc<assets::Session>>,
}

/// The scripts of all accounts, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<AccountId, Map<String, Script>>);

impl Account {
    /// Removes what is of a zone that is removed: custom domains.
    pub(crate) fn forget_zone(&mut self, zone: ZoneId) {
        self.domains.forget_zone(zone);
    }
}

branch!(Account { subdomains, settings, domains, assets, sessions });
branch!(Table);
leaf!(Script, assets::Asset, assets::Session);

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
    /// Cron expressions, each with when it was set.
    #[serde(default)]
    schedules: Vec<(String, i64)>,
    /// The ids of tails with the seconds at which they end.
    #[serde(default)]
    tails: Vec<(String, i64)>,
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
    own(call, state)?.remove(name).ok_or_else(missing)?;
    domains::forget(&account(call)?.to_string(), name, state);
    Ok(Answer::result(&Value::Null))
}

/// The versions of a Worker that are live, each with its id and its share of the calls out of 100; the share is 100 where
/// there is one. None where there is no such Worker.
// The edge, which runs Workers, reads these two and the custom domains.
#[allow(dead_code)]
pub(crate) fn live<'a>(state: &'a State, account: AccountId, name: &str) -> Vec<(&'a str, f64, &'a Content)> {
    let script = state.workers_scripts.0.get(&account).and_then(|scripts| scripts.get(name));
    let live = script.into_iter().flat_map(Script::live);
    live.map(|(version, share)| (version.id.as_str(), share, &version.content)).collect()
}

/// A static asset's content type and bytes, by the hash that [`Content::assets`] names.
#[allow(dead_code)]
pub(crate) fn asset<'a>(state: &'a State, account: AccountId, hash: &str) -> Option<(&'a str, &'a Bytes)> {
    let asset = state.workers_account.assets.get(&account.to_string())?.get(hash)?;
    Some((&asset.content_type, &asset.content))
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
