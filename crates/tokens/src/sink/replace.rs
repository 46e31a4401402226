//! Replacing a file in one step: a temporary file beside it, mode 0600, renamed over it.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::SinkError;

/// A temporary file that is ready to take the place of another.
#[derive(Debug)]
pub(super) struct Replacement {
    target: PathBuf,
    /// The folder: locked while a file in it is changed, and synced so that the new file outlives a power failure.
    folder: File,
    temporary: NamedTempFile,
}

/// Opens the replacement: the folder can be written, and the target, if it is there, is a regular file. Behind a
/// symbolic link it is the file itself that will be replaced.
pub(super) fn prepare(path: &Path) -> Result<Replacement, SinkError> {
    let target = match std::fs::canonicalize(path) {
        Ok(target) if target.is_file() => {
            let failed = |source| SinkError::File { action: "write", path: path.to_owned(), source };
            std::fs::OpenOptions::new().append(true).open(&target).map_err(failed)?;
            target
        }
        Ok(_) => return Err(SinkError::NotAFile(path.to_owned())),
        Err(_) => behind_links(path),
    };
    let folder = match target.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let failed = |source| SinkError::File { action: "write to the folder of", path: path.to_owned(), source };
    let temporary = tempfile::Builder::new()
        .prefix(".flarekeep-")
        .tempfile_in(folder)
        // The kind alone: the whole error names the temporary file, which nobody knows.
        .map_err(|error| failed(error.kind().into()))?;
    let folder = File::open(folder).map_err(failed)?;
    Ok(Replacement { target, folder, temporary })
}

/// Where a file that is not there yet is to lie: behind the links that lead to it, which stay.
fn behind_links(path: &Path) -> PathBuf {
    const MOST: usize = 40;
    let mut target = path.to_owned();
    for _ in 0..MOST {
        let Ok(next) = std::fs::read_link(&target) else { break };
        target = target.parent().map_or(next.clone(), |folder| folder.join(&next));
    }
    target
}

impl Replacement {
    /// Puts in the target's place what `change` makes of its content, while no other delivery changes a file of the
    /// folder.
    pub(super) fn update(self, change: impl FnOnce(&[u8]) -> Vec<u8>) -> Result<(), SinkError> {
        // Some file systems know no locks; there, deliveries at the same time are the user's to avoid.
        let _ = self.folder.lock();
        let content = change(&self.current()?);
        self.commit(&content)
    }

    /// Puts `content` in the target's place: after this call the target holds all of it, or what it held before.
    pub(super) fn commit(mut self, content: &[u8]) -> Result<(), SinkError> {
        let target = self.target.clone();
        let failed = |source| SinkError::File { action: "write", path: target.clone(), source };
        self.temporary.write_all(content).map_err(failed)?;
        self.temporary.as_file().sync_all().map_err(failed)?;
        self.temporary.persist(&self.target).map_err(|error| failed(error.error))?;
        // The file is in place; that a folder cannot be synced changes nothing about that.
        let _ = self.folder.sync_all();
        Ok(())
    }

    /// What the target holds now; nothing if it is not there.
    pub(super) fn current(&self) -> Result<Vec<u8>, SinkError> {
        match std::fs::read(&self.target) {
            Ok(content) => Ok(content),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(source) => Err(SinkError::File { action: "read", path: self.target.clone(), source }),
        }
    }
}
