//! The state on disk: a folder with one log, which each change is in before it is acknowledged.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::key::StateKey;
use super::log::{self, End, Log, LogError};
use super::rows::{Change, Changes, Rows};
use super::{State, tokens};

const FILE: &str = "state.log";
/// What is kept of a log whose end was cut off, as it was found.
const CUT_OFF: &str = "state.log.cut-off";
const LOCK: &str = "lock";
const KEY: &str = "key";
/// What the format before this one was kept in.
const OLDER: &str = "state.json";
/// Where tokens' last uses stand among the rows.
const USES: &str = "last_used";
/// How often, at most, tokens' last uses are written with a change: they are many, and no change waits for them.
const NOTED_EVERY: Duration = Duration::from_secs(1);
/// A log is written anew when it has grown by this, and to twice what it was.
const GROWTH: u64 = 64 << 20;

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
    /// The file is not one that this version wrote, or was sealed with another key.
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
    path: PathBuf,
    key: StateKey,
    written: Mutex<Written>,
    /// Held as long as the store lives.
    _lock: File,
}

#[derive(Debug)]
struct Written {
    log: Log,
    /// How long the log was when it was written anew.
    whole: u64,
    /// Tokens' last uses, as the log has them, and since when.
    uses: tokens::Uses,
    noted: Instant,
}

impl Store {
    /// Opens the folder, which is made with mode 0700 where it is absent, and gives the state in it, or else the one
    /// that `begin` gives. Without a key, one is kept in the folder.
    pub(crate) fn open(
        folder: &Path,
        key: Option<StateKey>,
        begin: impl FnOnce() -> Result<State, String>,
    ) -> Result<(Self, State), OpenError> {
        let failed = |source| OpenError::Folder { path: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let lock = File::create(folder.join(LOCK)).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => OpenError::InUse { path: folder.to_owned() },
            fs::TryLockError::Error(source) => failed(source),
        })?;
        let key = key.map_or_else(|| StateKey::in_file(&folder.join(KEY)), Ok).map_err(failed)?;
        let path = folder.join(FILE);
        let unreadable = |path: PathBuf, problem: String| OpenError::Unreadable { path, problem };
        let state = match loaded(&path, &key) {
            Ok((state, End::Whole)) => state,
            Ok((state, End::CutOff)) => {
                // What was cut off was never acknowledged, unless the disk lost it: then it can still be looked at.
                let kept = folder.join(CUT_OFF);
                let _ = fs::remove_file(&kept);
                fs::hard_link(&path, kept).map_err(failed)?;
                state
            }
            Err(LogError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {
                let older = folder.join(OLDER);
                if older.exists() {
                    return Err(unreadable(older, "an older version wrote it".to_owned()));
                }
                begin().map_err(|problem| unreadable(path.clone(), problem))?
            }
            Err(LogError::Io(error)) => return Err(failed(error)),
            Err(LogError::Content(problem)) => return Err(unreadable(path, problem)),
        };
        // Always anew: what was cut off is gone for good, and no log is written on with a nonce that was used.
        let log = Log::write(&path, &key, |take| whole(&state, take)).map_err(failed)?;
        let written = Written { whole: log.length(), log, uses: state.tokens.uses(), noted: Instant::now() };
        Ok((Self { path, key, written: Mutex::new(written), _lock: lock }, state))
    }

    /// Writes what makes the new state of the old. When this returns, it outlives the process and the machine.
    pub(crate) fn save(&self, old: &State, new: &State) -> io::Result<()> {
        let mut changes = Changes::together();
        State::compare(Some(old), new, &mut changes);
        let Some(changes) = changes.finish()? else { return Ok(()) };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.log.append(&changes)?;
        if written.noted.elapsed() >= NOTED_EVERY {
            // The change is safe; that the uses are not does no harm to it.
            let _ = written.note(new);
        }
        if written.log.length() > 2 * written.whole + GROWTH {
            // The change is safe in the old log; where there is no room for a new one, the old one goes on.
            if let Ok(log) = Log::write(&self.path, &self.key, |take| whole(new, take)) {
                written.log = log;
            }
            written.whole = written.log.length();
        }
        Ok(())
    }

    /// Writes when tokens were used last, as far as no change has taken it along.
    pub(crate) fn note_uses(&self, state: &State) -> io::Result<()> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner).note(state)
    }
}

impl Written {
    fn note(&mut self, state: &State) -> io::Result<()> {
        let uses = state.tokens.uses();
        let mut changes = Changes::together();
        later(&self.uses, &uses, &mut changes);
        if let Some(changes) = changes.finish()? {
            self.log.append(&changes)?;
        }
        (self.uses, self.noted) = (uses, Instant::now());
        Ok(())
    }
}

/// Gives the rows of a whole state, in lists of JSON.
pub(crate) fn rows(state: &State, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut changes = Changes::in_parts(take);
    State::compare(None, state, &mut changes);
    changes.finish().map(drop)
}

fn whole(state: &State, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    rows(state, take)?;
    let mut changes = Changes::in_parts(take);
    later(&tokens::Uses::default(), &state.tokens.uses(), &mut changes);
    changes.finish().map(drop)
}

fn loaded(path: &Path, key: &StateKey) -> Result<(State, End), LogError> {
    let (mut slot, mut uses) = (None, tokens::Uses::default());
    let end = log::read(path, key, |changes| {
        for Change { place, row } in changes {
            match place.as_slice() {
                [first, id] if first == USES => {
                    uses.insert(id.clone(), row.as_ref().and_then(Value::as_i64).unwrap_or_default());
                }
                place => State::apply(&mut slot, place, row).map_err(|error| error.to_string())?,
            }
        }
        Ok(())
    })?;
    let mut state: State = slot.unwrap_or_default();
    state.objects.recount();
    state.tokens.note_uses(&uses);
    Ok((state, end))
}

fn later(before: &tokens::Uses, after: &tokens::Uses, changes: &mut Changes) {
    let other = after.iter().filter(|(id, at)| before.get(*id) != Some(at));
    changes.below(USES, |changes| other.for_each(|(id, at)| changes.below(id, |changes| changes.is(at))));
}
