//! `flarekeep permission …`: what permissions are called, what they open, and what accepts them.

mod for_;

use crate::CommandResult;
use crate::arguments::Permission;
use crate::context::Context;

pub(crate) fn run(context: &Context, arguments: &Permission) -> CommandResult {
    match arguments {
        Permission::For(arguments) => for_::run(context, arguments),
    }
}
