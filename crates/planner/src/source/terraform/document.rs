//! What `terraform show -json` writes, as far as needs follow from it, and the state as Terraform stores it. The format:
//! Terraform's documentation, "JSON Output Format".

use std::collections::HashMap;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::lenient::{Flag, Key, List, Object, Text};

/// A plan, a state, or a state as it is stored: what is there tells which.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Document {
    pub(super) format_version: Text,
    /// Of a plan: what is done with each resource, those that stay as they are among them.
    pub(super) resource_changes: Option<Vec<Change>>,
    /// Of a plan: what others have changed since the last one.
    pub(super) resource_drift: Option<Vec<Change>>,
    /// Of a plan: what is left for a later one.
    pub(super) deferred_changes: Option<Vec<Deferred>>,
    /// Of a plan: what was there.
    pub(super) prior_state: Object<State>,
    /// Of a plan: the configuration that it was made from.
    pub(super) configuration: Object<Configuration>,
    pub(super) planned_values: Option<IgnoredAny>,
    pub(super) errored: Flag,
    /// Of a state.
    pub(super) values: Option<StateValues>,
    /// Of a state as it is stored: its version, and what is in it.
    pub(super) version: Key,
    pub(super) lineage: Text,
    pub(super) resources: Option<Vec<Stored>>,
    /// Of a line of `terraform plan -json`.
    #[serde(rename = "@level")]
    pub(super) level: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Deferred {
    pub(super) resource_change: Option<Change>,
}

/// What is done with a resource.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Change {
    pub(super) address: String,
    pub(super) module_address: Text,
    pub(super) mode: Text,
    pub(super) r#type: String,
    pub(super) name: String,
    pub(super) index: Key,
    pub(super) change: Actions,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Actions {
    pub(super) actions: Vec<String>,
    pub(super) before: Object<Values>,
    pub(super) after: Object<Values>,
    pub(super) after_unknown: Object<Unknown>,
    pub(super) importing: Option<IgnoredAny>,
}

/// The attributes that say where a thing is, and which zone is meant.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Values {
    pub(super) id: Text,
    pub(super) zone_id: Text,
    pub(super) account_id: Text,
    pub(super) name: Text,
    /// A zone's name in version 4 of the provider.
    pub(super) zone: Text,
    /// A ruleset's phase.
    pub(super) phase: Text,
    pub(super) account: Object<Owner>,
    pub(super) filter: Object<Filter>,
    /// The zones of `cloudflare_zones`; in version 4 of the provider they are called so.
    pub(super) result: List<Object<Item>>,
    pub(super) zones: List<Object<Item>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Owner {
    pub(super) id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    pub(super) name: Text,
    pub(super) account_id: Text,
    pub(super) account: Object<Owner>,
}

/// A zone in a list of zones.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Item {
    pub(super) id: Text,
    pub(super) name: Text,
    pub(super) account: Object<Owner>,
}

/// Which attributes are known only after apply.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Unknown {
    pub(super) zone_id: Flag,
    pub(super) account_id: Flag,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct State {
    pub(super) values: Object<StateValues>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StateValues {
    pub(super) root_module: StateModule,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct StateModule {
    pub(super) address: Text,
    pub(super) resources: Vec<Kept>,
    pub(super) child_modules: Vec<StateModule>,
}

/// A resource in a state.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Kept {
    pub(super) address: String,
    pub(super) mode: Text,
    pub(super) r#type: String,
    pub(super) name: String,
    pub(super) index: Key,
    pub(super) values: Object<Values>,
}

/// A resource in a state as it is stored.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stored {
    pub(super) module: Text,
    pub(super) mode: Text,
    pub(super) r#type: String,
    pub(super) name: String,
    pub(super) instances: Vec<Instance>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Instance {
    pub(super) index_key: Key,
    pub(super) attributes: Object<Values>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Configuration {
    pub(super) root_module: Module,
}

/// A module as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Module {
    /// By their addresses within the module, which have no index.
    #[serde(deserialize_with = "by_address")]
    pub(super) resources: HashMap<String, Places>,
    pub(super) module_calls: HashMap<String, Call>,
    pub(super) outputs: HashMap<String, Output>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Written {
    address: String,
    expressions: Object<Places>,
}

/// The expressions that say where a thing is.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Places {
    pub(super) zone_id: Option<Object<Expression>>,
    pub(super) account_id: Option<Object<Expression>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Expression {
    pub(super) references: List<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    pub(super) expressions: HashMap<String, Object<Expression>>,
    pub(super) module: Module,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Output {
    pub(super) expression: Object<Expression>,
}

fn by_address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<HashMap<String, Places>, D::Error> {
    let written = Vec::<Written>::deserialize(deserializer)?;
    Ok(written.into_iter().map(|written| (written.address, written.expressions.0)).collect())
}
