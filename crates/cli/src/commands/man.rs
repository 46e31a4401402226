//! `flarekeep man`.

use std::io::Write;

use clap::CommandFactory;

use crate::arguments::Arguments;
use crate::error::CommandError;
use crate::{CommandResult, Verdict};

pub(crate) fn run() -> CommandResult {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut page)
        .map_err(|error| CommandError::usage(format!("cannot write the manual page: {error}")))?;
    // A closed pipe (`… | head`) is no fault of ours.
    crate::output::written(std::io::stdout().write_all(&page));
    Ok(Verdict::Yes)
}
