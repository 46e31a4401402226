//! Rescue files: a value that was minted and is not delivered yet, sealed.
//!
//! The key is derived from the credential that manages the tokens. Whoever has that can mint any of them anyway, so that
//! the file gives nothing away; and it is at hand when the run that was killed is taken up again.

use std::fmt;
use std::fs::DirBuilder;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Salt};
use secrecy::{ExposeSecret, SecretString};

use flarekeep_cloudflare::Credential;

use crate::journal::ChangeId;

const SALT: usize = 32;

/// Keeps values from minting to delivery.
#[derive(Clone)]
pub struct Rescue {
    folder: PathBuf,
    credential: Credential,
}

/// A value that cannot be kept, or not be had back.
#[derive(Debug, thiserror::Error)]
pub enum RescueError {
    /// A file cannot be read or written.
    #[error("cannot {action} the rescue file `{}`: {source}", path.display())]
    File {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system's source of randomness, or the cipher, failed.
    #[error("the value cannot be sealed")]
    Seal,
    /// The file was sealed by another credential, or is damaged.
    #[error("the rescue file `{}` cannot be opened with this credential", .0.display())]
    Closed(PathBuf),
}

impl Rescue {
    /// Rescue files below the state folder `state`, for whoever has the credential.
    #[must_use]
    pub fn new(state: &Path, credential: &Credential) -> Self {
        Self { folder: state.join("rescue"), credential: credential.clone() }
    }

    /// Where the value of a change is kept.
    #[must_use]
    pub fn path(&self, change: ChangeId) -> PathBuf {
        self.folder.join(change.to_string())
    }

    /// Keeps a value; when this returns it outlives the process. A value of the same change that is there is replaced.
    ///
    /// # Errors
    /// When it cannot be sealed or written.
    pub fn keep(&self, change: ChangeId, value: &SecretString) -> Result<(), RescueError> {
        let path = self.path(change);
        let failed = |source| RescueError::File { action: "write", path: path.clone(), source };
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|_| RescueError::Seal)?;
        let mut sealed = value.expose_secret().as_bytes().to_vec();
        self.key(&salt)?
            .seal_in_place_append_tag(nonce(), Aad::from(change.to_string()), &mut sealed)
            .map_err(|_| RescueError::Seal)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(failed)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder).map_err(failed)?;
        file.write_all(&salt).and_then(|()| file.write_all(&sealed)).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        std::fs::File::open(&self.folder).and_then(|folder| folder.sync_all()).map_err(failed)
    }

    /// The value of a change, if it is kept.
    ///
    /// # Errors
    /// When it cannot be read, or was sealed by another credential.
    pub fn open(&self, change: ChangeId) -> Result<Option<SecretString>, RescueError> {
        let path = self.path(change);
        let content = match std::fs::read(&path) {
            Ok(content) => content,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(RescueError::File { action: "read", path, source }),
        };
        let closed = || RescueError::Closed(path.clone());
        let (salt, sealed) = content.split_at_checked(SALT).ok_or_else(closed)?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(change.to_string());
        let value = self.key(salt)?.open_in_place(nonce(), aad, &mut sealed).map_err(|_| closed())?;
        let value = std::str::from_utf8(value).map_err(|_| closed())?;
        Ok(Some(SecretString::from(value)))
    }

    /// Lets a value go that has been delivered, or whose token has ended.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn discard(&self, change: ChangeId) -> Result<(), RescueError> {
        let path = self.path(change);
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
                Err(RescueError::File { action: "remove", path, source })
            }
            _ => Ok(()),
        }
    }

    /// The key of one file: its salt is used once.
    fn key(&self, salt: &[u8]) -> Result<LessSafeKey, RescueError> {
        let secret = self.credential.value().expose_secret().as_bytes();
        let key = Salt::new(HKDF_SHA256, salt).extract(secret);
        let key = key.expand(&[b"flarekeep rescue file"], &CHACHA20_POLY1305).map_err(|_| RescueError::Seal)?;
        Ok(LessSafeKey::new(UnboundKey::from(key)))
    }
}

/// The same each time: no two files have the same key.
fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

impl fmt::Debug for Rescue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rescue({})", self.folder.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credential(letter: &str) -> Credential {
        Credential::token(&letter.to_uppercase().repeat(40)).unwrap()
    }

    #[test]
    fn a_value_comes_back_to_its_own_credential_and_change_alone() {
        let state = tempfile::tempdir().unwrap();
        let rescue = Rescue::new(state.path(), &credential("a"));
        let (change, other) = (ChangeId::random(), ChangeId::random());
        let value = SecretString::from("v".repeat(53));
        rescue.keep(change, &value).unwrap();
        rescue.keep(change, &value).unwrap();
        let open = |rescue: &Rescue, change| rescue.open(change).map(|value| value.map(|v| v.expose_secret().len()));
        assert_eq!(open(&rescue, change).unwrap(), Some(53));
        assert_eq!(open(&rescue, other).unwrap(), None);
        let foreign = Rescue::new(state.path(), &credential("b"));
        assert!(matches!(open(&foreign, change), Err(RescueError::Closed(_))));
        std::fs::copy(rescue.path(change), rescue.path(other)).unwrap();
        assert!(matches!(open(&rescue, other), Err(RescueError::Closed(_))));
        let content = std::fs::read(rescue.path(change)).unwrap();
        assert!(!content.windows(8).any(|part| part == b"vvvvvvvv"));
        std::fs::write(rescue.path(other), b"short").unwrap();
        assert!(matches!(open(&rescue, other), Err(RescueError::Closed(_))));
        rescue.discard(change).unwrap();
        rescue.discard(change).unwrap();
        assert_eq!(open(&rescue, change).unwrap(), None);
    }
}
