//! `flarekeep recipe list|show`.

mod list;
mod show;

use crate::CommandResult;
use crate::arguments::Recipe;
use crate::context::Context;

pub(crate) fn run(context: &Context, arguments: &Recipe) -> CommandResult {
    match arguments {
        Recipe::List => list::run(context),
        Recipe::Show { name } => show::run(context, name),
    }
}
