//! Every simulated operation answers a success that Cloudflare's published schema accepts.
//!
//! `schema/stories.rs` calls each of them; a handler that no story leads to is a failure. The schema is the whole document
//! where it is at hand (`FLAREKEEP_OPENAPI`, else `../shared/data` beside the repository), and the reduced copy
//! `schema/shapes.json` where it is not. What is written down of it here and in the docs is brought up to date by
//! `FLAREKEEP_UPDATE=1 cargo test -p flarekeep-emulator --test schema`.

mod common;
#[path = "schema/coverage.rs"]
mod coverage;
#[path = "schema/published.rs"]
mod published;
#[path = "../../../xtask/src/answers/shapes.rs"]
#[allow(unreachable_pub)]
mod shapes;
#[path = "schema/step.rs"]
#[allow(unreachable_pub)]
mod step;
#[path = "schema/stories.rs"]
#[allow(unreachable_pub)]
mod stories;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::{env, fs};

use common::{Local, Reply};
use flarekeep_catalogue::{Scope, route};
use flarekeep_emulator::{Coverage, coverage as covered};
use published::Published;
use step::Step;
use stories::STORIES;

const MEND: &str = "run `FLAREKEEP_UPDATE=1 cargo test -p flarekeep-emulator --test schema` with the schema at hand";

/// Operations whose answer the schema does not accept, and why that is so.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("GET /accounts/{account_id}/d1/database", D1),
    ("DELETE /accounts/{account_id}/d1/database/{database_id}", D1),
    ("POST /accounts/{account_id}/d1/database/{database_id}/query", D1),
    ("POST /accounts/{account_id}/d1/database/{database_id}/raw", D1),
    ("GET /accounts/{account_id}/pages/projects", UNDEPLOYED),
    ("POST /accounts/{account_id}/pages/projects", UNDEPLOYED),
    ("GET /accounts/{account_id}/pages/projects/{project_name}", UNDEPLOYED),
    ("PATCH /accounts/{account_id}/pages/projects/{project_name}", UNDEPLOYED),
    ("GET /accounts/{account_id}/tokens/permission_groups", SCOPES),
    ("GET /user/tokens/permission_groups", SCOPES),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/secrets", SECRET),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}/secrets", SECRET),
    ("GET /accounts/{account_id}/workers/scripts/{script_name}/secrets/{secret_name}", SECRET),
    ("PATCH /accounts/{account_id}/workers/scripts/{script_name}/secrets-bulk", SECRET),
    ("GET /memberships", "both alternatives of its `oneOf` accept an entry without policies, and the empty list"),
    ("GET /zones/{zone_id}/custom_hostnames", HOSTNAME_ID),
    ("POST /zones/{zone_id}/custom_hostnames", HOSTNAME_ID),
    ("GET /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", HOSTNAME_ID),
    ("PATCH /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", HOSTNAME_ID),
    ("GET /zones/{zone_id}/dns_records", DATA),
    ("POST /zones/{zone_id}/dns_records", DATA),
    ("POST /zones/{zone_id}/dns_records/batch", DATA),
    ("GET /zones/{zone_id}/dns_records/{dns_record_id}", DATA),
    ("PATCH /zones/{zone_id}/dns_records/{dns_record_id}", DATA),
    ("PUT /zones/{zone_id}/dns_records/{dns_record_id}", DATA),
];
const D1: &str = "the schema wants a result that is an object, as all of D1's are, and a list, or null, at once";
const UNDEPLOYED: &str = "the schema has no null for the deployments of a project that was never deployed";
const SCOPES: &str = "the schema lists four scopes; the groups of Flagship name a fifth (SOURCES.md)";
const SECRET: &str = "the schema requires the text of a secret, which no answer holds";
const HOSTNAME_ID: &str = "the schema allows an id 32 characters, and the id here is a UUID, which has 36";
const DATA: &str = "the schema requires `data`, `comment` and `settings` of every record; an A record has no data";

#[tokio::test]
async fn every_simulated_operation_answers_as_published() {
    let mut published = Published::read();
    let mut seen = BTreeSet::new();
    let mut faults = BTreeMap::new();
    for (story, steps) in STORIES {
        let local = Local::start().await;
        let mut kept = BTreeMap::from([("G".to_owned(), common::group_id(Scope::Zone, "Zone Read"))]);
        for step in *steps {
            let path = filled(&local, &kept, step.path);
            let place = path.split('?').next().unwrap();
            let operation = route(step.method.parse().unwrap(), place).unwrap().operation;
            let reply = call(&local, &kept, step, &path).await;
            let what = format!("{story}: {} {path}", step.method);
            assert!((200..300).contains(&reply.status), "{what}: {} {}", reply.status, reply.text);
            assert!(!reply.headers.contains_key("x-flarekeep-simulated"), "{what} is not simulated");
            let content_type = reply.headers.get("content-type").map_or("", |value| value.to_str().unwrap());
            let name = operation.to_string();
            if let Some(fault) = published.fault(&name, (reply.status, content_type), &reply.json) {
                faults.insert(name.clone(), format!("{fault}\n{}", reply.text));
            }
            seen.insert(name);
            for (name, pointer) in step.keeps.into_iter().flatten() {
                let value = reply.json.pointer(pointer).and_then(|value| value.as_str());
                kept.insert(name.to_owned(), value.unwrap_or_else(|| panic!("{what}: {}", reply.text)).to_owned());
            }
        }
    }
    let wanted = simulated();
    let unseen: Vec<&String> = wanted.difference(&seen).collect();
    assert!(unseen.is_empty(), "no step of tests/schema/stories.rs leads to {unseen:#?}");
    for (name, reason) in EXCEPTIONS {
        assert!(faults.remove(*name).is_some(), "{name} is accepted, and is no exception any more: {reason}");
    }
    let told: Vec<String> = faults.iter().map(|(name, fault)| format!("{name}\n{fault}")).collect();
    assert!(told.is_empty(), "{} answers are not as published:\n\n{}", told.len(), told.join("\n\n"));
}

#[test]
fn the_reduced_copy_is_what_the_schema_says() {
    Published::read().keep_copy(&simulated());
}

/// The operations that have a handler. GraphQL has a protocol of its own.
fn simulated() -> BTreeSet<String> {
    let simulated = covered().into_iter().filter(|covered| covered.coverage == Coverage::Simulated);
    let routed = simulated.map(|covered| covered.operation).filter(|operation| operation.is_routed());
    routed.filter(|operation| operation.path() != "/graphql").map(ToString::to_string).collect()
}

fn filled(local: &Local, kept: &BTreeMap<String, String>, text: &str) -> String {
    let mut text = local.path(text);
    for (name, value) in kept {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}

async fn call(local: &Local, kept: &BTreeMap<String, String>, step: &Step, path: &str) -> Reply {
    let ask = match step.token {
        Some(name) => local.ask(step.method, path).bearer(&kept[name]),
        None => local.admin(step.method, path),
    };
    let ask = step.header.into_iter().fold(ask, |ask, (name, value)| ask.header(name, value));
    match step.content_type {
        "" => ask.send().await,
        content_type => ask.body(content_type, filled(local, kept, step.body)).send().await,
    }
}

/// Asserts that a file holds this text, or writes it where `FLAREKEEP_UPDATE` is set.
fn settle(path: &Path, text: &str) {
    if env::var_os("FLAREKEEP_UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        return;
    }
    assert!(fs::read_to_string(path).is_ok_and(|old| old == text), "{} is out of date; {MEND}", path.display());
}
