//! `flarekeep permission list`.

use std::collections::BTreeSet;

use flarekeep_catalogue::{Group, Scope, groups};
use serde_json::{Value, json};

use super::{counts, id, provenance, reference};
use crate::arguments::PermissionList;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{FAINT, counted, plain, styled};
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
    output.document(&listed.iter().map(|group| document(group)).collect::<Vec<_>>());
    let header = ["NAME", "SCOPE", "READS", "WRITES", "CATEGORY", "ID"];
    if listed.is_empty() {
        output.line("no permission is of this scope and this category");
        return Ok(Verdict::Yes);
    }
    output.line(table(0, Some(header), listed.iter().map(|group| row(group))));
    let published = listed.iter().filter(|group| group.id.is_some()).count();
    let all = counted(listed.len(), "permission");
    output.note(styled(FAINT, format!("\n{all}, {published} with a published id; flarekeep permission show NAME")));
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

fn row(group: &Group) -> [String; 6] {
    let (reads, writes) = counts(group);
    let category = group.category().to_owned();
    [group.name.to_owned(), place(group), reads.to_string(), writes.to_string(), category, styled(FAINT, id(group))]
}

/// The scope, marked where it is inferred.
fn place(group: &Group) -> String {
    match group.provenance {
        flarekeep_catalogue::GroupProvenance::ScopeInferred => format!("{} (inferred)", group.scope),
        _ => group.scope.to_string(),
    }
}

fn document(group: &Group) -> Value {
    let (reads, writes) = counts(group);
    let mut document = reference(group);
    document["category"] = json!((!group.category().is_empty()).then_some(group.category()));
    document["provenance"] = json!(provenance(group));
    document["reads"] = json!(reads);
    document["writes"] = json!(writes);
    document
}
