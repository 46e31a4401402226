//! Replacing a file in one step: a temporary file beside it, mode 0600, renamed over it.
//!
//! Who is killed before that leaves the temporary file, and maybe a value in it. Each is locked as long as its maker
//! lives, so whoever comes next tells those that were left behind from those that are in use, and removes them.

use std::fs::{File, Metadata, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::SinkError;

/// What the name of every temporary file begins with; letters and digits follow.
const PREFIX: &str = ".flarekeep-";

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
            OpenOptions::new().append(true).open(&target).map_err(failed)?;
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
    remove_left_behind(folder);
    // The kind alone: the whole error names the temporary file, which nobody knows.
    let temporary = temporary_in(folder).map_err(|error| failed(error.kind().into()))?;
    let folder = File::open(folder).map_err(failed)?;
    Ok(Replacement { target, folder, temporary })
}

/// A new file of this folder, locked until it is closed.
fn temporary_in(folder: &Path) -> std::io::Result<NamedTempFile> {
    loop {
        let temporary = tempfile::Builder::new().prefix(PREFIX).tempfile_in(folder)?;
        // Some file systems know no locks; there, nobody removes what others left.
        let locked = temporary.as_file().lock();
        // Between its making and its lock, it looked left behind.
        if locked.is_err() || temporary.as_file().metadata()?.nlink() > 0 {
            return Ok(temporary);
        }
    }
}

/// Removes temporary files of this folder whose makers are gone. What cannot be removed stays: it is in nobody's way.
fn remove_left_behind(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).unwrap_or_default();
        if !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let _ = remove_if_left_behind(&entry.path());
        }
    }
}

/// The lock is held while the file is removed, so that its maker, should it live after all, learns of it.
fn remove_if_left_behind(path: &Path) -> std::io::Result<()> {
    if !is_like_ours(&std::fs::symlink_metadata(path)?) {
        return Ok(());
    }
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path)?;
    file.try_lock()?;
    let (opened, there) = (file.metadata()?, std::fs::symlink_metadata(path)?);
    let is_it = (opened.dev(), opened.ino()) == (there.dev(), there.ino());
    if is_it && is_like_ours(&opened) { std::fs::remove_file(path) } else { Ok(()) }
}

/// Whether a file is such as this user's runs make: regular, this user's, and nobody else's to read.
fn is_like_ours(file: &Metadata) -> bool {
    let ours = rustix::process::geteuid().as_raw();
    file.is_file() && file.uid() == ours && file.mode() & 0o7777 == 0o600 && file.nlink() == 1
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const VALUE: &[u8] = b"CF=a-value-that-was-on-its-way";

    fn left(folder: &Path, name: &str, mode: u32) -> PathBuf {
        let path = folder.join(name);
        std::fs::write(&path, VALUE).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn what_a_killed_run_left_goes_and_what_a_living_one_has_stays() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let living = prepare(&here.join("one")).unwrap();
        let dead = left(here, ".flarekeep-Ab1xYz", 0o600);
        let next = prepare(&here.join("two")).unwrap();
        assert!(!dead.exists(), "it holds a value that nobody looks after");
        assert!(living.temporary.path().exists() && next.temporary.path().exists());
        living.commit(b"1").unwrap();
        next.commit(b"2").unwrap();
        let mut names: Vec<_> = std::fs::read_dir(here).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["one", "two"]);
    }

    /// The maker is gone in earnest: a process that was killed holds no lock.
    #[test]
    fn a_lock_ends_with_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let dead = left(folder.path(), ".flarekeep-Ab1xYz", 0o600);
        let file = File::open(&dead).unwrap();
        file.lock().unwrap();
        drop(prepare(&folder.path().join("env")).unwrap());
        assert!(dead.exists(), "somebody has it locked");
        // Not only closed: a child that another test forks has it open for a moment.
        file.unlock().unwrap();
        drop(file);
        drop(prepare(&folder.path().join("env")).unwrap());
        assert!(!dead.exists());
    }

    #[test]
    fn what_is_none_of_ours_stays() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        let target = left(here, "kept", 0o600);
        let link = here.join(".flarekeep-link12");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let others = [
            left(here, ".flarekeep-public", 0o644),
            left(here, ".flarekeep-a.toml", 0o600),
            left(here, ".flarekeep-", 0o600),
            left(here, ".env", 0o600),
        ];
        let within = here.join(".flarekeep-folder");
        std::fs::create_dir(&within).unwrap();
        let twice = left(here, ".flarekeep-linked", 0o600);
        std::fs::hard_link(&twice, here.join("its other name")).unwrap();
        prepare(&here.join("new")).unwrap().commit(b"x").unwrap();
        assert!(link.is_symlink() && target.exists() && within.is_dir() && twice.exists());
        assert!(others.iter().all(|path| path.exists()));
    }

    /// The file that is made while others are swept is never lost, however the two meet.
    #[test]
    fn makers_and_sweepers_at_once_lose_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        std::thread::scope(|scope| {
            for n in 0..8 {
                scope.spawn(move || {
                    for round in 0..100 {
                        let path = here.join(format!("{n}"));
                        prepare(&path).unwrap().commit(format!("{round}").as_bytes()).unwrap();
                        assert_eq!(std::fs::read_to_string(&path).unwrap(), round.to_string());
                    }
                });
            }
        });
        assert_eq!(std::fs::read_dir(here).unwrap().count(), 8);
    }
}
