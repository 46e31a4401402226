//! `flarekeep completions SHELL`.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::{CommandResult, Verdict};

pub(crate) fn run(shell: Shell) -> CommandResult {
    // Into memory first: clap_complete panics where standard output is closed before its end (`… | head`).
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "flarekeep", &mut script);
    crate::output::written(std::io::stdout().write_all(&script));
    Ok(Verdict::Yes)
}
