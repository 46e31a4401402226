//! `flarekeep man`.

use clap::CommandFactory;

use crate::arguments::Arguments;
use crate::error::CommandError;
use crate::{CommandResult, Verdict};

pub(crate) fn run() -> CommandResult {
    clap_mangen::Man::new(Arguments::command())
        .render(&mut std::io::stdout())
        .map_err(|error| CommandError::usage(format!("cannot write the manual page: {error}")))?;
    Ok(Verdict::Yes)
}
