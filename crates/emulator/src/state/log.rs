//! The state's log: transactions of changes, sealed, one behind the other in one file.
//!
//! The file begins with a line that says what it is and with a salt. Each frame is the length of what follows (four
//! bytes, the least significant first) and a transaction, sealed with ChaCha20-Poly1305 under a key that is derived
//! from the state's and the salt. The nonce is the frame's number: no salt is used for two files, and a file is never
//! written on after a restart, so that no nonce is used twice.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;

use super::key::StateKey;
use super::rows::Change;
use crate::credential::random;

const HEAD: &[u8] = b"flarekeep state 2\n";
const SALT: usize = 32;
const TAG: usize = 16;
/// Rows of a whole state that are sealed together.
const TOGETHER: usize = 1000;

/// A log that is written.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    seal: Seal,
    /// Bytes that are known to be whole.
    length: u64,
    /// A frame that was not written whole could not be taken back: nothing can follow it.
    broken: bool,
}

/// Why a log cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum LogError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("{0}")]
    Content(String),
}

#[derive(Debug)]
struct Seal {
    key: LessSafeKey,
    frames: u64,
}

impl Log {
    /// Writes a new log with these rows beside `path`, and puts it there once it is on the disk.
    pub(super) fn write(path: &Path, key: &StateKey, rows: &[Change]) -> io::Result<Self> {
        let beside = path.with_extension("new");
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        let salt: [u8; SALT] = random();
        let mut seal = Seal::new(key, &salt)?;
        let mut out = BufWriter::new(&file);
        out.write_all(HEAD)?;
        out.write_all(&salt)?;
        for some in rows.chunks(TOGETHER) {
            out.write_all(&seal.frame(some)?)?;
        }
        out.flush()?;
        drop(out);
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
        if let Some(folder) = path.parent() {
            File::open(folder)?.sync_all()?;
        }
        let length = file.metadata()?.len();
        Ok(Self { file, seal, length, broken: false })
    }

    /// Adds a transaction. When this returns, it outlives the process and the machine.
    pub(super) fn append(&mut self, changes: &[Change]) -> io::Result<()> {
        // A file that was removed still takes what nobody will ever read.
        if self.broken || self.file.metadata()?.nlink() == 0 {
            return Err(io::Error::other("the log is gone"));
        }
        let frame = self.seal.frame(changes)?;
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.length += frame.len() as u64,
            // What is half written is cut off, or else nothing may follow it. The frame's number stays used.
            Err(_) => self.broken = self.cut().is_err(),
        }
        written
    }

    /// How many bytes the log has.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    fn cut(&mut self) -> io::Result<()> {
        use std::io::{Seek, SeekFrom};
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.sync_all()
    }
}

/// The transactions of a log, each given to `take`. What was cut off at the end was never acknowledged, and is left out.
pub(super) fn read(
    path: &Path,
    key: &StateKey,
    mut take: impl FnMut(Vec<Change>) -> Result<(), String>,
) -> Result<(), LogError> {
    let mut file = io::BufReader::new(File::open(path)?);
    let mut head = [0; HEAD.len() + SALT];
    let other = || LogError::Content("it is no log of this version".to_owned());
    file.read_exact(&mut head).map_err(|_| other())?;
    let (head, salt) = head.split_at(HEAD.len());
    if head != HEAD {
        return Err(other());
    }
    let mut seal = Seal::new(key, salt)?;
    let mut rest = file.get_ref().metadata()?.len().saturating_sub((HEAD.len() + SALT) as u64);
    while rest > 4 {
        let mut length = [0; 4];
        file.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length));
        rest -= 4;
        if length > rest || length < TAG as u64 {
            return Ok(());
        }
        rest -= length;
        let mut frame = vec![0; usize::try_from(length).map_err(|_| other())?];
        file.read_exact(&mut frame)?;
        match seal.open(&mut frame) {
            Some(text) => {
                let changes = serde_json::from_slice(text).map_err(|error| LogError::Content(error.to_string()))?;
                take(changes).map_err(LogError::Content)?;
            }
            None if seal.frames > 1 && rest == 0 => return Ok(()),
            None => {
                return Err(LogError::Content("its key is another's, or it was changed by something else".to_owned()));
            }
        }
    }
    Ok(())
}

impl Seal {
    fn new(key: &StateKey, salt: &[u8]) -> io::Result<Self> {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()), salt);
        let key = UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref()).map_err(|_| io::Error::other("no key"))?;
        Ok(Self { key: LessSafeKey::new(key), frames: 0 })
    }

    fn frame(&mut self, changes: &[Change]) -> io::Result<Vec<u8>> {
        let mut text = serde_json::to_vec(changes)?;
        let nonce = self.nonce();
        self.key.seal_in_place_append_tag(nonce, Aad::empty(), &mut text).map_err(|_| io::Error::other("too long"))?;
        let length = u32::try_from(text.len()).map_err(|_| io::Error::other("too long"))?;
        let mut frame = length.to_le_bytes().to_vec();
        frame.append(&mut text);
        Ok(frame)
    }

    fn open<'a>(&mut self, frame: &'a mut [u8]) -> Option<&'a [u8]> {
        let nonce = self.nonce();
        self.key.open_in_place(nonce, Aad::empty(), frame).ok().map(|text| &*text)
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = [0; 12];
        let (_, number) = nonce.split_at_mut(4);
        number.copy_from_slice(&self.frames.to_le_bytes());
        self.frames += 1;
        Nonce::assume_unique_for_key(nonce)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: usize) -> Change {
        Change { place: vec!["t".to_owned(), number.to_string()], row: Some(number.into()) }
    }

    fn numbers(path: &Path, key: &StateKey) -> Result<Vec<usize>, LogError> {
        let mut found = Vec::new();
        read(path, key, |changes| {
            found.extend(changes.iter().map(|change| change.place[1].parse::<usize>().unwrap()));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn a_log_that_is_cut_anywhere_holds_what_was_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log"), StateKey::random());
        let mut log = Log::write(&path, &key, &[change(0), change(1)]).unwrap();
        let mut ends = vec![log.length()];
        for number in 2..5 {
            log.append(&[change(number)]).unwrap();
            ends.push(log.length());
        }
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(whole.len() as u64, log.length());
        assert!(!whole.windows(8).any(|some| some == b"\"at\":[\"t"), "it is sealed");
        for length in ends[0]..=log.length() {
            std::fs::write(&path, &whole[..usize::try_from(length).unwrap()]).unwrap();
            let frames = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(numbers(&path, &key).unwrap(), (0..=frames).collect::<Vec<_>>(), "{length}");
        }
    }

    #[test]
    fn what_was_changed_or_has_another_key_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log"), StateKey::random());
        let mut log = Log::write(&path, &key, &[change(0)]).unwrap();
        log.append(&[change(1)]).unwrap();
        log.append(&[change(2)]).unwrap();
        assert!(numbers(&path, &StateKey::random()).is_err());
        let whole = std::fs::read(&path).unwrap();
        let first = HEAD.len() + SALT;
        for at in [first + 4, first + 10] {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            std::fs::write(&path, changed).unwrap();
            assert!(numbers(&path, &key).is_err(), "{at}");
        }
        for text in [&b""[..], b"{}", &whole[..first - 1]] {
            std::fs::write(&path, text).unwrap();
            assert!(numbers(&path, &key).is_err());
        }
    }

    #[test]
    fn a_log_that_was_removed_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = Log::write(&path, &StateKey::random(), &[]).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(log.append(&[change(0)]).is_err());
    }
}
