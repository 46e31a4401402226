//! Pages: projects of an account with their deployments and domains, and the assets of all projects.

mod assets;
mod deployments;
mod domains;
mod shown;

use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value, json};

use self::assets::Asset;
use self::deployments::Deployment;
use self::domains::Domain;
use super::{Handler, owner, text as member};
use crate::credential::fresh_uuid;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, Owned, State};
use crate::upload_ticket::{Kind, Ticket};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/pages/projects", Handler::Read(list)),
    ("POST /accounts/{account_id}/pages/projects", Handler::Write(create)),
    ("GET /accounts/{account_id}/pages/projects/{project_name}", Handler::Read(details)),
    ("PATCH /accounts/{account_id}/pages/projects/{project_name}", Handler::Write(update)),
    ("DELETE /accounts/{account_id}/pages/projects/{project_name}", Handler::Write(delete)),
    ("POST /accounts/{account_id}/pages/projects/{project_name}/purge_build_cache", Handler::Read(purge)),
    ("GET /accounts/{account_id}/pages/projects/{project_name}/upload-token", Handler::Read(upload_token)),
    ("POST /pages/assets/check-missing", Handler::Read(assets::check_missing)),
    ("POST /pages/assets/upload", Handler::Write(assets::upload)),
    ("POST /pages/assets/upsert-hashes", Handler::Read(assets::upsert_hashes)),
    ("GET /accounts/{account_id}/pages/projects/{project_name}/deployments", Handler::Read(deployments::list)),
    ("POST /accounts/{account_id}/pages/projects/{project_name}/deployments", Handler::Write(deployments::create)),
    (
        "GET /accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}",
        Handler::Read(deployments::details),
    ),
    (
        "DELETE /accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}",
        Handler::Write(deployments::delete),
    ),
    (
        "POST /accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}/rollback",
        Handler::Write(deployments::rollback),
    ),
    (
        "POST /accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}/retry",
        Handler::Write(deployments::retry),
    ),
    (
        "GET /accounts/{account_id}/pages/projects/{project_name}/deployments/{deployment_id}/history/logs",
        Handler::Read(deployments::logs),
    ),
    ("GET /accounts/{account_id}/pages/projects/{project_name}/domains", Handler::Read(domains::list)),
    ("POST /accounts/{account_id}/pages/projects/{project_name}/domains", Handler::Write(domains::add)),
    ("GET /accounts/{account_id}/pages/projects/{project_name}/domains/{domain_name}", Handler::Read(domains::details)),
    (
        "PATCH /accounts/{account_id}/pages/projects/{project_name}/domains/{domain_name}",
        Handler::Read(domains::details),
    ),
    (
        "DELETE /accounts/{account_id}/pages/projects/{project_name}/domains/{domain_name}",
        Handler::Write(domains::delete),
    ),
];

/// The projects of all accounts, by name, and their assets, by hash.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    projects: Owned<Project>,
    assets: Owned<Asset>,
}

branch!(Table { projects, assets });
branch!(Project { facts, deployments });
leaf!(Facts, Deployment, Asset);

#[derive(Debug, Clone, Default, PartialEq)]
struct Project {
    facts: Facts,
    /// In the order in which they were made.
    deployments: Map<u64, Deployment>,
}

/// All of a project but its deployments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Facts {
    id: String,
    created_on: i64,
    production_branch: String,
    /// `build_config` as it was sent.
    build_config: Value,
    /// `deployment_configs`, `production` and `preview`, as they were sent.
    configs: Object<String, Value>,
    /// The id of the deployment that is live in production.
    canonical: Option<String>,
    domains: Vec<Domain>,
}

/// How many projects an account may have (docs: pages/platform/limits).
const MOST: usize = 100;

fn list(call: &Call, state: &State) -> Outcome {
    let projects = state.pages.projects.get(&owner(call)?).into_iter().flatten();
    let shown = projects.map(|(name, project)| shown::project(name, project)).collect();
    Ok(Answer::page(shown, call.page(10, 1, 100)))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(not_json)?;
    let name = member(&body, "name").unwrap_or_default().to_owned();
    if !is_name(&name) {
        return Err(ApiError::new(
            400,
            8_000_046,
            "a project's name has 1 to 58 lower-case letters, digits and hyphens",
        ));
    }
    let branch = member(&body, "production_branch").unwrap_or("main").to_owned();
    let projects = state.pages.projects.entry(owner(call)?).or_default();
    if projects.contains_key(&name) {
        let message = "A project with this name already exists. Choose a different project name.";
        return Err(ApiError::new(409, 8_000_002, message));
    }
    if projects.len() >= MOST {
        return Err(ApiError::new(400, 8_000_027, "the account has as many projects as it may"));
    }
    let facts = Facts {
        id: fresh_uuid(),
        created_on: call.at.0,
        production_branch: branch,
        build_config: json!({}),
        ..Facts::default()
    };
    let mut project = Project { facts, deployments: Map::new() };
    project.facts.set(&body);
    let answer = Answer::result(&shown::project(&name, &project));
    projects.insert(name, project);
    Ok(answer)
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown::project(call.parameter("project_name"), found(call, state)?)))
}

fn update(call: &Call, state: &mut State) -> Outcome {
    let project = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    if let Some(branch) = member(&body, "production_branch") {
        branch.clone_into(&mut project.facts.production_branch);
    }
    project.facts.set(&body);
    Ok(Answer::result(&shown::project(call.parameter("project_name"), project)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    found(call, state)?;
    let projects = state.pages.projects.entry(owner(call)?).or_default();
    projects.remove(call.parameter("project_name"));
    Ok(Answer::result(&Value::Null))
}

fn purge(call: &Call, state: &State) -> Outcome {
    found(call, state)?;
    Ok(Answer::result(&Value::Null))
}

fn upload_token(call: &Call, state: &State) -> Outcome {
    found(call, state)?;
    let jwt = Ticket::issue(Kind::Pages, call, call.parameter("project_name"), state)?;
    Ok(Answer::result(&json!({"jwt": jwt})))
}

impl Facts {
    /// Takes over what a body says of builds and environments: members that are sent, one by one; null takes one away.
    fn set(&mut self, body: &Object<String, Value>) {
        if let Some(config) = body.get("build_config").filter(|config| config.is_object()) {
            merge(&mut self.build_config, config);
        }
        for place in ["production", "preview"] {
            let Some(config) = body.get("deployment_configs").and_then(|configs| configs.get(place)) else { continue };
            let old = self.configs.entry(place).or_insert_with(|| json!({}));
            merge(old, config);
        }
    }
}

fn merge(old: &mut Value, new: &Value) {
    let (Some(old), Some(new)) = (old.as_object_mut(), new.as_object()) else { return };
    for (name, value) in new {
        match (old.get_mut(name), value) {
            (_, Value::Null) => drop(old.remove(name)),
            (Some(there @ Value::Object(_)), Value::Object(_)) => merge(there, value),
            _ => drop(old.insert(name.clone(), value.clone())),
        }
    }
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Project, ApiError> {
    let projects = state.pages.projects.get(&owner(call)?);
    projects.and_then(|projects| projects.get(call.parameter("project_name"))).ok_or_else(missing)
}

fn found_mut<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Project, ApiError> {
    let projects = state.pages.projects.get_mut(&owner(call)?).ok_or_else(missing)?;
    projects.get_mut(call.parameter("project_name")).ok_or_else(missing)
}

fn missing() -> ApiError {
    let message = "Project not found. The specified project name does not match any of your existing projects.";
    ApiError::new(404, 8_000_007, message)
}

fn not_json() -> ApiError {
    ApiError::new(400, 8_000_005, "the request body could not be read")
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=58).contains(&name.len()) && name.bytes().all(fits) && !name.starts_with('-') && !name.ends_with('-')
}
