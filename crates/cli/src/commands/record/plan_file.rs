//! Where the plan of a run goes: opened before the command is run, written when it has ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{CommandError, Kind};

/// A file for a plan.
pub(super) struct PlanFile<'a> {
    /// As it was named.
    path: &'a Path,
    to: To,
}

enum To {
    /// A file, behind the links that lead to it: they stay.
    Replaced(PathBuf),
    /// What is no file, as a pipe behind `/dev/stdout`, stays open: once this process is closed to others, nothing of its own
    /// is to be had by such a name.
    Open(File),
}

impl<'a> PlanFile<'a> {
    /// Opens it; it is made where it is not there, mode 0600.
    pub(super) fn open(path: &'a Path) -> Result<Self, CommandError> {
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path);
        let file = opened.map_err(|error| {
            CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
                .hint("--plan-out names a file in a folder that is there")
        })?;
        let behind = path.canonicalize().ok().filter(|behind| behind.is_file());
        Ok(Self { path, to: behind.map_or_else(|| To::Open(file), To::Replaced) })
    }

    /// Writes the plan, all of it or nothing.
    pub(super) fn write(&self, document: &Value) -> Result<(), CommandError> {
        let text = format!("{document:#}\n");
        let written = match &self.to {
            To::Open(device) => (&mut &*device).write_all(text.as_bytes()),
            To::Replaced(path) => replace(path, &text),
        };
        written.map_err(|error| {
            CommandError::new(Kind::Partial, format!("cannot write `{}`: {error}", self.path.display()))
                .because("the command was run")
                .hint("with --out FILE, flarekeep plan --recording FILE makes the plan again")
        })
    }
}

fn replace(path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(Path::new("/")))?;
    file.write_all(text.as_bytes())?;
    file.persist(path).map(drop).map_err(|error| error.error)
}
