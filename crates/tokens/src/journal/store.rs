//! Where a journal is kept: the seam between what is written down and the database that keeps it.

use std::any::Any;
use std::fmt;

use flarekeep_cloudflare::BoxFuture;
use jiff::Timestamp;

use super::{Change, ChangeId, Holding, Progress, Step, Subject};

/// A change with the steps that were written down for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The change.
    pub change: Change,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

impl Entry {
    /// How far it is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        Progress::after(self.change.sinks.len(), &self.steps)
    }
}

/// What is known of a subject's token when a change of it is finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<'a> {
    /// What was known before.
    AsBefore,
    /// This.
    Holding(&'a Holding),
    /// That there is none any more.
    Nothing,
}

/// Holds a subject for as long as it lives. The lock of a process that is killed is free again.
#[must_use]
pub struct Lock(#[allow(dead_code, reason = "it is held, and dropped")] Box<dyn Any + Send + Sync>);

impl Lock {
    /// A lock that whoever drops `guard` gives back.
    pub fn new(guard: impl Any + Send + Sync) -> Self {
        Self(Box::new(guard))
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

/// A journal that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal at {place} {what}: {reason}")]
pub struct JournalError {
    /// Where it is; without a password.
    pub place: String,
    /// What failed.
    pub what: &'static str,
    /// Why.
    pub reason: String,
    /// What kind of failure it is.
    pub cause: JournalCause,
}

/// Why a journal cannot be read or written, as far as it decides what mends it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum JournalCause {
    /// Something else.
    #[default]
    Other,
    /// The address is not one, or there is no such database.
    Address,
    /// Nobody answers, or the connection broke; with it a lock that it held is lost.
    Unreachable,
    /// The server refuses the name, the password, or what is asked.
    Refused,
    /// A newer program has written it.
    Newer,
    /// The folder or a file of it cannot be used.
    Folder,
    /// It is no journal, or was damaged.
    Damaged,
    /// Another run holds the subject's lock, and was waited for.
    Busy,
}

/// Keeps a journal. What a call has written when it returns outlives the process and the machine's power.
pub trait Store: Send + Sync + fmt::Debug {
    /// Where it is, for people.
    fn place(&self) -> String;

    /// Writes down a change that is about to begin.
    fn begin<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<(), JournalError>>;

    /// Writes down a step of a change that is not finished.
    fn append<'a>(&'a self, change: ChangeId, step: &'a Step) -> BoxFuture<'a, Result<(), JournalError>>;

    /// Writes down the last step, and in the same transaction what is known of the subject's token from now on.
    fn finish<'a>(
        &'a self,
        change: &'a Change,
        last: &'a Step,
        known: Known<'a>,
    ) -> BoxFuture<'a, Result<(), JournalError>>;

    /// The changes that were begun and not finished, oldest first.
    fn unfinished(&self) -> BoxFuture<'_, Result<Vec<Entry>, JournalError>>;

    /// The change of this subject that was finished last, and when.
    fn last_finished<'a>(
        &'a self,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<(Entry, Timestamp)>, JournalError>>;

    /// What is known of living tokens.
    fn holdings(&self) -> BoxFuture<'_, Result<Vec<Holding>, JournalError>>;

    /// Puts a holding in the place of what was known of its subject.
    fn keep<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), JournalError>>;

    /// Forgets a subject's holding.
    fn forget<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<(), JournalError>>;

    /// Takes the subject for this process alone, waiting as long as another has it. Where the lock can be lost, a write
    /// about the subject fails from then on until the lock is dropped.
    fn lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Lock, JournalError>>;

    /// The same without waiting: `None` while another has it.
    fn try_lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Option<Lock>, JournalError>>;
}
