//! The other side of a check: what the token must not be able to do.

use flarekeep_planner::{Need, Plan, Target};

use crate::arguments::{self, Owner, Refused};
use crate::context::Context;
use crate::error::CommandError;
use crate::work::Work;

/// What must be refused, read.
pub(super) fn read(context: &Context, arguments: &Refused) -> Result<Work, CommandError> {
    let (operations, recipes) = (arguments.refused.clone(), arguments.refused_recipes.clone());
    let work = arguments::Work { operations, recipes, ..arguments::Work::default() };
    Work::read_in(context, &work)
}

/// Its needs, without those that the work itself has: a recipe that must be refused may share some with it.
///
/// # Errors
/// For an operation that is to be allowed and to be refused.
pub(super) fn needs(beyond: &Work, plan: &Plan, target: &Target, owner: Owner) -> Result<Vec<Need>, CommandError> {
    if beyond.is_empty() {
        return Ok(Vec::new());
    }
    let mut needs = beyond.plan(target, owner)?.needs;
    let wanted = |need: &Need| {
        plan.needs.iter().any(|other| other.operation == need.operation && other.resource == need.resource)
    };
    if let Some(both) = needs.iter().find(|need| need.origin == "--operation" && wanted(need)) {
        return Err(CommandError::usage(format!("`{}` is to be allowed and to be refused", both.operation))
            .because("the work needs it, and --refused names it")
            .hint("leave one of them out"));
    }
    // To ask who the token is, is open to every token.
    needs.retain(|need| !wanted(need) && need.operation.rule != flarekeep_catalogue::Rule::AnyToken);
    Ok(needs)
}
