//! The journal of a team: a PostgreSQL database that all its machines reach.
//!
//! A subject is locked by an advisory lock of the session of one connection, and what is written about the subject while
//! it is locked goes through that connection. So a write tells at once whether the lock is still held: with the
//! connection the server gives the lock back, and then the write fails. Nothing is connected anew while a lock is held.

mod address;
mod lines;

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flarekeep_cloudflare::BoxFuture;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::{Connection, PgConnection};
use tokio::sync::{Mutex as AsyncMutex, OwnedMappedMutexGuard, OwnedMutexGuard};

use super::sql::{self, sql_store};
use super::{Change, ChangeId, Entry, Holding, JournalCause, JournalError, Known, Lock, Step, Subject};
use lines::{Line, Lines};

/// When an answer is given up that does not come. The server gives a statement up before ([`lines`]).
const PATIENCE: Duration = Duration::from_secs(45);

/// A journal in a PostgreSQL database.
pub struct Postgres {
    lines: Arc<Lines>,
    held: Arc<Held>,
    /// The subjects of changes that were written about under a lock.
    subjects: Mutex<HashMap<ChangeId, String>>,
}

/// The subjects that this journal has locked, by their keys, each with its connection.
type Held = Mutex<HashMap<String, Arc<Session>>>;

/// The connection that holds a lock; `None` once the lock was given back.
type Session = AsyncMutex<Option<PgConnection>>;

sql_store!(Postgres, PgConnection);

impl Postgres {
    const HAS_TABLES: &str = "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('flarekeep_schema')";
    /// Two that make the same table at once are in each other's way, `IF NOT EXISTS` or not; the number means nothing.
    const ALONE: &str = "BEGIN; SELECT pg_advisory_xact_lock(5720614487163024961)";

    /// Opens the journal in the database that the URL names (`postgres://NAME:PASSWORD@HOST:PORT/DATABASE?sslmode=…`),
    /// and makes its tables if they are not there.
    ///
    /// # Errors
    /// When the URL is not one, the server does not answer within ten seconds or refuses, or a newer program has written
    /// the journal. No error holds the URL or the password.
    pub async fn open(url: &str) -> Result<Self, JournalError> {
        let options = address::parse(url)?;
        let journal = Self { lines: Arc::new(Lines::new(options)), held: Arc::default(), subjects: Mutex::default() };
        journal
            .in_time(async {
                let mut line =
                    journal.lines.line().await.map_err(|error| journal.failed("cannot be opened", &error))?;
                journal.prepare(&mut line).await
            })
            .await?;
        Ok(journal)
    }

    fn shown_place(&self) -> String {
        self.lines.place().to_owned()
    }

    fn error(&self, what: &'static str, reason: &dyn Display) -> JournalError {
        JournalError { place: self.shown_place(), what, reason: reason.to_string(), cause: JournalCause::Other }
    }

    fn failed(&self, what: &'static str, error: &sqlx::Error) -> JournalError {
        JournalError { cause: cause(error), ..self.error(what, error) }
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, JournalError>>) -> Result<T, JournalError> {
        tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| {
            let reason = format!("no answer for {} seconds", PATIENCE.as_secs());
            Err(JournalError { cause: JournalCause::Unreachable, ..self.error("does not answer", &reason) })
        })
    }

    async fn reading(&self) -> Result<Line, JournalError> {
        self.lines.line().await.map_err(|error| self.unread(&error))
    }

    /// The connection that holds the subject's lock, where this journal has locked it; else any.
    async fn writing(&self, about: sql::About<'_>) -> Result<Writing, JournalError> {
        let session = match about {
            _ if of(&self.held).is_empty() => None,
            sql::About::Subject(subject) => of(&self.held).get(&subject.key()).cloned(),
            sql::About::Change(change) => {
                let key = self.subject_of(change).await?;
                of(&self.held).get(&key).cloned()
            }
        };
        match session {
            Some(session) => OwnedMutexGuard::try_map(session.lock_owned().await, Option::as_mut)
                .map(Writing::Locked)
                .map_err(|_| self.error("cannot be written", &"the lock was given back meanwhile")),
            None => self.lines.line().await.map(Writing::Free).map_err(|error| self.unwritten(&error)),
        }
    }

    async fn subject_of(&self, change: ChangeId) -> Result<String, JournalError> {
        if let Some(key) = of(&self.subjects).get(&change) {
            return Ok(key.clone());
        }
        let mut line = self.reading().await?;
        let key: String = sqlx::query_scalar(sql::SUBJECT)
            .bind(change.to_string())
            .fetch_one(&mut *line)
            .await
            .map_err(|error| self.unread(&error))?;
        of(&self.subjects).insert(change, key.clone());
        Ok(key)
    }

    async fn hold(&self, key: String, wait: bool) -> Result<Option<Lock>, JournalError> {
        let failed = |error: sqlx::Error| self.failed("cannot be locked", &error);
        self.lines.settled().await;
        let mut line = self.in_time(async { self.lines.connection().await.map_err(failed) }).await?;
        let number = number_of(&key);
        loop {
            let locked = async {
                if !wait {
                    let query = sqlx::query_scalar("SELECT pg_try_advisory_lock($1)").bind(number);
                    return query.fetch_one(&mut line).await.map_err(failed);
                }
                match sqlx::query("SELECT pg_advisory_lock($1)").bind(number).execute(&mut line).await {
                    Ok(_) => Ok(true),
                    // The wait is broken off now and then, so that a server that is gone is noticed.
                    Err(error) if code(&error).as_deref() == Some(LOCK_NOT_AVAILABLE) => Ok(false),
                    Err(error) => Err(failed(error)),
                }
            };
            match self.in_time(locked).await? {
                true => break,
                false if wait => {}
                false => {
                    self.lines.give_back(line);
                    return Ok(None);
                }
            }
        }
        let session: Arc<Session> = Arc::new(AsyncMutex::new(Some(line)));
        of(&self.held).insert(key.clone(), session.clone());
        Ok(Some(Lock::new(Guard { key, session, held: self.held.clone(), lines: self.lines.clone() })))
    }
}

/// The host and the database, and nothing of the rest.
impl fmt::Debug for Postgres {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Postgres({})", self.lines.place())
    }
}

/// A connection to write with.
enum Writing {
    Free(Line),
    Locked(OwnedMappedMutexGuard<Option<PgConnection>, PgConnection>),
}

impl Deref for Writing {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Free(line) => line,
            Self::Locked(line) => line,
        }
    }
}

impl DerefMut for Writing {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Free(line) => line,
            Self::Locked(line) => line,
        }
    }
}

/// Gives the lock back when it is dropped.
struct Guard {
    key: String,
    session: Arc<Session>,
    held: Arc<Held>,
    lines: Arc<Lines>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        of(&self.held).remove(&self.key);
        let (session, lines) = (self.session.clone(), self.lines.clone());
        // Without a runtime the connection is closed, and the server gives the lock back by itself.
        self.lines.release(async move {
            let Some(mut line) = session.lock().await.take() else { return };
            if sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut line).await.is_ok() {
                lines.give_back(line);
            }
        });
    }
}

/// The SQLSTATE of a lock that was waited for too long.
const LOCK_NOT_AVAILABLE: &str = "55P03";

fn code(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// By the classes of SQLSTATE (PostgreSQL's manual, appendix A).
fn cause(error: &sqlx::Error) -> JournalCause {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_) => JournalCause::Unreachable,
        sqlx::Error::Configuration(_) => JournalCause::Address,
        _ => match code(error).unwrap_or_default().as_str() {
            // Invalid authorization; insufficient privilege.
            code if code.starts_with("28") || code == "42501" => JournalCause::Refused,
            // Invalid catalog name: there is no such database.
            "3D000" => JournalCause::Address,
            // Connection exceptions, too many connections, and operator intervention.
            code if code.starts_with("08") || code == "53300" || code.starts_with("57P") => JournalCause::Unreachable,
            _ => JournalCause::Other,
        },
    }
}

/// The number that stands for a subject among the database's advisory locks. Two that share one wait for each other
/// without need, and no harm is done.
fn number_of(key: &str) -> i64 {
    let sum = Sha256::new().chain_update(b"flarekeep subject\0").chain_update(key).finalize();
    sum.iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}

/// What a mutex holds; nothing that panics is done while one is held.
fn of<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
