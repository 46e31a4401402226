//! The `flarekeep` program: arguments in, words out.

mod arguments;
mod around;
mod bucket;
mod commands;
mod consent;
mod context;
mod desk;
mod environment;
mod error;
mod failure;
mod inferred;
mod late_file;
mod lend;
mod limits;
mod misuse;
mod naming;
mod output;
mod overlay;
mod place;
mod plan_file;
mod recipes;
mod recording;
mod save;
mod secret;
mod sources;
mod work;

use std::process::ExitCode;

use clap::Parser;

use crate::arguments::Arguments;
use crate::error::{CommandError, Kind};
use crate::output::Output;

/// The answer of a command that ran: its exit status is 0, 1 or 5, that of a failure which its answer tells, or
/// that of what it ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Yes, or done.
    Yes,
    /// The answer is no: a check failed.
    No,
    /// Some of it is done, and the answer says what.
    Partly,
    /// It failed so, and the answer, which is printed, says it.
    Failed(Kind),
    /// What was run for the user ended with this status, which is passed on.
    Status(u8),
}

impl Verdict {
    pub(crate) fn yes_if(holds: bool) -> Self {
        if holds { Self::Yes } else { Self::No }
    }
}

pub(crate) type CommandResult = Result<Verdict, CommandError>;

/// The exit status of a defect in the program itself, as sysexits.h numbers it.
const DEFECT: u8 = 70;

fn main() -> ExitCode {
    // A panic is a defect. Users get a sentence, not a stack.
    std::panic::set_hook(Box::new(|_| {}));
    match std::panic::catch_unwind(run) {
        Ok(status) => status,
        Err(_) => {
            eprintln!("error: a defect in flarekeep stopped it; nothing more was done");
            eprintln!("  hint: please report the command that you typed, without any secret");
            ExitCode::from(DEFECT)
        }
    }
}

fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return misuse::told(&error),
    };
    let output = Output {
        json: arguments.global.json,
        part: arguments.answers_in_lines(),
        quiet: arguments.global.quiet,
        verbose: arguments.global.verbose,
    };
    let result = match (commands::run(arguments, output), output::unwritten()) {
        // A command's own status goes before.
        (Ok(Verdict::Status(status @ 1..)), Some(error)) => {
            output.error(&error);
            Ok(Verdict::Status(status))
        }
        (Ok(_), Some(error)) => Err(error),
        (result, _) => result,
    };
    match result {
        Ok(Verdict::Yes) => ExitCode::SUCCESS,
        Ok(Verdict::No) => ExitCode::from(1),
        Ok(Verdict::Partly) => ExitCode::from(Kind::Partial.exit_status()),
        Ok(Verdict::Failed(kind)) => ExitCode::from(kind.exit_status()),
        Ok(Verdict::Status(status)) => ExitCode::from(status),
        Err(error) => {
            output.error(&error);
            ExitCode::from(error.kind.exit_status())
        }
    }
}
