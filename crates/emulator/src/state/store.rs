//! The state on disk: one file, written anew for each change before the change is acknowledged.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::State;

const FILE: &str = "state.json";
const LOCK: &str = "lock";
const FORMAT: u32 = 1;

/// Why a state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder or a file in it cannot be read or written.
    #[error("cannot use the state folder `{}`: {source}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// Another emulator uses the folder.
    #[error("another emulator uses the state folder `{}`", path.display())]
    InUse {
        /// The folder.
        path: PathBuf,
    },
    /// The file is not one that this version wrote.
    #[error("`{}` is no state of this version: {problem}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// A folder that holds a state, for this process alone.
#[derive(Debug)]
pub(crate) struct Store {
    folder: PathBuf,
    /// Held as long as the store lives.
    _lock: File,
}

#[derive(Serialize)]
struct Written<'a> {
    format: u32,
    state: &'a State,
    last_used: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct Read {
    format: u32,
    state: State,
    last_used: BTreeMap<String, i64>,
}

impl Store {
    /// Opens the folder, which is made with mode 0700 where it is absent, and reads the state in it, if any.
    pub(crate) fn open(folder: &Path) -> Result<(Self, Option<State>), OpenError> {
        let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => OpenError::InUse { path: folder.to_owned() },
            fs::TryLockError::Error(source) => failed(source),
        })?;
        let store = Self { folder: folder.to_owned(), _lock: lock };
        let path = folder.join(FILE);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((store, None)),
            Err(error) => return Err(failed(error)),
        };
        let unreadable = |problem| OpenError::Unreadable { path, problem };
        let read: Read = match serde_json::from_slice(&text) {
            Ok(read) => read,
            Err(error) => return Err(unreadable(error.to_string())),
        };
        if read.format != FORMAT {
            return Err(unreadable(format!("its format is {}", read.format)));
        }
        read.state.tokens.note_uses(&read.last_used);
        Ok((store, Some(read.state)))
    }

    /// Writes a state beside the old one, mode 0600, and then over it. When this returns, the state outlives the process
    /// and the machine.
    pub(crate) fn save(&self, state: &State) -> io::Result<()> {
        let written = Written { format: FORMAT, state, last_used: state.tokens.uses() };
        let text = serde_json::to_vec(&written)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(FILE))?;
        File::open(&self.folder)?.sync_all()
    }
}
