//! `flarekeep completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use crate::arguments::Arguments;
use crate::{CommandResult, Verdict};

pub(crate) fn run(shell: Shell) -> CommandResult {
    clap_complete::generate(shell, &mut Arguments::command(), "flarekeep", &mut std::io::stdout());
    Ok(Verdict::Yes)
}
