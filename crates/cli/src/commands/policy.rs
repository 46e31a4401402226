//! `flarekeep policy …`: what tokens allow, without asking Cloudflare.

mod simulate;

use crate::CommandResult;
use crate::arguments::Policy;
use crate::context::Context;

pub(crate) fn run(context: &Context, arguments: &Policy) -> CommandResult {
    match arguments {
        Policy::Simulate(arguments) => simulate::run(context, arguments),
    }
}
