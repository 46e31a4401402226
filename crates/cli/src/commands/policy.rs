//! `flarekeep policy …`: what tokens allow.

mod call;
mod change;
mod check;
mod diff;
mod reach;
mod simulate;
pub(crate) mod source;
mod words;

pub(crate) use self::change::Difference;
pub(crate) use self::diff::{document as changes_document, show_changes};
pub(crate) use self::source::Source;
use crate::CommandResult;
use crate::arguments::Policy;
use crate::context::Context;

pub(crate) fn run(context: &Context, arguments: &Policy) -> CommandResult {
    match arguments {
        Policy::Diff(arguments) => diff::run(context, arguments),
        Policy::Check(arguments) => check::run(context, arguments),
        Policy::Reach(arguments) => reach::run(context, arguments),
        Policy::Simulate(arguments) => simulate::run(context, arguments),
    }
}
