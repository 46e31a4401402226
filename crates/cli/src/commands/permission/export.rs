//! `flarekeep permission export`: the catalogue as one document, for other programs. `docs/catalogue-format.md` describes
//! it; what it promises there changes only with [`FORMAT`].

use flarekeep_catalogue::{
    Group, Operation, Recipe, Rule, Scope, TerraformType, aliases, documented_names, group_by_id, groups, operations,
    recipe, recipe_names, sdk_methods, sources, template_keys, terraform_types, uncertain_names,
};
use serde_json::{Value, json};

use super::{provenance, reference};
use crate::context::Context;
use crate::error::CommandError;
use crate::inferred;
use crate::{CommandResult, Verdict};

/// The version of the document.
const FORMAT: u32 = 1;

pub(crate) fn run(context: &Context) -> CommandResult {
    if !context.output.json {
        return Err(CommandError::usage("the export is a JSON document")
            .hint("flarekeep permission export --json > catalogue.json")
            .hint("for people: flarekeep permission list"));
    }
    let recipes = recipe_names().map(recipe).collect::<Result<Vec<_>, _>>()?;
    context.output.document(&json!({
        "format": FORMAT,
        "version": env!("CARGO_PKG_VERSION"),
        "sources": sources().iter().map(|source| json!({
            "part": source.part, "source": source.source, "date": source.date,
        })).collect::<Vec<_>>(),
        "groups": groups().iter().map(group).collect::<Vec<_>>(),
        "operations": operations().iter().map(operation).collect::<Vec<_>>(),
        "documented_names": documented_names().iter().map(|name| json!({
            "dashboard": name.dashboard,
            "api": name.api,
            "group": group_by_id(name.id).map(|group| group.index),
            "exact": name.exact,
        })).collect::<Vec<_>>(),
        "uncertain_names": uncertain_names().iter().map(|name| json!({
            "name": name.name,
            "scope": name.scope.word(),
            "group": group_by_id(name.id).map(|group| group.index),
            "may_mean": group_by_id(name.may_mean).map(|group| group.index),
            "source": name.source,
        })).collect::<Vec<_>>(),
        "aliases": aliases().iter().map(|alias| json!({
            "spelling": alias.spelling,
            "group": group_by_id(alias.id).map(|group| group.index),
            "note": alias.note,
        })).collect::<Vec<_>>(),
        "terraform_types": terraform_types().map(|of| terraform_type(&of)).collect::<Vec<_>>(),
        "template_keys": template_keys().iter().map(|key| json!({
            "key": key.key,
            "type": key.level.word(),
            "group": group_by_id(key.id).map(|group| group.index),
            "status": key.status.word(),
            "source": key.source,
        })).collect::<Vec<_>>(),
        "sdk_methods": sdk_methods().map(|method| json!({
            "name": method.name,
            "operations": method.operations().map(|operation| operation.index).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "recipes": recipes.iter().map(of_recipe).collect::<Vec<_>>(),
    }));
    Ok(Verdict::Yes)
}

fn group(group: &Group) -> Value {
    let mut document = reference(group);
    document["resource"] = json!((group.scope != Scope::Unknown).then(|| group.scope.key()));
    document["category"] = json!((!group.category().is_empty()).then_some(group.category()));
    document["former_names"] = group.former_names().collect();
    document["provenance"] = json!(provenance(group));
    document
}

fn operation(operation: &Operation) -> Value {
    let given = |text: &'static str| (!text.is_empty()).then_some(text);
    json!({
        "method": operation.method.as_str(),
        "path": operation.path(),
        "operation_id": given(operation.operation_id()),
        "product": given(operation.product()),
        "changes": operation.mutates(),
        "rule": rule(operation.rule),
        "accepts": operation.accepts().map(|group| group.index).collect::<Vec<_>>(),
        "provenance": operation.provenance.word(),
        "inferred": operation.provenance.is_inferred(),
        "basis": inferred::document(operation),
        "closed_to_account_tokens": operation.closed_to_account_tokens,
        "deprecated": operation.deprecated,
        "withdrawn": operation.withdrawn,
    })
}

fn terraform_type(of: &TerraformType) -> Value {
    json!({
        "type": of.name,
        "kind": of.kind.word(),
        "documented": of.documented().map(|group| group.index).collect::<Vec<_>>(),
        "provenance": of.provenance.word(),
        "calls": of.operations().map(|(phase, operation)| json!({
            "phase": phase.word(), "operation": operation.index,
        })).collect::<Vec<_>>(),
    })
}

fn of_recipe(recipe: &Recipe) -> Value {
    json!({
        "name": recipe.name,
        "title": recipe.title,
        "kind": recipe.kind.word(),
        "source": recipe.source,
        "parameters": recipe.parameters.iter().map(|(parameter, what)| json!({
            "name": parameter.word(), "what": what,
        })).collect::<Vec<_>>(),
        "options": recipe.options.iter().map(|(option, what)| json!({ "name": option, "what": what })).collect::<Vec<_>>(),
        "needs": recipe.all_needs.iter().map(|need| json!({
            "operation": need.operation.index,
            "why": need.why,
            "option": need.option,
            "user_only": need.user_only,
        })).collect::<Vec<_>>(),
        "tests": recipe.tests.iter().map(|test| json!({
            "name": test.name, "operation": test.operation.index,
        })).collect::<Vec<_>>(),
        "documented": recipe.documented.as_ref().map(|documented| json!({
            "source": documented.source,
            "groups": documented.groups.iter().map(|group| group.index).collect::<Vec<_>>(),
        })),
    })
}

/// How the accepted groups are read.
fn rule(rule: Rule) -> &'static str {
    match rule {
        Rule::AnyOf => "any-of",
        Rule::AllOf => "all-of",
        Rule::AnyToken => "any-token",
        Rule::Unlabelled => "unknown",
    }
}
