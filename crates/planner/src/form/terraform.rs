//! The token as a resource of Terraform, for versions 4 and 5 of Cloudflare's provider, as `terraform fmt` has it.

use flarekeep_catalogue::{Group, Scope};
use flarekeep_policy::{Grant, Owner};

use super::quote::{comment, hcl, label};
use super::{Form, Rendered, TokenDraft};
use crate::document::{PolicyDocument, ResourceDocument, policy_documents};

/// The version of the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// 4.x: `policy` blocks. It has no resource for an account's token.
    Four,
    /// 5.13.0 or later: from then on `resources` is a JSON string.
    Five,
}

pub(super) fn render(draft: &TokenDraft, version: Version) -> Rendered {
    let label = label(draft.purpose.as_deref().or(draft.name.as_deref()).unwrap_or_default());
    let kind = match draft.owner {
        Owner::User(_) => "cloudflare_api_token",
        Owner::Account(_) => "cloudflare_account_token",
    };
    let mut parts = vec![head(version)];
    parts.extend(look_up(draft, version));
    parts.push(format!("resource {} {} {{\n{}\n}}", hcl(kind), hcl(&label), indented(&resource(draft, version))));
    parts.push(format!(
        "output {} {{\n  value     = {kind}.{label}.value\n  sensitive = true\n}}",
        hcl(&format!("{label}_value"))
    ));
    let form = match version {
        Version::Four => Form::TerraformV4,
        Version::Five => Form::Terraform,
    };
    Rendered { form, text: parts.join("\n\n"), by_hand: Vec::new() }
}

fn head(version: Version) -> String {
    let version = match version {
        Version::Four => "For version 4 of the provider cloudflare/cloudflare.",
        Version::Five => {
            "For version 5.13.0 or later of the provider cloudflare/cloudflare: before, `resources` was no JSON string."
        }
    };
    comment(&format!(
        "{version}\nTerraform keeps the token's value in its state; `sensitive` only keeps it off the screen. Encrypt the state and let\n\
         few read it, or make the token with `flarekeep token create`, which leaves the value in no state."
    ))
}

/// The data source that finds the groups without a published id by their names, where there are any.
fn look_up(draft: &TokenDraft, version: Version) -> Option<String> {
    let names: Vec<&str> = draft.without_id().into_iter().map(|group| group.name).collect();
    if names.is_empty() {
        return None;
    }
    let why = comment(&format!("No id is published for {}: looked up by name.", names.join(", ")));
    let body = match draft.owner {
        Owner::Account(account) => format!("{{\n  account_id = {}\n}}", hcl(&account.to_string())),
        Owner::User(_) => "{}".to_owned(),
    };
    Some(format!("{why}\ndata {} \"all\" {body}", hcl(data_source(draft.owner, version))))
}

fn data_source(owner: Owner, version: Version) -> &'static str {
    match (version, owner) {
        (Version::Four, _) => "cloudflare_api_token_permission_groups",
        (Version::Five, Owner::User(_)) => "cloudflare_api_token_permission_groups_list",
        (Version::Five, Owner::Account(_)) => "cloudflare_account_api_token_permission_groups_list",
    }
}

/// The body of the resource.
fn resource(draft: &TokenDraft, version: Version) -> String {
    let mut head = Vec::new();
    if let Owner::Account(account) = draft.owner {
        head.push(("account_id".to_owned(), hcl(&account.to_string())));
    }
    head.push(("name".to_owned(), hcl(&draft.name_or_usual())));
    let times = [("expires_on", &draft.expires_on), ("not_before", &draft.not_before)];
    head.extend(times.into_iter().filter_map(|(key, time)| Some((key.to_owned(), hcl(time.as_ref()?)))));
    let mut parts = vec![attributes(&head)];
    let policies: Vec<String> = draft
        .policies
        .iter()
        .flat_map(|policy| policy_documents(policy).into_iter().map(|document| (&policy.groups, document)))
        .map(|(groups, document)| policy(draft, version, groups, &document))
        .collect();
    match version {
        Version::Four => parts.extend(policies.iter().map(|body| format!("policy {{\n{}\n}}", indented(body)))),
        Version::Five => {
            let objects = policies.iter().map(|body| format!("{{\n{}\n}},", indented(body)));
            parts.push(format!("policies = [\n{}\n]", indented(&objects.collect::<Vec<_>>().join("\n"))));
        }
    }
    parts.extend(condition(draft, version));
    parts.join("\n\n")
}

fn policy(draft: &TokenDraft, version: Version, groups: &[Grant], document: &PolicyDocument) -> String {
    let groups = groups.iter().map(|grant| {
        let id = match grant {
            Grant::Group(group) => group.id.map_or_else(|| by_name(draft, version, group), |id| hcl(&id.to_string())),
            Grant::Named(_, id) | Grant::Unknown(id) => hcl(&id.to_string()),
        };
        let name = match grant {
            Grant::Group(group) | Grant::Named(group, _) => group.name,
            Grant::Unknown(_) => "a group of no known name",
        };
        match version {
            Version::Four => format!("{}\n{id},", comment(name)),
            Version::Five => format!("{}\n{{ id = {id} }},", comment(name)),
        }
    });
    let groups = indented(&groups.collect::<Vec<_>>().join("\n"));
    let effect = attributes(&[("effect".to_owned(), hcl(&document.effect))]);
    let resources = indented(&resources(document, version));
    let resources = match version {
        Version::Four => format!("resources = {{\n{resources}\n}}"),
        Version::Five => format!("resources = jsonencode({{\n{resources}\n}})"),
    };
    format!("{effect}\npermission_groups = [\n{groups}\n]\n{resources}")
}

/// The expression that finds a group's id by its name.
fn by_name(draft: &TokenDraft, version: Version, group: &Group) -> String {
    let (source, name) = (data_source(draft.owner, version), hcl(group.name));
    match version {
        Version::Four => {
            let scope = match group.scope {
                Scope::User => "user",
                Scope::Zone => "zone",
                Scope::Bucket => "r2",
                Scope::Account | Scope::FlagshipApp | Scope::Unknown => "account",
            };
            format!("data.{source}.all.{scope}[{name}]")
        }
        Version::Five => {
            let scope = match group.scope {
                Scope::Unknown => String::new(),
                scope => format!(" && contains(group.scopes, {})", hcl(scope.key())),
            };
            format!("one([for group in data.{source}.all.result : group.id if group.name == {name}{scope}])")
        }
    }
}

fn resources(document: &PolicyDocument, version: Version) -> String {
    let entries = document.resources.iter().map(|(key, inside)| {
        let inside = match inside {
            ResourceDocument::Whole(whole) => hcl(whole),
            ResourceDocument::Nested(nested) => {
                let nested = nested.iter().map(|(key, whole)| (hcl(key), hcl(whole))).collect::<Vec<_>>();
                let nested = indented(&attributes(&nested));
                match version {
                    Version::Four => format!("jsonencode({{\n{nested}\n}})"),
                    Version::Five => format!("{{\n{nested}\n}}"),
                }
            }
        };
        (hcl(key), inside)
    });
    attributes(&entries.collect::<Vec<_>>())
}

/// The condition; no list is better than an empty one, which lets nobody in.
fn condition(draft: &TokenDraft, version: Version) -> Option<String> {
    if draft.allow_ips.is_empty() {
        return None;
    }
    let ranges: Vec<String> = draft.allow_ips.iter().map(|range| hcl(&range.to_string())).collect();
    let equals = match version {
        Version::Four => "",
        Version::Five => "= ",
    };
    let ranges = ranges.join(", ");
    Some(format!("condition {equals}{{\n  request_ip {equals}{{\n    in = [{ranges}]\n  }}\n}}"))
}

/// Attributes a line each; neighbours of one line have their equals signs below each other.
fn attributes(attributes: &[(String, String)]) -> String {
    let one_line = |(_, value): &&(String, String)| !value.contains('\n');
    let mut lines = Vec::new();
    for run in attributes.chunk_by(|left, right| one_line(&left) == one_line(&right)) {
        let lined = run.iter().all(|attribute| one_line(&attribute));
        let width = if lined { run.iter().map(|(key, _)| key.chars().count()).max().unwrap_or_default() } else { 0 };
        lines.extend(run.iter().map(|(key, value)| format!("{key:<width$} = {value}")));
    }
    lines.join("\n")
}

fn indented(text: &str) -> String {
    let lines = text.split('\n').map(|line| if line.is_empty() { String::new() } else { format!("  {line}") });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests;
