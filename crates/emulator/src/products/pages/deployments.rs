//! Deployments: each is live as soon as it is made.

use std::collections::BTreeMap;

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Project, found, found_mut, shown};
use crate::credential::fresh_uuid;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{owner, timestamp_micros};
use crate::state::State;
use crate::text;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Deployment {
    pub(super) id: String,
    pub(super) created_on: i64,
    pub(super) branch: String,
    pub(super) commit_hash: String,
    pub(super) commit_message: String,
    pub(super) commit_dirty: bool,
    /// Hashes of assets by path.
    pub(super) manifest: BTreeMap<String, String>,
    /// `_headers`, `_redirects`, `_worker.bundle` and the like.
    pub(super) files: Vec<File>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) name: String,
    #[serde(with = "text::bytes")]
    pub(super) content: Bytes,
}

impl Deployment {
    pub(super) fn is_production(&self, project: &Project) -> bool {
        self.branch == project.production_branch
    }
}

pub(super) fn list(call: &Call, state: &State) -> Outcome {
    let (name, project) = (call.parameter("project_name"), found(call, state)?);
    let environment = call.query("env");
    let asked = |deployment: &&Deployment| match environment.as_deref() {
        Some("production") => deployment.is_production(project),
        Some("preview") => !deployment.is_production(project),
        _ => true,
    };
    let listed = project.deployments.iter().rev().filter(asked);
    let shown = listed.map(|deployment| shown::deployment(name, project, deployment)).collect();
    Ok(Answer::page(shown, call.page(25, 1, 25)))
}

pub(super) fn create(call: &Call, state: &mut State) -> Outcome {
    let project = found(call, state)?;
    let parts = call.parts().ok_or_else(|| invalid("the form could not be read"))?;
    let text = |name: &str| {
        let part = parts.iter().find(|part| part.name == name)?;
        Some(String::from_utf8_lossy(&part.bytes).into_owned())
    };
    let manifest = text("manifest").ok_or_else(|| invalid("a deployment needs a manifest"))?;
    let manifest: BTreeMap<String, String> =
        serde_json::from_str(&manifest).map_err(|_| invalid("the manifest is no object of paths and hashes"))?;
    let assets = state.pages.assets.get(&owner(call)?);
    let lost = manifest.values().find(|hash| !assets.is_some_and(|assets| assets.contains_key(*hash)));
    if lost.is_some() {
        return Err(invalid("the manifest names assets that were not uploaded"));
    }
    let told = ["manifest", "branch", "commit_hash", "commit_message", "commit_dirty"];
    let files = parts.iter().filter(|part| !told.contains(&part.name.as_str()));
    let deployment = Deployment {
        id: fresh_uuid(),
        created_on: call.at.0,
        branch: text("branch").unwrap_or_else(|| project.production_branch.clone()),
        commit_hash: text("commit_hash").unwrap_or_default(),
        commit_message: text("commit_message").unwrap_or_default(),
        commit_dirty: text("commit_dirty").is_some_and(|dirty| dirty == "true"),
        manifest,
        files: files.map(|part| File { name: part.name.clone(), content: part.bytes.clone() }).collect(),
    };
    add(call, state, deployment)
}

pub(super) fn details(call: &Call, state: &State) -> Outcome {
    let project = found(call, state)?;
    let deployment = one(call, project)?;
    Ok(Answer::result(&shown::deployment(call.parameter("project_name"), project, deployment)))
}

pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    let project = found_mut(call, state)?;
    let id = one(call, project)?.id.clone();
    if project.canonical.as_ref() == Some(&id) {
        let message = "the deployment that is live in production cannot be deleted";
        return Err(ApiError::new(400, 8_000_034, message));
    }
    project.deployments.retain(|deployment| deployment.id != id);
    Ok(Answer::result(&Value::Null))
}

/// Makes an earlier deployment of production live again.
pub(super) fn rollback(call: &Call, state: &mut State) -> Outcome {
    let project = found_mut(call, state)?;
    let deployment = one(call, project)?.clone();
    if !deployment.is_production(project) {
        return Err(invalid("only a deployment of production can be rolled back to"));
    }
    project.canonical = Some(deployment.id.clone());
    Ok(Answer::result(&shown::deployment(call.parameter("project_name"), project, &deployment)))
}

/// The same once more, as a new deployment.
pub(super) fn retry(call: &Call, state: &mut State) -> Outcome {
    let again = one(call, found(call, state)?)?.clone();
    add(call, state, Deployment { id: fresh_uuid(), created_on: call.at.0, ..again })
}

pub(super) fn logs(call: &Call, state: &State) -> Outcome {
    let deployment = one(call, found(call, state)?)?;
    let lines = json!([{"line": "Success: Your site was deployed!", "ts": timestamp_micros(deployment.created_on)}]);
    Ok(Answer::result(&json!({"total": 1, "includes_container_logs": false, "data": lines})))
}

fn add(call: &Call, state: &mut State, deployment: Deployment) -> Outcome {
    let project = found_mut(call, state)?;
    if deployment.is_production(project) {
        project.canonical = Some(deployment.id.clone());
    }
    let answer = Answer::result(&shown::deployment(call.parameter("project_name"), project, &deployment));
    project.deployments.push(deployment);
    Ok(answer)
}

fn one<'a>(call: &Call, project: &'a Project) -> Result<&'a Deployment, ApiError> {
    let id = call.parameter("deployment_id");
    let found = project.deployments.iter().find(|deployment| deployment.id == id);
    found.ok_or_else(|| ApiError::new(404, 8_000_009, "The deployment could not be found."))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, 8_000_096, message)
}
