//! The journal in SQL. SQLite and PostgreSQL take the same statements; sqlx gives them types of their own, so that one
//! macro writes the same functions for both.

/// The version of the tables below. A program that knows an older one leaves the journal alone.
pub(super) const VERSION: i64 = 1;

/// The table that says which version the others have; it has one row.
pub(super) const VERSION_TABLE: &str = "CREATE TABLE IF NOT EXISTS flarekeep_schema (
        one INTEGER PRIMARY KEY CHECK (one = 1), version BIGINT NOT NULL)";
pub(super) const FIRST_VERSION: &str =
    "INSERT INTO flarekeep_schema (one, version) VALUES (1, $1) ON CONFLICT (one) DO NOTHING";
pub(super) const WHICH_VERSION: &str = "SELECT version FROM flarekeep_schema";

/// The tables. A document is JSON; times are RFC 3339 in UTC, so that their order is that of their texts.
pub(super) const TABLES: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS flarekeep_changes (
        id TEXT PRIMARY KEY, subject TEXT NOT NULL, document TEXT NOT NULL, begun_at TEXT NOT NULL, finished_at TEXT)",
    "CREATE TABLE IF NOT EXISTS flarekeep_steps (
        change_id TEXT NOT NULL REFERENCES flarekeep_changes (id), number BIGINT NOT NULL, document TEXT NOT NULL,
        at TEXT NOT NULL, PRIMARY KEY (change_id, number))",
    "CREATE TABLE IF NOT EXISTS flarekeep_holdings (subject TEXT PRIMARY KEY, document TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS flarekeep_changes_finished ON flarekeep_changes (finished_at)",
];

/// How long a finished change is remembered.
const KEPT: jiff::SignedDuration = jiff::SignedDuration::from_hours(365 * 24);

pub(super) const BEGIN: &str =
    "INSERT INTO flarekeep_changes (id, subject, document, begun_at) VALUES ($1, $2, $3, $4)";
pub(super) const APPEND: &str = "INSERT INTO flarekeep_steps (change_id, number, document, at) \
     SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3 FROM flarekeep_steps WHERE change_id = $1";
pub(super) const FINISH: &str = "UPDATE flarekeep_changes SET finished_at = $2 WHERE id = $1";
pub(super) const UNFINISHED: &str =
    "SELECT document FROM flarekeep_changes WHERE finished_at IS NULL ORDER BY begun_at, id";
pub(super) const STEPS: &str = "SELECT document FROM flarekeep_steps WHERE change_id = $1 ORDER BY number";
pub(super) const LAST_FINISHED: &str = "SELECT document, finished_at FROM flarekeep_changes \
     WHERE subject = $1 AND finished_at IS NOT NULL ORDER BY finished_at DESC, id LIMIT 1";
pub(super) const SUBJECT: &str = "SELECT subject FROM flarekeep_changes WHERE id = $1";
/// Without an order: each database has its own for texts.
pub(super) const HOLDINGS: &str = "SELECT document FROM flarekeep_holdings";
pub(super) const KEEP: &str = "INSERT INTO flarekeep_holdings (subject, document) VALUES ($1, $2) \
     ON CONFLICT (subject) DO UPDATE SET document = excluded.document";
pub(super) const FORGET: &str = "DELETE FROM flarekeep_holdings WHERE subject = $1";
pub(super) const HAS_OLD: &str = "SELECT id FROM flarekeep_changes WHERE finished_at < $1 LIMIT 1";
pub(super) const PRUNE: [&str; 2] = [
    "DELETE FROM flarekeep_steps WHERE change_id IN (SELECT id FROM flarekeep_changes WHERE finished_at < $1)",
    "DELETE FROM flarekeep_changes WHERE finished_at < $1",
];

/// Implements [`Store`](super::Store) for a type with
/// - `reading()` and `writing(ChangeOrSubject)`, asynchronous: something that is, dereferenced, a connection;
/// - `in_time(future)`, which ends a future of the journal that takes too long, where that can be;
/// - `failed(what, &sqlx::Error)` and `error(what, &dyn Display)`, which make its errors;
/// - `hold(key, wait)`, asynchronous, which takes a lock;
/// - the constants `HAS_TABLES`, a question that is answered with a number, and `ALONE`, which begins a transaction
///   beside which there is no other that makes tables.
macro_rules! sql_store {
    ($store:ty, $connection:ty) => {
        impl $crate::journal::Store for $store {
            fn place(&self) -> String {
                self.shown_place()
            }

            fn begin<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(self.in_time(async move {
                    let document = self.written(change)?;
                    let mut line = self.writing(sql::About::Subject(&change.subject)).await?;
                    let query = sqlx::query(sql::BEGIN).bind(change.id.to_string()).bind(change.subject.key());
                    let query = query.bind(document).bind(sql::at(change.begun));
                    query.execute(&mut *line).await.map(drop).map_err(|error| self.unwritten(&error))
                }))
            }

            fn append<'a>(&'a self, change: ChangeId, step: &'a Step) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(self.in_time(async move {
                    let document = self.written(step)?;
                    let mut line = self.writing(sql::About::Change(change)).await?;
                    let query = sqlx::query(sql::APPEND).bind(change.to_string()).bind(document).bind(sql::now());
                    query.execute(&mut *line).await.map(drop).map_err(|error| self.unwritten(&error))
                }))
            }

            fn finish<'a>(
                &'a self,
                change: &'a Change,
                last: &'a Step,
                known: Known<'a>,
            ) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(self.in_time(async move {
                    let failed = |error: sqlx::Error| self.unwritten(&error);
                    let (id, subject, now) = (change.id.to_string(), change.subject.key(), sql::now());
                    let step = self.written(last)?;
                    let holding = match known {
                        Known::Holding(holding) => Some(self.written(holding)?),
                        Known::AsBefore | Known::Nothing => None,
                    };
                    let mut line = self.writing(sql::About::Subject(&change.subject)).await?;
                    let mut all = line.begin().await.map_err(failed)?;
                    let append = sqlx::query(sql::APPEND).bind(&id).bind(step).bind(&now);
                    append.execute(&mut *all).await.map_err(failed)?;
                    sqlx::query(sql::FINISH).bind(&id).bind(&now).execute(&mut *all).await.map_err(failed)?;
                    match (known, holding) {
                        (_, Some(holding)) => {
                            let keep = sqlx::query(sql::KEEP).bind(&subject).bind(holding);
                            keep.execute(&mut *all).await.map_err(failed)?;
                        }
                        (Known::Nothing, None) => {
                            sqlx::query(sql::FORGET).bind(&subject).execute(&mut *all).await.map_err(failed)?;
                        }
                        _ => {}
                    }
                    all.commit().await.map_err(failed)
                }))
            }

            fn unfinished(&self) -> BoxFuture<'_, Result<Vec<Entry>, JournalError>> {
                Box::pin(self.in_time(async move {
                    let mut line = self.reading().await?;
                    let changes: Vec<String> = sqlx::query_scalar(sql::UNFINISHED)
                        .fetch_all(&mut *line)
                        .await
                        .map_err(|error| self.unread(&error))?;
                    let mut entries = Vec::with_capacity(changes.len());
                    for change in changes {
                        entries.push(self.entry(&mut line, &change).await?);
                    }
                    Ok(entries)
                }))
            }

            fn last_finished<'a>(
                &'a self,
                subject: &'a Subject,
            ) -> BoxFuture<'a, Result<Option<(Entry, Timestamp)>, JournalError>> {
                Box::pin(self.in_time(async move {
                    let mut line = self.reading().await?;
                    let found: Option<(String, String)> = sqlx::query_as(sql::LAST_FINISHED)
                        .bind(subject.key())
                        .fetch_optional(&mut *line)
                        .await
                        .map_err(|error| self.unread(&error))?;
                    let Some((change, at)) = found else { return Ok(None) };
                    let at = at.parse().map_err(|error| self.error("holds a time that is none", &error))?;
                    Ok(Some((self.entry(&mut line, &change).await?, at)))
                }))
            }

            fn holdings(&self) -> BoxFuture<'_, Result<Vec<Holding>, JournalError>> {
                Box::pin(self.in_time(async move {
                    let mut line = self.reading().await?;
                    let documents: Vec<String> = sqlx::query_scalar(sql::HOLDINGS)
                        .fetch_all(&mut *line)
                        .await
                        .map_err(|error| self.unread(&error))?;
                    let mut holdings: Vec<Holding> =
                        documents.iter().map(|document| self.read(document)).collect::<Result<_, _>>()?;
                    holdings.sort_by_cached_key(|holding| holding.subject.key());
                    Ok(holdings)
                }))
            }

            fn keep<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(self.in_time(async move {
                    let document = self.written(holding)?;
                    let mut line = self.writing(sql::About::Subject(&holding.subject)).await?;
                    let query = sqlx::query(sql::KEEP).bind(holding.subject.key()).bind(document);
                    query.execute(&mut *line).await.map(drop).map_err(|error| self.unwritten(&error))
                }))
            }

            fn forget<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(self.in_time(async move {
                    let mut line = self.writing(sql::About::Subject(subject)).await?;
                    let query = sqlx::query(sql::FORGET).bind(subject.key());
                    query.execute(&mut *line).await.map(drop).map_err(|error| self.unwritten(&error))
                }))
            }

            fn lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Lock, JournalError>> {
                Box::pin(async move {
                    let held = self.hold(subject.key(), true).await?;
                    held.ok_or_else(|| self.error("cannot be locked", &"no lock was given"))
                })
            }

            fn try_lock<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<Option<Lock>, JournalError>> {
                Box::pin(async move { self.hold(subject.key(), false).await })
            }
        }

        impl $store {
            /// Makes the tables where there are none, refuses those of a newer program, and forgets what is old.
            async fn prepare(&self, line: &mut $connection) -> Result<(), JournalError> {
                let failed = |error: sqlx::Error| self.failed("cannot be opened", &error);
                let tables: i64 = sqlx::query_scalar(Self::HAS_TABLES).fetch_one(&mut *line).await.map_err(failed)?;
                if tables == 0 {
                    let mut all = line.begin_with(Self::ALONE).await.map_err(failed)?;
                    sqlx::query(sql::VERSION_TABLE).execute(&mut *all).await.map_err(failed)?;
                    sqlx::query(sql::FIRST_VERSION).bind(sql::VERSION).execute(&mut *all).await.map_err(failed)?;
                    for table in sql::TABLES {
                        sqlx::query(table).execute(&mut *all).await.map_err(failed)?;
                    }
                    all.commit().await.map_err(failed)?;
                }
                let version: i64 =
                    sqlx::query_scalar(sql::WHICH_VERSION).fetch_one(&mut *line).await.map_err(failed)?;
                if version > sql::VERSION {
                    let (reason, cause) = (sql::newer(version), $crate::journal::JournalCause::Newer);
                    return Err(JournalError { cause, ..self.error("cannot be opened", &reason) });
                }
                self.prune(line).await
            }

            async fn prune(&self, line: &mut $connection) -> Result<(), JournalError> {
                let failed = |error: sqlx::Error| self.failed("cannot be cleared of what is old", &error);
                let before = sql::forgotten_before();
                let old: Option<String> =
                    sqlx::query_scalar(sql::HAS_OLD).bind(&before).fetch_optional(&mut *line).await.map_err(failed)?;
                if old.is_some() {
                    let mut all = line.begin().await.map_err(failed)?;
                    for part in sql::PRUNE {
                        sqlx::query(part).bind(&before).execute(&mut *all).await.map_err(failed)?;
                    }
                    all.commit().await.map_err(failed)?;
                }
                Ok(())
            }

            async fn entry(&self, line: &mut $connection, change: &str) -> Result<Entry, JournalError> {
                let change: Change = self.read(change)?;
                let steps: Vec<String> = sqlx::query_scalar(sql::STEPS)
                    .bind(change.id.to_string())
                    .fetch_all(line)
                    .await
                    .map_err(|error| self.unread(&error))?;
                let steps = steps.iter().map(|step| self.read(step)).collect::<Result<_, _>>()?;
                Ok(Entry { change, steps })
            }

            fn unwritten(&self, error: &sqlx::Error) -> JournalError {
                self.failed("cannot be written", error)
            }

            fn unread(&self, error: &sqlx::Error) -> JournalError {
                self.failed("cannot be read", error)
            }

            fn written(&self, document: &impl serde::Serialize) -> Result<String, JournalError> {
                serde_json::to_string(document).map_err(|error| self.error("cannot be written", &error))
            }

            fn read<T: serde::de::DeserializeOwned>(&self, document: &str) -> Result<T, JournalError> {
                serde_json::from_str(document).map_err(|error| JournalError {
                    cause: $crate::journal::JournalCause::Damaged,
                    ..self.error("holds what this version of flarekeep cannot read", &error)
                })
            }
        }
    };
}

pub(super) use sql_store;

/// What a write is about. Where its subject is locked, the write goes the way that the lock went.
#[derive(Debug, Clone, Copy)]
pub(super) enum About<'a> {
    Change(super::ChangeId),
    Subject(&'a super::Subject),
}

pub(super) fn newer(version: i64) -> String {
    format!("a newer flarekeep has written it: its tables have version {version}, and this program knows {VERSION}")
}

/// The time as the journal writes it.
pub(super) fn now() -> String {
    at(jiff::Timestamp::now())
}

/// What ended before this is forgotten.
pub(super) fn forgotten_before() -> String {
    at(jiff::Timestamp::now().saturating_sub(KEPT).unwrap_or(jiff::Timestamp::MIN))
}

/// A time as the journal writes it: with as many digits each time, so that texts are ordered as times are.
pub(super) fn at(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
