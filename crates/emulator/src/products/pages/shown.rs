//! Projects and deployments as the API shows them.

use serde_json::{Value, json};

use super::Project;
use super::deployments::Deployment;
use crate::products::timestamp_micros;

pub(super) fn project(name: &str, project: &Project) -> Value {
    let deployed = |is: &dyn Fn(&&Deployment) -> bool| {
        let found = project.deployments.values().rev().find(is);
        found.map(|found| deployment(name, project, found))
    };
    let domains = project.facts.domains.iter().map(|domain| domain.name.clone());
    json!({
        "id": project.facts.id,
        "name": name,
        "subdomain": subdomain(name),
        "domains": std::iter::once(subdomain(name)).chain(domains).collect::<Vec<_>>(),
        "production_branch": project.facts.production_branch,
        "production_script_name": format!("pages-worker--{name}-production"),
        "preview_script_name": format!("pages-worker--{name}-preview"),
        "build_config": build_config(project),
        "deployment_configs": {"production": config(project, "production"), "preview": config(project, "preview")},
        "created_on": timestamp_micros(project.facts.created_on),
        "framework": "",
        "framework_version": "",
        "uses_functions": false,
        "canonical_deployment": deployed(&|found| project.facts.canonical.as_ref() == Some(&found.id)),
        "latest_deployment": deployed(&|_| true),
    })
}

pub(super) fn deployment(name: &str, project: &Project, deployment: &Deployment) -> Value {
    let time = timestamp_micros(deployment.created_on);
    let stage = |stage: &str| json!({"name": stage, "started_on": time, "ended_on": time, "status": "success"});
    let stages = ["queued", "initialize", "clone_repo", "build", "deploy"].map(stage);
    let short = deployment.id.get(..8).unwrap_or_default();
    let production = deployment.is_production(project);
    let alias = format!("https://{}.{}", label(&deployment.branch), subdomain(name));
    let environment = if production { "production" } else { "preview" };
    let functions = deployment.files.iter().any(|file| file.name.starts_with("_worker."));
    json!({
        "id": deployment.id,
        "short_id": short,
        "project_id": project.facts.id,
        "project_name": name,
        "environment": environment,
        "url": format!("https://{short}.{}", subdomain(name)),
        "aliases": if production { Vec::new() } else { vec![alias] },
        "created_on": time,
        "modified_on": time,
        "latest_stage": stage("deploy"),
        "stages": stages,
        "deployment_trigger": {
            "type": "ad_hoc",
            "metadata": {
                "branch": deployment.branch,
                "commit_hash": deployment.commit_hash,
                "commit_message": deployment.commit_message,
                "commit_dirty": deployment.commit_dirty,
            },
        },
        "env_vars": environment_variables(project, environment),
        "build_config": build_config(project),
        "is_skipped": false,
        "uses_functions": functions,
        "source": source(project),
    })
}

fn subdomain(name: &str) -> String {
    format!("{name}.pages.dev")
}

/// A branch as a label of a hostname.
fn label(branch: &str) -> String {
    let letters = branch.to_ascii_lowercase();
    let letters = letters.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' });
    letters.take(28).collect::<String>().trim_matches('-').to_owned()
}

fn build_config(project: &Project) -> Value {
    let mut config = json!({
        "build_command": "",
        "destination_dir": "",
        "root_dir": "",
        "web_analytics_tag": null,
        "web_analytics_token": null,
    });
    super::merge(&mut config, &project.facts.build_config);
    config
}

/// Secrets without their values.
fn config(project: &Project, place: &str) -> Value {
    let mut config = json!({
        "always_use_latest_compatibility_date": false,
        "build_image_major_version": 3,
        "compatibility_date": "2026-08-01",
        "compatibility_flags": [],
        "fail_open": true,
        "usage_model": "standard",
    });
    if let Some(given) = project.facts.configs.get(place) {
        super::merge(&mut config, given);
    }
    if let Some(object) = config.as_object_mut() {
        object.insert("env_vars".to_owned(), environment_variables(project, place));
    }
    config
}

fn environment_variables(project: &Project, place: &str) -> Value {
    let mut variables = project.facts.configs.get(place).and_then(|config| config.get("env_vars")).cloned();
    let each = variables.as_mut().and_then(Value::as_object_mut).into_iter().flatten();
    for (_, variable) in each {
        if variable.get("type").and_then(Value::as_str) == Some("secret_text")
            && let Some(object) = variable.as_object_mut()
        {
            object.insert("value".to_owned(), "".into());
        }
    }
    variables.unwrap_or_else(|| json!({}))
}

/// The schema wants a source of every deployment. An upload has none: all of it is empty.
fn source(project: &Project) -> Value {
    json!({
        "type": "github",
        "config": {
            "owner": "",
            "owner_id": "",
            "repo_id": "",
            "repo_name": "",
            "production_branch": project.facts.production_branch,
            "pr_comments_enabled": false,
            "deployments_enabled": false,
            "production_deployments_enabled": false,
            "preview_deployment_setting": "none",
            "preview_branch_includes": [],
            "preview_branch_excludes": [],
            "path_includes": [],
            "path_excludes": [],
        },
    })
}
