//! `flarekeep permission …`: what permissions are called, what they open, and what accepts them.

mod changes;
mod diff;
mod export;
mod for_;
mod list;
mod search;
mod show;
mod update;

use flarekeep_catalogue::{Group, GroupProvenance, Scope};
use serde_json::{Value, json};

use crate::CommandResult;
use crate::arguments::Permission;
use crate::context::Context;
use crate::overlay::Entry;

pub(crate) fn run(context: &Context, arguments: &Permission) -> CommandResult {
    match arguments {
        Permission::List(arguments) => list::run(context, arguments),
        Permission::Search { words } => search::run(context, &words.join(" ")),
        Permission::Show { name } => show::run(context, &name.join(" ")),
        Permission::For(arguments) => for_::run(context, arguments),
        Permission::Export => export::run(context),
        Permission::Update(arguments) => update::run(context, arguments),
        Permission::Diff => diff::run(context),
    }
}

/// How much is known of a group, in the word of documents.
fn provenance(group: &Group) -> &'static str {
    match group.provenance {
        GroupProvenance::Published => "published",
        GroupProvenance::ScopeInferred => "scope-inferred",
        GroupProvenance::NameOnly => "name-only",
    }
}

/// What every document says of a group. What is not known is null.
fn reference(group: &Group) -> Value {
    json!({
        "id": group.id.map(|id| id.to_string()),
        "name": group.name,
        "scope": (group.scope != Scope::Unknown).then(|| group.scope.word()),
    })
}

/// How many reads and writes a group opens.
fn counts(group: &Group) -> (usize, usize) {
    let writes = group.operations().filter(|operation| operation.mutates()).count();
    (group.operation_indexes().len() - writes, writes)
}

/// A group's id, or what is known in its place.
fn id(group: &Group) -> String {
    group.id.map_or_else(|| "not published".to_owned(), |id| id.to_string())
}

/// The same, or the id that the overlay has learned.
fn known_id(group: &Group, learned: &[Entry]) -> String {
    let learned = || learned.iter().filter(|entry| entry.group == Some(group)).find_map(Entry::learned_id);
    match group.id {
        Some(id) => id.to_string(),
        None => learned().map_or_else(|| id(group), |id| format!("{id} (learned)")),
    }
}
