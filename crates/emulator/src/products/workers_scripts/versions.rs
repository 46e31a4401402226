//! Versions of a Worker, and the deployments that say which of them are live.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::content::Content;
use super::settings::UNVERSIONED;
use super::upload::Upload;
use super::{Script, found, found_mut, not_json, unreadable};
use crate::credential::fresh_uuid;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{Handler, text as member, timestamp_micros};
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/versions", Handler::Read(list)),
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/versions", Handler::Write(upload)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/versions/{version_id}", Handler::Read(details)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/deployments", Handler::Read(deployments)),
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/deployments", Handler::Write(deploy)),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/deployments/{deployment_id}", Handler::Read(deployment)),
    (
        "DELETE /accounts/{account_id}/workers/scripts/{script_name}/deployments/{deployment_id}",
        Handler::Write(drop_deployment),
    ),
];

/// How many versions and deployments of a script are kept. Cloudflare lets the last 100 versions be deployed (docs:
/// workers/configuration/versions-and-deployments).
const KEPT: usize = 100;
/// The smallest share of a version (the schema's minimum).
const SMALLEST: f64 = 0.01;

/// One version of a script.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Version {
    pub(super) id: String,
    number: u64,
    pub(super) created_on: i64,
    /// Which tool made it: `api`, `wrangler`.
    source: String,
    pub(super) annotations: Value,
    pub(super) content: Content,
}

/// A share of the calls for each of one or two versions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: String,
    created_on: i64,
    source: String,
    annotations: Value,
    /// Versions' ids with percentages.
    pub(super) versions: Vec<(String, f64)>,
}

impl Script {
    /// Adds a version. Of more than [`KEPT`] the oldest goes that is not live.
    pub(super) fn add(&mut self, call: &Call, content: Content) -> Arc<Version> {
        let number = self.versions.keys().next_back().map_or(1, |last| last + 1);
        let annotations = content.metadata("annotations", json!({}));
        let (created_on, source) = (call.at.0, tool(call).to_owned());
        let version = Arc::new(Version { id: fresh_uuid(), number, created_on, source, annotations, content });
        while self.versions.len() >= KEPT {
            let live: Vec<u64> = self.live().map(|(version, _)| version.number).collect();
            let Some(oldest) = self.versions.keys().find(|number| !live.contains(number)).copied() else { break };
            self.versions.remove(&oldest);
        }
        self.versions.insert(number, version.clone());
        version
    }

    /// The version with this id.
    pub(super) fn version(&self, id: &str) -> Option<&Arc<Version>> {
        self.versions.values().find(|version| version.id == id)
    }

    /// The deployment that is live.
    pub(super) fn deployment(&self) -> Option<&Deployment> {
        self.deployments.values().next_back()
    }

    /// The versions that are live, with their shares of the calls.
    fn live(&self) -> impl Iterator<Item = (&Version, f64)> {
        let shares = self.deployment().map(|deployment| deployment.versions.as_slice()).unwrap_or_default();
        shares.iter().filter_map(|(id, share)| Some((self.version(id)?.as_ref(), *share)))
    }

    /// Whether the newest version is the one that is live.
    pub(super) fn is_latest_live(&self) -> bool {
        self.live().map(|(version, _)| version.number).eq(self.versions.keys().next_back().copied())
    }

    /// Makes what a call uploads live at once, and gives the new version's id.
    pub(super) fn release(&mut self, call: &Call, content: Content) -> String {
        let unversioned = content.metadata.iter().filter(|(name, _)| UNVERSIONED.contains(&name.as_str()));
        self.facts.unversioned = unversioned.map(|(name, value)| (name.clone(), value.clone())).collect();
        let version = self.add(call, content);
        self.deploy(call, version.number, vec![(version.id.clone(), 100.0)], json!({}));
        version.id.clone()
    }

    /// Makes versions live. `current` is the number of the one with the largest share.
    fn deploy(&mut self, call: &Call, current: u64, versions: Vec<(String, f64)>, annotations: Value) -> Deployment {
        let source = tool(call).to_owned();
        self.facts.deployed_from.clone_from(&source);
        self.facts.modified_on = call.at.0;
        self.facts.current = current;
        let deployment = Deployment { id: fresh_uuid(), created_on: call.at.0, source, annotations, versions };
        let number = self.deployments.keys().next_back().map_or(1, |last| last + 1);
        while self.deployments.len() >= KEPT {
            let Some(oldest) = self.deployments.keys().next().copied() else { break };
            self.deployments.remove(&oldest);
        }
        self.deployments.insert(number, deployment.clone());
        deployment
    }
}

fn list(call: &Call, state: &State) -> Outcome {
    let versions: Vec<Value> = found(call, state)?.versions.values().rev().map(|version| summary(version)).collect();
    Ok(Answer::result(&json!({"items": versions})))
}

fn details(call: &Call, state: &State) -> Outcome {
    let id = call.parameter("version_id");
    let version = found(call, state)?.version(id);
    version.map(|version| Answer::result(&shown(version))).ok_or_else(missing)
}

fn upload(call: &Call, state: &mut State) -> Outcome {
    let old = found(call, state)?;
    let content = Upload::read(call)?.content(call, state, Some(old.content()))?;
    let mut answer = shown(&found_mut(call, state)?.add(call, content));
    if let Some(object) = answer.as_object_mut() {
        object.insert("startup_time_ms".to_owned(), 1.into());
    }
    Ok(Answer::result(&answer))
}

/// The newest first, as the schema says.
fn deployments(call: &Call, state: &State) -> Outcome {
    let deployments: Vec<Value> = found(call, state)?.deployments.values().rev().map(deployed).collect();
    Ok(Answer::result(&json!({"deployments": deployments})))
}

fn deploy(call: &Call, state: &mut State) -> Outcome {
    let script = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    if member(&body, "strategy").is_some_and(|strategy| strategy != "percentage") {
        return Err(unreadable("the strategy of a deployment is percentage"));
    }
    let versions = shares(&body).ok_or_else(|| {
        unreadable("a deployment needs one or two versions, each once, with shares from 0.01 to 100 that add up to 100")
    })?;
    let most = versions.iter().max_by(|a, b| a.1.total_cmp(&b.1));
    let live = most.and_then(|(id, _)| script.version(id)).cloned();
    let live = live.filter(|_| versions.iter().all(|(id, _)| script.version(id).is_some())).ok_or_else(missing)?;
    let newest = script.versions.values().next_back();
    let secrets_differ = newest.is_some_and(|newest| newest.content.secrets != live.content.secrets);
    if secrets_differ && call.query("force").as_deref() != Some("true") {
        let message = "The secrets changed since this version was uploaded; `force=true` deploys it all the same.";
        return Err(ApiError::new(400, 10220, message));
    }
    let annotations = body.get("annotations").cloned().unwrap_or_else(|| json!({}));
    Ok(Answer::result(&deployed(&script.deploy(call, live.number, versions, annotations))))
}

fn deployment(call: &Call, state: &State) -> Outcome {
    let id = call.parameter("deployment_id");
    let found = found(call, state)?.deployments.values().find(|deployment| deployment.id == id);
    found.map(|found| Answer::result(&deployed(found))).ok_or_else(no_deployment)
}

/// What is live stays.
fn drop_deployment(call: &Call, state: &mut State) -> Outcome {
    let id = call.parameter("deployment_id");
    let deployments = &mut found_mut(call, state)?.deployments;
    let number = deployments.iter().find(|(_, deployment)| deployment.id == id).map(|(number, _)| *number);
    let number = number.ok_or_else(no_deployment)?;
    if deployments.keys().next_back() == Some(&number) {
        return Err(unreadable("the deployment that is live cannot be deleted"));
    }
    deployments.remove(&number);
    Ok(Answer::result(&Value::Null))
}

/// The versions of a deployment with their percentages.
fn shares(body: &Map<String, Value>) -> Option<Vec<(String, f64)>> {
    let given = body.get("versions")?.as_array()?;
    let share = |one: &Value| Some((one.get("version_id")?.as_str()?.to_owned(), one.get("percentage")?.as_f64()?));
    let shares = given.iter().map(share).collect::<Option<Vec<_>>>()?;
    let whole = (shares.iter().map(|(_, share)| share).sum::<f64>() - 100.0).abs() < 0.01;
    let each = shares.iter().all(|(_, share)| (SMALLEST..=100.0).contains(share));
    let distinct = !matches!(shares.as_slice(), [(one, _), (other, _)] if one == other);
    ((1..=2).contains(&shares.len()) && whole && each && distinct).then_some(shares)
}

/// The tool that calls, as far as it says so: wrangler asks before it replaces what another tool has deployed.
fn tool(call: &Call) -> &'static str {
    let agent = call.header("user-agent").unwrap_or_default();
    if agent.starts_with("wrangler/") { "wrangler" } else { "api" }
}

fn no_deployment() -> ApiError {
    ApiError::new(404, 10336, "The requested deployment could not be found.")
}

fn missing() -> ApiError {
    ApiError::new(404, 10212, "The requested Worker version could not be found.")
}

fn summary(version: &Version) -> Value {
    let time = timestamp_micros(version.created_on);
    json!({
        "id": version.id,
        "number": version.number,
        "annotations": version.annotations,
        "metadata": {"created_on": time, "modified_on": time, "source": version.source, "hasPreview": false},
    })
}

fn shown(version: &Version) -> Value {
    let content = &version.content;
    let mut shown = summary(version);
    if let Some(object) = shown.as_object_mut() {
        let resources = json!({
            "bindings": content.bindings(),
            "script": {"etag": content.etag, "handlers": ["fetch"], "last_deployed_from": version.source},
            "script_runtime": {
                "compatibility_date": content.metadata("compatibility_date", Value::Null),
                "compatibility_flags": content.metadata("compatibility_flags", json!([])),
                "usage_model": "standard",
            },
        });
        object.insert("resources".to_owned(), resources);
    }
    shown
}

fn deployed(deployment: &Deployment) -> Value {
    let share = |(id, share): &(String, f64)| json!({"version_id": id, "percentage": share});
    json!({
        "id": deployment.id,
        "created_on": timestamp_micros(deployment.created_on),
        "source": deployment.source,
        "strategy": "percentage",
        "annotations": deployment.annotations,
        "versions": deployment.versions.iter().map(share).collect::<Vec<_>>(),
    })
}
