//! `flarekeep recipe list|show`.

use flarekeep_catalogue::{Recipe, recipe, recipe_names};
use serde_json::json;

use crate::arguments;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{FAINT, STRONG, styled};
use crate::work::kind;
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &arguments::Recipe) -> CommandResult {
    match arguments {
        arguments::Recipe::List => list(context),
        arguments::Recipe::Show { name } => show(context, name),
    }
}

fn list(context: &Context) -> CommandResult {
    let recipes = recipe_names().map(recipe).collect::<Result<Vec<Recipe>, _>>()?;
    let document = |recipe: &Recipe| json!({"name": recipe.name, "title": recipe.title, "needs": recipe.needs.len()});
    context.output.document(&recipes.iter().map(document).collect::<Vec<_>>());
    context.output.line(table(0, None, recipes.iter().map(|recipe| [recipe.name.clone(), recipe.title.clone()])));
    context.output.note(styled(FAINT, "flarekeep recipe show NAME; flarekeep plan --recipe NAME"));
    Ok(Verdict::Yes)
}

fn show(context: &Context, name: &str) -> Result<Verdict, CommandError> {
    let recipe = recipe(name)?;
    context.output.document(&json!({
        "name": recipe.name,
        "title": recipe.title,
        "source": recipe.source,
        "needs": recipe.needs.iter().map(|need| json!({
            "operation": need.operation.to_string(),
            "why": need.why,
            "accepts": need.operation.accepts().map(|group| group.name).collect::<Vec<_>>(),
            "provenance": need.operation.provenance.word(),
        })).collect::<Vec<_>>(),
        "documented": recipe.documented.as_ref().map(|documented| json!({
            "source": documented.source,
            "groups": documented.groups.iter().map(|group| group.name).collect::<Vec<_>>(),
        })),
    }));
    context.output.line(format!("{}: {}", styled(STRONG, &recipe.name), recipe.title));
    context.output.line(format!("from {}\n", recipe.source));
    let rows = recipe.needs.iter().map(|need| {
        let inferred = if need.operation.provenance.is_inferred() { "inferred" } else { "" };
        [kind(need.operation.method).to_owned(), need.operation.to_string(), need.why.clone(), inferred.to_owned()]
    });
    context.output.line(table(2, None, rows));
    context.output.note(styled(FAINT, format!("flarekeep plan --recipe {name}")));
    Ok(Verdict::Yes)
}
