//! Files that hold needs: read, and the files that they lead to.

mod file;
mod follow;

use std::path::Path;

use flarekeep_planner::source::{self, Reading, SourceError};

use crate::arguments::Sources;
use crate::error::CommandError;

/// What one source gave.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    /// What people call it: the file's name as it was given.
    pub(crate) name: String,
    /// Its needs, and those of the files that it leads to.
    pub(crate) reading: Reading,
}

/// Reads all the sources that are named, in the order of the options.
pub(crate) fn read(arguments: &Sources) -> Result<Vec<Source>, CommandError> {
    let mut sources = Vec::new();
    let kinds: [(&[_], Reader); 6] = [
        (&arguments.wrangler, wrangler),
        (&arguments.terraform, terraform),
        (&arguments.workflow, workflow),
        (&arguments.recording, recording),
        (&arguments.har, har),
        (&arguments.log, log),
    ];
    for (paths, reader) in kinds {
        for path in paths {
            let reading = follow::followed(path, reader(path, arguments)?);
            sources.push(Source { name: file::name(path), reading });
        }
    }
    Ok(sources)
}

type Reader = fn(&Path, &Sources) -> Result<Reading, CommandError>;

fn wrangler(path: &Path, _arguments: &Sources) -> Result<Reading, CommandError> {
    let _text = file::text(path)?;
    Err(to_come("--wrangler"))
}

fn terraform(path: &Path, _: &Sources) -> Result<Reading, CommandError> {
    let _text = file::text(path)?;
    Err(to_come("--terraform"))
}

fn workflow(path: &Path, _: &Sources) -> Result<Reading, CommandError> {
    Ok(source::workflow::read_commands(&file::name(path), &file::text(path)?)?)
}

fn recording(path: &Path, _arguments: &Sources) -> Result<Reading, CommandError> {
    let _lines = file::open(path)?;
    Err(to_come("--recording"))
}

fn har(path: &Path, _arguments: &Sources) -> Result<Reading, CommandError> {
    let _lines = file::open(path)?;
    Err(to_come("--har"))
}

fn log(path: &Path, _arguments: &Sources) -> Result<Reading, CommandError> {
    let _lines = file::open(path)?;
    Err(to_come("--log"))
}

fn to_come(option: &str) -> CommandError {
    CommandError::usage(format!("{option} is not built yet")).hint("--recipe and --operation are")
}

impl From<SourceError> for CommandError {
    fn from(error: SourceError) -> Self {
        Self::usage(error.to_string()).hint("docs/sources.md says what is read of each kind of file")
    }
}
