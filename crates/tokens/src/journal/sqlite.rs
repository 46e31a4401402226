//! The journal of one user on one machine: an SQLite database in the state folder.

use std::fmt::Display;
use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flarekeep_cloudflare::BoxFuture;
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};

use super::sql::{self, sql_store};
use super::{Change, ChangeId, Entry, Holding, JournalCause, JournalError, Known, Lock, Step, Subject};

/// How long a writer waits for another one.
const BUSY: Duration = Duration::from_secs(30);

/// A journal in a folder: `journal.sqlite`, and a file for each subject that is locked.
#[derive(Debug)]
pub struct Sqlite {
    pool: SqlitePool,
    folder: PathBuf,
}

sql_store!(Sqlite, SqliteConnection);

impl Sqlite {
    const HAS_TABLES: &str = "SELECT count(*) FROM sqlite_master WHERE name = 'flarekeep_schema'";
    const ALONE: &str = "BEGIN IMMEDIATE";

    /// Opens the journal in the folder, which only its owner may enter; both are made if they are not there.
    ///
    /// # Errors
    /// When the folder cannot be made or the database cannot be opened.
    pub async fn open(folder: &Path) -> Result<Self, JournalError> {
        let failed = |error: &dyn Display| error_at(folder, "cannot be opened", error);
        let locks = folder.join("locks");
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&locks).map_err(|error| failed(&error))?;
        let file = folder.join("journal.sqlite");
        // Made here first, so that it never has another mode than this.
        OpenOptions::new().create(true).append(true).mode(0o600).open(&file).map_err(|error| failed(&error))?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .journal_mode(SqliteJournalMode::Wal)
            // What was written outlives a power failure.
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
        let pool = pool.map_err(|error| JournalError { cause: cause(&error), ..failed(&error) })?;
        let journal = Self { pool, folder: folder.to_owned() };
        let mut line = journal.reading().await?;
        journal.prepare(&mut line).await?;
        drop(line);
        Ok(journal)
    }

    async fn reading(&self) -> Result<PoolConnection<sqlx::Sqlite>, JournalError> {
        self.pool.acquire().await.map_err(|error| self.failed("cannot be read", &error))
    }

    /// A lock of a file cannot be lost: nothing about a write depends on it.
    async fn writing(&self, _: sql::About<'_>) -> Result<PoolConnection<sqlx::Sqlite>, JournalError> {
        self.pool.acquire().await.map_err(|error| self.failed("cannot be written", &error))
    }

    fn in_time<F: Future>(&self, work: F) -> F {
        work
    }

    fn failed(&self, what: &'static str, error: &sqlx::Error) -> JournalError {
        JournalError { cause: cause(error), ..self.error(what, error) }
    }

    fn shown_place(&self) -> String {
        self.folder.join("journal.sqlite").display().to_string()
    }

    fn error(&self, what: &'static str, reason: &dyn Display) -> JournalError {
        error_at(&self.folder, what, reason)
    }

    /// Locks a file that stands for the subject. The system gives the lock back when the process ends, however it ends.
    async fn hold(&self, key: String, wait: bool) -> Result<Option<Lock>, JournalError> {
        let name: String = Sha256::digest(key).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let path = self.folder.join("locks").join(name);
        let failed = |error: std::io::Error| self.error("cannot be locked", &error);
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&path).map_err(failed)?;
        let locked = if wait {
            tokio::task::spawn_blocking(move || file.lock().map(|()| Some(Locked(file))))
                .await
                .map_err(|error| self.error("cannot be locked", &error))?
        } else {
            tried(file)
        };
        Ok(locked.map_err(failed)?.map(Lock::new))
    }
}

/// A locked file. It is unlocked in so many words: a child that this process has forked, and that has not yet become
/// another program, has the file open, too, and would keep the lock a moment longer.
struct Locked(File);

impl Drop for Locked {
    fn drop(&mut self) {
        // Where this fails, the lock ends when the file is closed.
        let _ = self.0.unlock();
    }
}

fn tried(file: File) -> std::io::Result<Option<Locked>> {
    match file.try_lock() {
        Ok(()) => Ok(Some(Locked(file))),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

fn error_at(folder: &Path, what: &'static str, reason: &dyn Display) -> JournalError {
    let place = folder.display().to_string();
    JournalError { place, what, reason: reason.to_string(), cause: JournalCause::Folder }
}

/// By SQLite's primary result codes (sqlite.org/rescode.html): 11 is a malformed database, 26 a file that is none, 1 a
/// statement that does not fit the tables.
fn cause(error: &sqlx::Error) -> JournalCause {
    let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
    match code.map(|code| code & 0xff) {
        Some(1 | 11 | 26) => JournalCause::Damaged,
        _ => JournalCause::Folder,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second handle is what a child has between its birth and its becoming another program.
    #[test]
    fn a_lock_is_given_back_while_another_handle_lives() {
        let file = tempfile::tempfile().unwrap();
        let inherited = file.try_clone().unwrap();
        let lock = tried(file).unwrap().expect("nobody else has it");
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&inherited));
        let other = || tried(OpenOptions::new().append(true).open(&path).unwrap()).unwrap();
        assert!(other().is_none(), "it is held");
        drop(lock);
        assert!(other().is_some(), "it is free");
    }
}
