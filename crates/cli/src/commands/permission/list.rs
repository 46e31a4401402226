//! `flarekeep permission list`.

use std::collections::BTreeSet;

use flarekeep_catalogue::{Group, Scope, groups};
use serde_json::{Value, json};

use super::{counts, known_id, provenance, reference};
use crate::arguments::PermissionList;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{FAINT, counted, plain, styled};
use crate::overlay::{Entry, Learned};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &PermissionList) -> CommandResult {
    let category = arguments.category.as_deref().map(category).transpose()?;
    let scope = arguments.scope.map(Scope::from);
    let wanted = |group: &&Group| {
        let categorised = category.as_ref().is_none_or(|categories| categories.contains(group.category()));
        scope.is_none_or(|scope| group.scope == scope) && categorised
    };
    let listed: Vec<&Group> = groups().iter().filter(wanted).collect();
    let output = context.output;
    let learned = Learned::read(context).map(|learned| learned.entries()).unwrap_or_default();
    output.document(&listed.iter().map(|group| document(group, &learned)).collect::<Vec<_>>());
    let header = ["NAME", "SCOPE", "READS", "WRITES", "CATEGORY", "ID"];
    if listed.is_empty() {
        output.line("no permission is of this scope and this category");
        return Ok(Verdict::Yes);
    }
    output.line(table(0, Some(header), listed.iter().map(|group| row(group, &learned))));
    let published = listed.iter().filter(|group| group.id.is_some()).count();
    let new = learned.iter().filter(|entry| entry.group.is_none()).count();
    let all = counted(listed.len(), "permission");
    output.note(styled(FAINT, format!("\n{all}, {published} with a published id; flarekeep permission show NAME")));
    if new > 0 {
        let new = counted(new, "new permission");
        output.note(styled(FAINT, format!("the overlay has {new} besides: flarekeep permission diff")));
    }
    Ok(Verdict::Yes)
}

/// The categories that hold these words.
fn category(given: &str) -> Result<BTreeSet<&'static str>, CommandError> {
    let all: BTreeSet<&str> = groups().iter().map(Group::category).filter(|word| !word.is_empty()).collect();
    let folded = |text: &str| text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    let words = folded(given);
    let holds = |category: &&str| words.split_whitespace().all(|word| folded(category).contains(word));
    let found: BTreeSet<_> = all.iter().copied().filter(holds).collect();
    if found.is_empty() || words.trim().is_empty() {
        let names: Vec<_> = all.into_iter().collect();
        return Err(CommandError::usage(format!("no category is called `{}`", plain(given)))
            .hint(format!("the categories: {}", names.join(", "))));
    }
    Ok(found)
}

fn row(group: &Group, learned: &[Entry]) -> [String; 6] {
    let (reads, writes) = counts(group);
    let category = group.category().to_owned();
    [
        group.name.to_owned(),
        place(group),
        reads.to_string(),
        writes.to_string(),
        category,
        styled(FAINT, known_id(group, learned)),
    ]
}

/// The scope, marked where it is inferred.
fn place(group: &Group) -> String {
    match group.provenance {
        flarekeep_catalogue::GroupProvenance::ScopeInferred => format!("{} (inferred)", group.scope),
        _ => group.scope.to_string(),
    }
}

fn document(group: &Group, learned: &[Entry]) -> Value {
    let (reads, writes) = counts(group);
    let mut document = reference(group);
    document["category"] = json!((!group.category().is_empty()).then_some(group.category()));
    document["provenance"] = json!(provenance(group));
    let entries = learned.iter().filter(|entry| entry.group == Some(group));
    document["learned"] = entries.map(Entry::document).collect();
    document["reads"] = json!(reads);
    document["writes"] = json!(writes);
    document
}
