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

use std::sync::{Arc, LazyLock};

use flarekeep_catalogue::{AccountId, ZoneId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub(crate) use self::content::{Code, Content, Module};
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
branch!(Script { facts, versions, deployments });
leaf!(Facts, Version, Deployment, assets::Asset, assets::Session);

/// A script: each version and each deployment is a row of its own, so that an upload writes what it brings and no more.
#[derive(Debug, Clone, Default, PartialEq)]
struct Script {
    facts: Facts,
    /// By number.
    versions: Map<u64, Arc<Version>>,
    /// In the order in which they were made. The last is live.
    deployments: Map<u64, Deployment>,
}

/// What is told of a script beside its versions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Facts {
    /// The hex tag that policies name.
    tag: String,
    created_on: i64,
    modified_on: i64,
    /// The number of the version whose content is the script's: of those that are live, the one with the largest share.
    current: u64,
    /// What is set whichever version is live, by the names of [`settings::UNVERSIONED`].
    unversioned: serde_json::Map<String, Value>,
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
}

impl Script {
    /// Whether it answers below `workers.dev`, as the API shows it.
    fn subdomain(&self) -> Value {
        json!({"enabled": self.facts.enabled, "previews_enabled": self.facts.previews_enabled})
    }

    /// What the version holds that is the script's.
    fn content(&self) -> &Content {
        static NONE: LazyLock<Content> = LazyLock::new(Content::default);
        self.versions.get(&self.facts.current).map_or(&*NONE, |version| &version.content)
    }

    /// The same, to be changed, with what is set whichever version is live.
    fn draft(&self) -> Content {
        let mut draft = self.content().clone();
        draft.metadata.retain(|name, _| !settings::UNVERSIONED.contains(&name.as_str()));
        draft.metadata.extend(self.facts.unversioned.clone());
        draft
    }

    /// A member of the metadata as the script has it now, or what stands in its place.
    fn metadata(&self, name: &str, default: Value) -> Value {
        match settings::UNVERSIONED.contains(&name) {
            true => self.facts.unversioned.get(name).cloned().unwrap_or(default),
            false => self.content().metadata(name, default),
        }
    }
}

fn list(call: &Call, state: &State) -> Outcome {
    let scripts = state.workers_scripts.0.get(&account(call)?).into_iter().flatten();
    Ok(Answer::result(&scripts.map(|(name, script)| shown(name, script)).collect()))
}

fn source(call: &Call, state: &State) -> Outcome {
    Ok(found(call, state)?.content().source())
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let name = call.parameter("script_name");
    own(call, state)?.remove(name).ok_or_else(missing)?;
    domains::forget(&account(call)?.to_string(), name, state);
    Ok(Answer::result(&Value::Null))
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
    let (facts, content) = (&script.facts, script.content());
    json!({
        "id": name,
        "tag": facts.tag,
        "tags": script.metadata("tags", json!([])),
        "etag": content.etag,
        "handlers": ["fetch"],
        "has_assets": content.metadata.contains_key("assets"),
        "has_modules": content.main_module.is_some(),
        "compatibility_date": content.metadata.get("compatibility_date"),
        "compatibility_flags": content.metadata("compatibility_flags", json!([])),
        "usage_model": "standard",
        "logpush": false,
        "created_on": timestamp_micros(facts.created_on),
        "modified_on": timestamp_micros(facts.modified_on),
    })
}
