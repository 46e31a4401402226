//! The commands: one file a verb, in the folder of its noun.

mod apply;
mod audit;
mod check;
mod completions;
mod domain;
mod emulate;
mod exec;
mod fix;
mod import;
mod man;
mod permission;
mod plan;
mod platform;
mod policy;
mod recipe;
mod record;
mod scan;
mod site;
mod story;
mod tenant;
mod token;
mod why;

use crate::CommandResult;
use crate::arguments::{Arguments, Command};
use crate::context::Context;
use crate::lend;
use crate::output::Output;

/// Runs the command that was typed.
pub(crate) fn run(arguments: Arguments, output: Output) -> CommandResult {
    let context = || Context::new(arguments.global.clone(), output);
    match arguments.command {
        Command::Try => story::run(output),
        Command::Plan(arguments) => plan::run(&context()?, &arguments),
        Command::Policy(arguments) => policy::run(&context()?, &arguments),
        Command::Permission(arguments) => permission::run(&context()?, &arguments),
        Command::Recipe(arguments) => recipe::run(&context()?, &arguments),
        Command::Token(arguments) => token::run(&context()?, &arguments),
        Command::Check(arguments) => check::run(&context()?, &arguments),
        Command::Audit(arguments) => audit::run(&context()?, &arguments),
        Command::Why(arguments) => why::run(&context()?, &arguments),
        Command::Fix(arguments) => fix::run(&context()?, &arguments),
        Command::Apply(arguments) => apply::run(&context()?, &arguments),
        Command::Import(arguments) => import::run(&context()?, &arguments),
        Command::Scan(arguments) => scan::run(&context()?, &arguments),
        Command::Exec(arguments) => exec::run(&context()?, &arguments),
        Command::Record(arguments) => record::run(&context()?, &arguments),
        Command::Platform(arguments) => platform::run(&context()?, &arguments),
        Command::Site(arguments) => {
            lend::scope(&context()?, &site::lent(&arguments), |context| site::run(context, &arguments))
        }
        Command::Domain(arguments) => {
            lend::scope(&context()?, &domain::lent(&arguments), |context| domain::run(context, &arguments))
        }
        Command::Tenant(arguments) => {
            lend::scope(&context()?, &tenant::lent(&arguments), |context| tenant::run(context, &arguments))
        }
        Command::Emulate(arguments) => emulate::run(output, &arguments),
        Command::Completions { shell } => completions::run(shell),
        Command::Man => man::run(),
    }
}
