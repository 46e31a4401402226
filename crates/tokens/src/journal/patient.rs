//! A journal whose locks are not waited for without a word, nor for ever.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flarekeep_cloudflare::BoxFuture;
use jiff::Timestamp;

use super::{Change, ChangeId, Entry, Holding, JournalCause, JournalError, Known, Lock, Step, Store, Subject};

/// How often a lock that another run has is asked for.
const PAUSE: Duration = Duration::from_millis(100);

/// Is told which subject is waited for.
pub type OnWait = Box<dyn Fn(&Subject) + Send + Sync>;

/// Another journal, with its own way of waiting for a lock.
pub struct Patient {
    journal: Arc<dyn Store>,
    /// After this long it is told that there is a wait.
    quiet: Duration,
    /// After this long the wait is given up.
    longest: Duration,
    told: OnWait,
}

impl Patient {
    /// A journal that waits at most `longest` for a lock, and tells of the wait once it lasts longer than `quiet`.
    #[must_use]
    pub fn new(journal: Arc<dyn Store>, quiet: Duration, longest: Duration, told: OnWait) -> Self {
        Self { journal, quiet, longest, told }
    }

    /// Asks again and again: a wait in the system could not be given up.
    async fn waited(&self, subject: &Subject) -> Result<Lock, JournalError> {
        let (begun, mut is_told) = (Instant::now(), false);
        loop {
            if let Some(lock) = self.journal.try_lock(subject).await? {
                return Ok(lock);
            }
            let waited = begun.elapsed();
            if waited >= self.longest {
                return Err(JournalError {
                    place: self.journal.place(),
                    what: "is in use",
                    reason: format!("another run is at work on `{}`", subject.name),
                    cause: JournalCause::Busy,
                });
            }
            if waited >= self.quiet && !is_told {
                is_told = true;
                (self.told)(subject);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Patient({:?}, {:?})", self.journal, self.longest)
    }
}

impl Store for Patient {
    fn place(&self) -> String {
        self.journal.place()
    }

    fn begin<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<(), JournalError>> {
        self.journal.begin(change)
    }

    fn append<'a>(&'a self, change: ChangeId, step: &'a Step) -> BoxFuture<'a, Result<(), JournalError>> {
        self.journal.append(change, step)
    }

    fn finish<'a>(
        &'a self,
        change: &'a Change,
        last: &'a Step,
        known: Known<'a>,
    ) -> BoxFuture<'a, Result<(), JournalError>> {
        self.journal.finish(change, last, known)
    }

    fn unfinished(&self) -> BoxFuture<'_, Result<Vec<Entry>, JournalError>> {
        self.journal.unfinished()
    }

    fn last_finished<'a>(
        &'a self,
        subject: &'a Subject,
    ) -> BoxFuture<'a, Result<Option<(Entry, Timestamp)>, JournalError>> {
        self.journal.last_finished(subject)
    }

    fn holdings(&self) -> BoxFuture<'_, Result<Vec<Holding>, JournalError>> {
        self.journal.holdings()
    }

    fn keep<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), JournalError>> {
        self.journal.keep(holding)
    }

    fn forget<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<(), JournalError>> {
        self.journal.forget(subject)
    }

    fn lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Lock, JournalError>> {
        Box::pin(self.waited(subject))
    }

    fn try_lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Option<Lock>, JournalError>> {
        self.journal.try_lock(subject)
    }
}
