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

/// How many deployments of a project are kept: the emulator's own. The one that is live stays.
const KEPT: usize = 100;

impl Deployment {
    pub(super) fn is_production(&self, project: &Project) -> bool {
        self.branch == project.facts.production_branch
    }
}

impl Project {
    fn drop_deployment(&mut self, id: &str) {
        let place = self.deployments.iter().find(|(_, deployment)| deployment.id == id).map(|(number, _)| *number);
        if let Some(place) = place {
            self.deployments.remove(&place);
        }
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
    let listed = project.deployments.values().rev().filter(asked);
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
        branch: text("branch").unwrap_or_else(|| project.facts.production_branch.clone()),
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
    if project.facts.canonical.as_ref() == Some(&id) {
        let message = "the deployment that is live in production cannot be deleted";
        return Err(ApiError::new(400, 8_000_034, message));
    }
    project.drop_deployment(&id);
    Ok(Answer::result(&Value::Null))
}

/// Makes an earlier deployment of production live again.
pub(super) fn rollback(call: &Call, state: &mut State) -> Outcome {
    let project = found_mut(call, state)?;
    let deployment = one(call, project)?.clone();
    if !deployment.is_production(project) {
        return Err(invalid("only a deployment of production can be rolled back to"));
    }
    project.facts.canonical = Some(deployment.id.clone());
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
        project.facts.canonical = Some(deployment.id.clone());
    }
    let answer = Answer::result(&shown::deployment(call.parameter("project_name"), project, &deployment));
    let next = project.deployments.get_max().map_or(0, |(last, _)| last + 1);
    project.deployments.insert(next, deployment);
    if project.deployments.len() > KEPT {
        let live = project.facts.canonical.as_ref();
        let oldest = project.deployments.values().find(|deployment| Some(&deployment.id) != live);
        if let Some(oldest) = oldest.map(|oldest| oldest.id.clone()) {
            project.drop_deployment(&oldest);
        }
    }
    Ok(answer)
}

fn one<'a>(call: &Call, project: &'a Project) -> Result<&'a Deployment, ApiError> {
    let id = call.parameter("deployment_id");
    let found = project.deployments.values().find(|deployment| deployment.id == id);
    found.ok_or_else(|| ApiError::new(404, 8_000_009, "The deployment could not be found."))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, 8_000_096, message)
}
