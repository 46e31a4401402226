//! Tokens in Terraform's state, of versions 4 and 5 of Cloudflare's provider. What a state holds of a token's value is
//! never looked at.

use flarekeep_catalogue::TokenId;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::entry::{self, Lack, Read};
use super::{File, guarded};
use crate::token::{OwnedBy, TokenRecord};
use crate::world::{Place, Unread, World};

/// How deep modules may lie in one another.
const DEEPEST: usize = 32;
/// The attributes that both versions call alike.
const PLAIN: [&str; 8] =
    ["id", "name", "status", "issued_on", "modified_on", "last_used_on", "not_before", "expires_on"];

/// A resource of a state (`instances`), or of what `terraform show -json` prints (`values`).
#[derive(Deserialize)]
struct Resource {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    mode: String,
    #[serde(default)]
    instances: Vec<Instance>,
    #[serde(default)]
    values: Option<Map<String, Value>>,
}

#[derive(Deserialize)]
struct Instance {
    #[serde(default)]
    attributes: Option<Map<String, Value>>,
}

/// A module of what `terraform show -json` prints.
#[derive(Deserialize)]
struct Module<'a> {
    #[serde(default, borrow)]
    root_module: Option<&'a RawValue>,
    #[serde(default, borrow)]
    resources: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    child_modules: Vec<&'a RawValue>,
}

/// Reads the tokens among the resources of a state: its list of resources, or a module.
pub(super) fn tokens<'a>(file: &File<'a>, state: &'a RawValue, world: &mut World) {
    match state.get().starts_with('[') {
        true => match file.parse_part(state) {
            Ok(list) => resources(file, list, world),
            Err(error) => world.unread.push(file.unread(state, &error.reason)),
        },
        false => module(file, state, world, 0),
    }
}

fn module<'a>(file: &File<'a>, part: &'a RawValue, world: &mut World, depth: usize) {
    let Ok(found) = file.parse_part::<Module<'_>>(part) else {
        return world.unread.push(file.unread(part, "it is no module of a Terraform state"));
    };
    if depth > DEEPEST {
        return world.unread.push(file.unread(part, "modules lie too deep in one another"));
    }
    resources(file, found.resources, world);
    for inner in found.child_modules.into_iter().chain(found.root_module) {
        module(file, inner, world, depth + 1);
    }
}

fn resources<'a>(file: &File<'a>, parts: Vec<&'a RawValue>, world: &mut World) {
    for part in parts {
        let Ok(resource) = serde_json::from_str::<Resource>(part.get()) else {
            world.unread.push(file.unread(part, "it is no resource of a Terraform state"));
            continue;
        };
        let of_account = match resource.kind.as_str() {
            "cloudflare_api_token" => false,
            "cloudflare_account_token" => true,
            _ => continue,
        };
        // What is only looked up is somebody else's to keep, and is in the other's state.
        if resource.mode == "data" {
            continue;
        }
        let instances = resource.instances.into_iter().filter_map(|instance| instance.attributes);
        let read = instances.chain(resource.values).map(|attributes| {
            let read = token(&attributes, of_account, file.place(part.get()));
            read.map_err(|why| Unread { what: which(file, part, &attributes), why: guarded(&why) })
        });
        file.take(read, world);
    }
}

/// What could not be read: by its id where it has one.
fn which(file: &File<'_>, part: &RawValue, attributes: &Map<String, Value>) -> String {
    let place = file.place(part.get());
    match attributes.get("id").and_then(Value::as_str).and_then(|id| id.parse::<TokenId>().ok()) {
        Some(id) => format!("{place}: token {id}"),
        None => place.to_string(),
    }
}

fn token(attributes: &Map<String, Value>, of_account: bool, place: Place) -> Result<Read, String> {
    let mut token = Map::new();
    for name in PLAIN {
        if let Some(value) = attributes.get(name).filter(|value| value.as_str().is_some_and(|text| !text.is_empty())) {
            token.insert(name.to_owned(), value.clone());
        }
    }
    let policies = attributes.get("policies").or_else(|| attributes.get("policy")).and_then(Value::as_array);
    let policies = policies.map(|policies| policies.iter().map(policy).collect::<Result<Value, String>>()).transpose();
    let odd = policies.as_ref().err().cloned();
    if let Ok(Some(policies)) = policies {
        token.insert("policies".to_owned(), policies);
    }
    if let Some(condition) = attributes.get("condition").and_then(condition) {
        token.insert("condition".to_owned(), condition);
    }
    if of_account {
        token.insert("owner".to_owned(), "account".into());
        if let Some(account) = attributes.get("account_id") {
            token.insert("account_id".to_owned(), account.clone());
        }
    }
    let Read { record, lack } = entry::read(&Value::Object(token).to_string(), place)?;
    let owner = if of_account || record.owner != OwnedBy::Unknown { record.owner } else { OwnedBy::User(None) };
    let record = TokenRecord { owner, last_use_known: attributes.contains_key("last_used_on"), ..record };
    Ok(Read { record, lack: odd.map(Lack::Odd).or(lack) })
}

/// A policy as the API writes it. Version 4 lists groups by their ids alone; later releases of version 5 keep resources
/// as JSON in a text.
fn policy(found: &Value) -> Result<Value, String> {
    let resources = match found.get("resources") {
        Some(Value::String(text)) => serde_json::from_str(text).map_err(|_| "the resources are no JSON".to_owned())?,
        Some(resources) => resources.clone(),
        None => return Err("a policy names no resources".to_owned()),
    };
    let group = |group: &Value| match group {
        Value::String(id) => json!({ "id": id }),
        other => json!({ "id": other.get("id"), "name": other.get("name") }),
    };
    let groups = found.get("permission_groups").and_then(Value::as_array).ok_or("a policy names no groups")?;
    let effect = found.get("effect").filter(|effect| effect.is_string()).cloned().unwrap_or_else(|| "allow".into());
    let groups: Value = groups.iter().map(group).collect();
    Ok(json!({ "effect": effect, "resources": resources, "permission_groups": groups }))
}

/// The condition as the API writes it. Version 4 has a list of blocks, in which a list that was not given is empty.
fn condition(found: &Value) -> Option<Value> {
    let first = |value: &Value| match value {
        Value::Array(blocks) => blocks.first().cloned(),
        Value::Null => None,
        other => Some(other.clone()),
    };
    let in_blocks = found.is_array();
    let ip = first(first(found)?.get("request_ip")?)?;
    let mut kept = Map::new();
    for name in ["in", "not_in"] {
        let list = ip.get(name).and_then(Value::as_array);
        if let Some(list) = list.filter(|list| !in_blocks || !list.is_empty()) {
            kept.insert(name.to_owned(), list.clone().into());
        }
    }
    (!kept.is_empty()).then(|| json!({ "request_ip": kept }))
}
