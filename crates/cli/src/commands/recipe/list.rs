//! `flarekeep recipe list`: all named pieces of work.

use flarekeep_catalogue::{Recipe, RecipeKind};
use serde_json::json;

use crate::context::Context;
use crate::output::table::table;
use crate::output::{FAINT, STRONG, plain, styled};
use crate::recipes::{self, Origin};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context) -> CommandResult {
    let mut recipes = Vec::new();
    for found in recipes::all() {
        match found {
            Ok(recipe) => recipes.push(recipe),
            Err(error) => context.output.warn(plain(&error.message)),
        }
    }
    context.output.document(&recipes.iter().map(document).collect::<Vec<_>>());
    let kinds = [
        ("What people set out to do", RecipeKind::UseCase),
        ("What programs call", RecipeKind::Tool),
        ("What templates are taken for", RecipeKind::Template),
    ];
    let mut sections = Vec::new();
    for (heading, kind) in kinds {
        let of_kind = recipes.iter().filter(|(recipe, origin)| recipe.kind == kind && *origin == Origin::Catalogue);
        sections.push((heading, of_kind.collect::<Vec<_>>()));
    }
    sections.push(("Your own", recipes.iter().filter(|(_, origin)| *origin != Origin::Catalogue).collect()));
    for (heading, recipes) in sections.into_iter().filter(|(_, recipes)| !recipes.is_empty()) {
        context.output.line(styled(STRONG, heading));
        let rows = recipes.into_iter().map(|(recipe, _)| [recipe.name.clone(), plain(&recipe.title)]);
        context.output.line(format!("{}\n", table(2, None, rows)));
    }
    context.output.line("terraform:TYPE is a recipe for every type of Cloudflare's Terraform provider\n");
    context.output.note(styled(FAINT, "flarekeep recipe show NAME; flarekeep plan --recipe NAME"));
    Ok(Verdict::Yes)
}

fn document((recipe, origin): &(Recipe, Origin)) -> serde_json::Value {
    json!({
        "name": recipe.name,
        "title": recipe.title,
        "kind": recipe.kind.word(),
        "parameters": recipe.parameters.iter().map(|(parameter, _)| parameter.word()).collect::<Vec<_>>(),
        "options": recipe.options.iter().map(|(option, _)| option).collect::<Vec<_>>(),
        "needs": recipe.needs().count(),
        "file": match origin {
            Origin::Catalogue => None,
            Origin::File(path) => Some(path.display().to_string()),
        },
    })
}
