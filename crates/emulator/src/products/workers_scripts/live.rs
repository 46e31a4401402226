//! What of a Worker runs: for the edge.

use flarekeep_catalogue::AccountId;
use serde_json::Value;

use super::{Code, Content, Script};
use crate::state::State;

/// One version, as it runs.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) created_on: i64,
    pub(crate) annotations: Value,
    /// None for a script of the older form, which is one file.
    pub(crate) main_module: Option<String>,
    pub(crate) modules: Code,
    /// As they were uploaded, without secrets.
    pub(crate) bindings: Vec<Value>,
    /// Bindings too, with their values.
    pub(crate) secrets: Vec<Value>,
    /// Whether it has static assets.
    pub(crate) has_assets: bool,
    pub(crate) compatibility_date: Option<String>,
    pub(crate) compatibility_flags: Vec<String>,
}

/// The ids of the versions that are live, with their percentages; none where there is no such Worker.
pub(crate) fn shares(state: &State, account: AccountId, name: &str) -> Option<Vec<(String, f64)>> {
    Some(script(state, account, name)?.deployment()?.versions.clone())
}

/// A version of a Worker.
pub(crate) fn version(state: &State, account: AccountId, name: &str, id: &str) -> Option<Version> {
    let found = script(state, account, name)?.version(id)?;
    Some(Version {
        id: found.id.clone(),
        created_on: found.created_on,
        annotations: found.annotations.clone(),
        ..of(&found.content)
    })
}

/// Whether a Worker answers below `workers.dev`.
pub(crate) fn on_workers_dev(state: &State, account: AccountId, name: &str) -> bool {
    script(state, account, name).is_some_and(|script| script.facts.enabled)
}

/// An account's name below `workers.dev`.
pub(crate) fn subdomain(state: &State, account: AccountId) -> String {
    super::rest::subdomain_name(state, account)
}

fn of(content: &Content) -> Version {
    let texts = |name: &str| {
        let listed = content.metadata.get(name).and_then(Value::as_array).into_iter().flatten();
        listed.filter_map(Value::as_str).map(ToOwned::to_owned).collect()
    };
    Version {
        id: String::new(),
        created_on: 0,
        annotations: Value::Null,
        main_module: content.main_module.clone(),
        modules: content.modules.clone(),
        bindings: content.bindings.clone(),
        secrets: content.secrets.values().cloned().collect(),
        has_assets: content.assets.is_some(),
        compatibility_date: content.metadata.get("compatibility_date").and_then(Value::as_str).map(ToOwned::to_owned),
        compatibility_flags: texts("compatibility_flags"),
    }
}

fn script<'a>(state: &'a State, account: AccountId, name: &str) -> Option<&'a Script> {
    state.workers_scripts.0.get(&account)?.get(name)
}
