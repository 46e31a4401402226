//! The key that a state on disk is sealed with.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::credential::random;

/// The key that a state folder's log is sealed with: 32 bytes. It is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct StateKey([u8; 32]);

impl StateKey {
    /// The key in a file, which is made with mode 0600 and a random key where it is absent.
    ///
    /// # Errors
    /// The file or its folder cannot be read or made, or the file does not hold 32 bytes.
    pub fn in_file(path: &Path) -> io::Result<Self> {
        match fs::read(path) {
            Ok(bytes) => bytes.try_into().map(Self).map_err(|_| io::Error::other("the file does not hold a key")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::made_in(path),
            Err(error) => Err(error),
        }
    }

    /// A new key that is kept nowhere.
    #[must_use]
    pub fn random() -> Self {
        Self(random())
    }

    pub(super) const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn made_in(path: &Path) -> io::Result<Self> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let key = Self::random();
        // Two that begin at once must not end with two keys: the file appears whole, and only once.
        let beside = folder.join(format!(".key-{:x}", u64::from_be_bytes(random())));
        let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&beside)?;
        let linked = file.write_all(&key.0).and_then(|()| file.sync_all()).and_then(|()| fs::hard_link(&beside, path));
        fs::remove_file(&beside)?;
        match linked {
            Ok(()) => Ok(key),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::in_file(path),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for StateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StateKey")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_then_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/key");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let made: Vec<_> = (0..8).map(|_| scope.spawn(|| StateKey::in_file(&path).unwrap())).collect();
            made.into_iter().map(|one| one.join().unwrap()).collect()
        });
        assert!(keys.windows(2).all(|two| two[0] == two[1]));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::write(&path, "short").unwrap();
        assert!(StateKey::in_file(&path).is_err());
    }
}
