//! The folder of a run: what its command has to find in files, for as long as it runs.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// What the folders of runs begin with; others are nobody's to remove.
const PREFIX: &str = "run-";
/// Held for as long as a folder is in use: whoever can lock it knows that nobody is there.
const LOCK: &str = "lock";

/// A folder that its owner alone can enter. It goes when this is dropped; where the process is killed, with the next run.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Makes one in `parent`, which is made where it is not there, and removes what killed runs have left there.
    ///
    /// # Errors
    /// When the parent cannot be written.
    pub fn new(parent: &Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        // One at a time: a folder that is made and not locked yet looks like one that was left.
        let turn = lock_file(&parent.join(LOCK))?;
        turn.lock()?;
        let mut number = [0u8; 8];
        getrandom::fill(&mut number).map_err(|error| io::Error::other(error.to_string()))?;
        let path = parent.join(format!("{PREFIX}{:016x}", u64::from_le_bytes(number)));
        DirBuilder::new().mode(0o700).create(&path)?;
        // The mode of a new folder is less what the process's mask takes, never more; this mends a mask that takes too much.
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o700))?;
        let lock = lock_file(&path.join(LOCK))?;
        lock.lock()?;
        let made = Self { path, _lock: lock };
        close(parent, made.path())?;
        sweep(parent);
        Ok(made)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a new file in it, mode 0600, and says where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, name: &str, content: &str) -> io::Result<PathBuf> {
        let path = self.path.join(name);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        file.write_all(content.as_bytes())?;
        Ok(path)
    }
}

impl Drop for RunFolder {
    fn drop(&mut self) {
        // What stays is a certificate whose key is gone; the next run removes it.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Whoever else may write there could put another folder in the place of a run's, and an authority of their own in it: the
/// parent is closed to all but its owner, who is the one of what is made in it.
fn close(parent: &Path, made: &Path) -> io::Result<()> {
    const OTHERS_WRITE: u32 = 0o022;
    let facts = std::fs::metadata(parent)?;
    if facts.uid() != std::fs::metadata(made)?.uid() {
        return Err(io::Error::other("the folder belongs to another user, who could change what is written there"));
    }
    match facts.mode() & OTHERS_WRITE {
        0 => Ok(()),
        _ => std::fs::set_permissions(parent, PermissionsExt::from_mode(facts.mode() & 0o7777 & !OTHERS_WRITE)),
    }
}

/// Removes the folders that nobody holds. What cannot be removed stays.
fn sweep(parent: &Path) {
    let Ok(entries) = std::fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_run = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // A link is no folder here: nothing outside is removed.
        if !is_run || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let is_free = match OpenOptions::new().write(true).open(entry.path().join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            Err(error) => error.kind() == io::ErrorKind::NotFound,
        };
        if is_free {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_is_its_owners_alone_and_goes_with_its_run() {
        let home = tempfile::tempdir().unwrap();
        let parent = home.path().join("state/record");
        let run = RunFolder::new(&parent).unwrap();
        let file = run.write("ca.pem", "public").unwrap();
        assert_eq!((mode(&parent), mode(run.path()), mode(&file)), (0o700, 0o700, 0o600));
        assert!(run.write("ca.pem", "again").is_err());
        let path = run.path().to_owned();
        drop(run);
        assert!(!path.exists() && parent.exists());
    }

    #[test]
    fn what_a_killed_run_left_goes_with_the_next_and_what_runs_stays() {
        let home = tempfile::tempdir().unwrap();
        let living = RunFolder::new(home.path()).unwrap();
        for (name, locked) in [("run-dead", true), ("run-young", false), ("other", false)] {
            let path = home.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("bundle.pem"), "x").unwrap();
            if locked {
                std::fs::write(path.join(LOCK), "").unwrap();
            }
        }
        let outside = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(outside.path(), home.path().join("run-link")).unwrap();
        let next = RunFolder::new(home.path()).unwrap();
        let there = |name: &str| home.path().join(name).exists();
        assert!(!there("run-dead") && !there("run-young") && there("other") && there("run-link"));
        assert!(living.path().exists() && next.path().exists() && outside.path().exists());
    }

    #[test]
    fn a_parent_that_others_may_write_is_closed_to_them() {
        let home = tempfile::tempdir().unwrap();
        let parent = home.path().join("record");
        std::fs::create_dir(&parent).unwrap();
        std::fs::set_permissions(&parent, PermissionsExt::from_mode(0o777)).unwrap();
        drop(RunFolder::new(&parent).unwrap());
        assert_eq!(mode(&parent), 0o755);
    }

    #[test]
    fn a_parent_of_another_user_is_refused_and_stays_as_it_is() {
        let home = tempfile::tempdir().unwrap();
        let parent = home.path().join("record");
        std::fs::create_dir(&parent).unwrap();
        // Only root can give a folder away.
        if std::os::unix::fs::chown(&parent, Some(65534), None).is_err() {
            return assert_ne!(std::fs::metadata(home.path()).unwrap().uid(), 0, "root can");
        }
        let refused = RunFolder::new(&parent).unwrap_err();
        assert!(refused.to_string().contains("another user"), "{refused}");
        let left: Vec<_> = std::fs::read_dir(&parent).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [LOCK]);
    }
}
