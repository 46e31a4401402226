//! Files that get what a command came to: opened before it is run, written when it has ended.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::{CommandError, Kind};
use crate::save::save;

/// A file for a document.
pub(crate) struct LateFile {
    /// As it was named.
    path: PathBuf,
    to: To,
}

enum To {
    /// A file, behind the links that lead to it: they stay.
    Replaced(PathBuf),
    /// What is no file of its own, as a pipe, stays open: once this process is closed to others, nothing of its own is to be had
    /// by such a name.
    Open(File),
}

impl LateFile {
    /// Opens the file that an option names; it is made where it is not there, mode 0600. What it holds stays until it is
    /// written.
    pub(crate) fn open(path: &Path, option: &str) -> Result<Self, CommandError> {
        if path == Path::new("-") {
            return Err(CommandError::usage(format!("{option} names a file, and `-` is none"))
                .hint(format!("{option} /dev/stderr shows it; {option} ./- is a file of that name")));
        }
        let to = To::open(path).map_err(|error| {
            CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
                .hint(format!("{option} names a file in a folder that is there; /dev/stderr is one"))
        })?;
        Ok(Self { path: path.to_owned(), to })
    }

    /// Writes the document, all of it or nothing.
    pub(crate) fn write(&self, document: &Value) -> Result<(), CommandError> {
        let text = format!("{document:#}\n");
        let written = match &self.to {
            To::Open(file) => (&mut &*file).write_all(text.as_bytes()),
            To::Replaced(path) => save(path, &text),
        };
        written.map_err(|error| {
            CommandError::new(Kind::Partial, format!("cannot write `{}`: {error}", self.path.display()))
        })
    }
}

impl To {
    fn open(path: &Path) -> io::Result<Self> {
        // The same opened anew would write from its beginning, over what stands there.
        match path.to_str() {
            Some("/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => return duplicate(&io::stdout()),
            Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => return duplicate(&io::stderr()),
            _ => {}
        }
        if ["/dev", "/proc"].iter().any(|folder| path.starts_with(folder)) {
            return OpenOptions::new().append(true).open(path).map(Self::Open);
        }
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        let behind = path.canonicalize().ok().filter(|behind| behind.is_file());
        Ok(behind.map_or_else(|| Self::Open(file), Self::Replaced))
    }
}

fn duplicate(stream: &impl AsFd) -> io::Result<To> {
    Ok(To::Open(File::from(stream.as_fd().try_clone_to_owned()?)))
}
