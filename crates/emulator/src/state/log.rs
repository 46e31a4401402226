//! The state's log: transactions of changes, sealed, one behind the other in one file.
//!
//! The file begins with a line that says what it is and with a salt. Each frame has a head (the length of what follows, the
//! frame's number, and a checksum of both) and a transaction, sealed with ChaCha20-Poly1305 under a key that is derived
//! from the state's and the salt; the head is authenticated with it. The nonce is the frame's number, which counts up and
//! is never used again, not even where a frame could not be written. No salt is used for two files, and a file is never
//! written on after a restart.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
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
/// A frame's head: four bytes of length, eight of number, four of checksum, each the least significant first.
const FRAME: usize = 16;

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

/// What came of reading a log.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    /// What was being written when the process ended, and so was never acknowledged, is left out.
    CutOff,
}

impl Log {
    /// Writes a new log beside `path`, and puts it there once it is on the disk. `fill` is given what takes its
    /// transactions.
    pub(super) fn write(
        path: &Path,
        key: &StateKey,
        fill: impl FnOnce(&mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()>,
    ) -> io::Result<Self> {
        let beside = path.with_extension("new");
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
        let salt: [u8; SALT] = random();
        let mut seal = Seal::new(key, &salt)?;
        let mut out = BufWriter::new(&file);
        out.write_all(HEAD)?;
        out.write_all(&salt)?;
        fill(&mut |changes| out.write_all(&seal.frame(changes)?))?;
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

    /// Adds a transaction, a list of changes as JSON. When this returns, it outlives the process and the machine.
    pub(super) fn append(&mut self, changes: &[u8]) -> io::Result<()> {
        // A file that was removed still takes what nobody will ever read.
        if self.broken || self.file.metadata()?.nlink() == 0 {
            return Err(io::Error::other("the log is gone"));
        }
        let frame = self.seal.frame(changes)?;
        let written = self.file.write_all(&frame).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.length += frame.len() as u64,
            // What is half written is cut off, or else nothing may follow it.
            Err(_) => self.broken = self.cut().is_err(),
        }
        written
    }

    /// How many bytes the log has.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.sync_all()
    }
}

/// The transactions of a log, each given to `take`.
pub(super) fn read(
    path: &Path,
    key: &StateKey,
    mut take: impl FnMut(Vec<Change>) -> Result<(), String>,
) -> Result<End, LogError> {
    let mut file = io::BufReader::new(File::open(path)?);
    let mut head = [0; HEAD.len() + SALT];
    let other = || LogError::Content("it is no log of this version".to_owned());
    file.read_exact(&mut head).map_err(|_| other())?;
    let (head, salt) = head.split_at(HEAD.len());
    if head != HEAD {
        return Err(other());
    }
    let changed = || LogError::Content("its key is another's, or it was changed by something else".to_owned());
    let mut seal = Seal::new(key, salt)?;
    let mut rest = file.get_ref().metadata()?.len().saturating_sub((HEAD.len() + SALT) as u64);
    while rest > 0 {
        let mut head = [0; FRAME];
        if rest < FRAME as u64 {
            return Ok(End::CutOff);
        }
        file.read_exact(&mut head)?;
        rest -= FRAME as u64;
        let Some((length, number)) = parsed(&head) else {
            // The file may have grown before its content came. Anything else was never written by an emulator.
            let mut tail = Vec::new();
            file.take(1 << 20).read_to_end(&mut tail)?;
            return if tail.iter().all(|byte| *byte == 0) { Ok(End::CutOff) } else { Err(changed()) };
        };
        if length > rest {
            return Ok(End::CutOff);
        }
        rest -= length;
        let mut frame = vec![0; usize::try_from(length).map_err(|_| other())?];
        file.read_exact(&mut frame)?;
        match seal.open(&head, number, &mut frame) {
            Some(text) => {
                let changes = serde_json::from_slice(text).map_err(|error| LogError::Content(error.to_string()))?;
                take(changes).map_err(LogError::Content)?;
            }
            // Its pages may be on the disk in part. The first frame was whole before the file had its name.
            None if rest == 0 && seal.frames > 0 => return Ok(End::CutOff),
            None => return Err(changed()),
        }
    }
    Ok(End::Whole)
}

/// The length and the number in a frame's head, where its checksum holds.
fn parsed(head: &[u8; FRAME]) -> Option<(u64, u64)> {
    let (told, sum) = head.split_last_chunk::<4>()?;
    let (length, number) = told.split_first_chunk::<4>()?;
    let whole = crc32fast::hash(told) == u32::from_le_bytes(*sum);
    whole.then_some((u64::from(u32::from_le_bytes(*length)), u64::from_le_bytes(number.try_into().ok()?)))
}

impl Seal {
    fn new(key: &StateKey, salt: &[u8]) -> io::Result<Self> {
        let derived = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.bytes()), salt);
        let key = UnboundKey::new(&CHACHA20_POLY1305, derived.as_ref()).map_err(|_| io::Error::other("no key"))?;
        Ok(Self { key: LessSafeKey::new(key), frames: 0 })
    }

    fn frame(&mut self, changes: &[u8]) -> io::Result<Vec<u8>> {
        let long = || io::Error::other("the change is too long");
        let number = self.frames;
        self.frames += 1;
        let length = u32::try_from(changes.len() + TAG).map_err(|_| long())?;
        let mut frame = Vec::with_capacity(FRAME + changes.len() + TAG);
        frame.extend(length.to_le_bytes());
        frame.extend(number.to_le_bytes());
        frame.extend(crc32fast::hash(&frame).to_le_bytes());
        let head = frame.clone();
        let mut text = changes.to_vec();
        self.key.seal_in_place_append_tag(nonce(number), Aad::from(head), &mut text).map_err(|_| long())?;
        frame.append(&mut text);
        Ok(frame)
    }

    /// Opens a frame, whose number must be greater than those before it.
    fn open<'a>(&mut self, head: &[u8], number: u64, frame: &'a mut [u8]) -> Option<&'a [u8]> {
        let text = self.key.open_in_place(nonce(number), Aad::from(head), frame).ok()?;
        let next = number >= self.frames;
        self.frames = number + 1;
        next.then_some(text)
    }
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    let (_, end) = nonce.split_at_mut(4);
    end.copy_from_slice(&number.to_le_bytes());
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(number: usize) -> Vec<u8> {
        format!(r#"[{{"at":["t","{number}"],"is":{number}}}]"#).into_bytes()
    }

    fn begun(path: &Path, key: &StateKey, with: &[usize]) -> Log {
        Log::write(path, key, |take| with.iter().try_for_each(|number| take(&change(*number)))).unwrap()
    }

    fn numbers(path: &Path, key: &StateKey) -> Result<Vec<usize>, LogError> {
        let mut found = Vec::new();
        let _ = read(path, key, |changes| {
            found.extend(changes.iter().map(|change| change.place[1].parse::<usize>().unwrap()));
            Ok(())
        })?;
        Ok(found)
    }

    #[test]
    fn a_log_that_is_cut_anywhere_holds_what_was_whole() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log"), StateKey::random());
        let mut log = begun(&path, &key, &[0]);
        let mut ends = vec![log.length()];
        for number in 1..4 {
            log.append(&change(number)).unwrap();
            ends.push(log.length());
        }
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(whole.len() as u64, log.length());
        assert!(!whole.windows(8).any(|some| some == b"\"at\":[\"t"), "it is sealed");
        for length in ends[0]..=log.length() {
            std::fs::write(&path, &whole[..usize::try_from(length).unwrap()]).unwrap();
            let frames = ends.iter().filter(|end| **end <= length).count();
            assert_eq!(numbers(&path, &key).unwrap(), (0..frames).collect::<Vec<_>>(), "{length}");
        }
    }

    #[test]
    fn what_was_changed_or_has_another_key_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log"), StateKey::random());
        let mut log = begun(&path, &key, &[0]);
        log.append(&change(1)).unwrap();
        log.append(&change(2)).unwrap();
        assert!(numbers(&path, &StateKey::random()).is_err());
        let whole = std::fs::read(&path).unwrap();
        let first = HEAD.len() + SALT;
        // Every bit but those of the last frame, which may be one that was not written whole.
        let last = whole.len() - (FRAME + TAG + change(2).len());
        for at in first..last {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                std::fs::write(&path, changed).unwrap();
                assert!(numbers(&path, &key).is_err(), "{at}");
            }
        }
        for text in [&b""[..], b"{}", &whole[..first - 1]] {
            std::fs::write(&path, text).unwrap();
            assert!(numbers(&path, &key).is_err());
        }
    }

    /// A number that was used for what could not be written is not used again, and is not missed.
    #[test]
    fn a_failed_frame_loses_none_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let (path, key) = (folder.path().join("log"), StateKey::random());
        let mut log = begun(&path, &key, &[0]);
        log.append(&change(1)).unwrap();
        // What a full disk leaves: half a frame, then cut off.
        let half = log.seal.frame(&change(2)).unwrap();
        log.file.write_all(&half[..half.len() / 2]).unwrap();
        log.cut().unwrap();
        log.append(&change(3)).unwrap();
        log.append(&change(4)).unwrap();
        assert_eq!(numbers(&path, &key).unwrap(), [0, 1, 3, 4]);
        // A file that grew before its content came.
        let mut whole = std::fs::read(&path).unwrap();
        whole.extend([0; 5000]);
        std::fs::write(&path, whole).unwrap();
        assert_eq!(numbers(&path, &key).unwrap(), [0, 1, 3, 4]);
    }

    #[test]
    fn a_log_that_was_removed_takes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = begun(&path, &StateKey::random(), &[]);
        std::fs::remove_file(&path).unwrap();
        assert!(log.append(&change(0)).is_err());
    }
}
