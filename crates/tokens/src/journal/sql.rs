//! The journal in SQL. SQLite and PostgreSQL take the same statements; sqlx gives them types of their own, so that one
//! macro writes the same functions for both.

/// The tables. A document is JSON; times are RFC 3339 in UTC, so that their order is that of their texts.
pub(super) const TABLES: [&str; 3] = [
    "CREATE TABLE IF NOT EXISTS flarekeep_changes (
        id TEXT PRIMARY KEY, subject TEXT NOT NULL, document TEXT NOT NULL, begun_at TEXT NOT NULL, finished_at TEXT)",
    "CREATE TABLE IF NOT EXISTS flarekeep_steps (
        change_id TEXT NOT NULL REFERENCES flarekeep_changes (id), number BIGINT NOT NULL, document TEXT NOT NULL,
        at TEXT NOT NULL, PRIMARY KEY (change_id, number))",
    "CREATE TABLE IF NOT EXISTS flarekeep_holdings (subject TEXT PRIMARY KEY, document TEXT NOT NULL)",
];

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
pub(super) const HOLDINGS: &str = "SELECT document FROM flarekeep_holdings ORDER BY subject";
pub(super) const KEEP: &str = "INSERT INTO flarekeep_holdings (subject, document) VALUES ($1, $2) \
     ON CONFLICT (subject) DO UPDATE SET document = excluded.document";
pub(super) const FORGET: &str = "DELETE FROM flarekeep_holdings WHERE subject = $1";

/// Implements [`Store`](super::Store) for a type with a `pool`, a method `error(what, &dyn Display)` that makes its
/// errors, and an asynchronous `hold(key, wait)` that takes a lock.
macro_rules! sql_store {
    ($store:ty) => {
        impl $crate::journal::Store for $store {
            fn place(&self) -> String {
                self.shown_place()
            }

            fn begin<'a>(&'a self, change: &'a Change) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be written", &error);
                    let document = self.written(change)?;
                    let query = sqlx::query(sql::BEGIN).bind(change.id.to_string()).bind(change.subject.key());
                    query.bind(document).bind(sql::at(change.begun)).execute(&self.pool).await.map(drop).map_err(failed)
                })
            }

            fn append<'a>(&'a self, change: ChangeId, step: &'a Step) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be written", &error);
                    let document = self.written(step)?;
                    let query = sqlx::query(sql::APPEND).bind(change.to_string()).bind(document).bind(sql::now());
                    query.execute(&self.pool).await.map(drop).map_err(failed)
                })
            }

            fn finish<'a>(
                &'a self,
                change: &'a Change,
                last: &'a Step,
                known: Known<'a>,
            ) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be written", &error);
                    let (id, subject, now) = (change.id.to_string(), change.subject.key(), sql::now());
                    let step = self.written(last)?;
                    let holding = match known {
                        Known::Holding(holding) => Some(self.written(holding)?),
                        Known::AsBefore | Known::Nothing => None,
                    };
                    let mut all = self.pool.begin().await.map_err(failed)?;
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
                })
            }

            fn unfinished(&self) -> BoxFuture<'_, Result<Vec<Entry>, JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be read", &error);
                    let changes: Vec<String> =
                        sqlx::query_scalar(sql::UNFINISHED).fetch_all(&self.pool).await.map_err(failed)?;
                    let mut entries = Vec::with_capacity(changes.len());
                    for change in changes {
                        entries.push(self.entry(&change).await?);
                    }
                    Ok(entries)
                })
            }

            fn last_finished<'a>(
                &'a self,
                subject: &'a Subject,
            ) -> BoxFuture<'a, Result<Option<(Entry, Timestamp)>, JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be read", &error);
                    let found: Option<(String, String)> = sqlx::query_as(sql::LAST_FINISHED)
                        .bind(subject.key())
                        .fetch_optional(&self.pool)
                        .await
                        .map_err(failed)?;
                    let Some((change, at)) = found else { return Ok(None) };
                    let at = at.parse().map_err(|error| self.error("holds a time that is none", &error))?;
                    Ok(Some((self.entry(&change).await?, at)))
                })
            }

            fn holdings(&self) -> BoxFuture<'_, Result<Vec<Holding>, JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be read", &error);
                    let documents: Vec<String> =
                        sqlx::query_scalar(sql::HOLDINGS).fetch_all(&self.pool).await.map_err(failed)?;
                    documents.iter().map(|document| self.read(document)).collect()
                })
            }

            fn keep<'a>(&'a self, holding: &'a Holding) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be written", &error);
                    let document = self.written(holding)?;
                    let query = sqlx::query(sql::KEEP).bind(holding.subject.key()).bind(document);
                    query.execute(&self.pool).await.map(drop).map_err(failed)
                })
            }

            fn forget<'a>(&'a self, subject: &'a Subject) -> BoxFuture<'a, Result<(), JournalError>> {
                Box::pin(async move {
                    let failed = |error: sqlx::Error| self.error("cannot be written", &error);
                    sqlx::query(sql::FORGET).bind(subject.key()).execute(&self.pool).await.map(drop).map_err(failed)
                })
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
            async fn entry(&self, change: &str) -> Result<Entry, JournalError> {
                let failed = |error: sqlx::Error| self.error("cannot be read", &error);
                let change: Change = self.read(change)?;
                let steps: Vec<String> = sqlx::query_scalar(sql::STEPS)
                    .bind(change.id.to_string())
                    .fetch_all(&self.pool)
                    .await
                    .map_err(failed)?;
                let steps = steps.iter().map(|step| self.read(step)).collect::<Result<_, _>>()?;
                Ok(Entry { change, steps })
            }

            fn written(&self, document: &impl serde::Serialize) -> Result<String, JournalError> {
                serde_json::to_string(document).map_err(|error| self.error("cannot be written", &error))
            }

            fn read<T: serde::de::DeserializeOwned>(&self, document: &str) -> Result<T, JournalError> {
                serde_json::from_str(document)
                    .map_err(|error| self.error("holds what this version of flarekeep cannot read", &error))
            }
        }
    };
}

pub(super) use sql_store;

/// The time as the journal writes it.
pub(super) fn now() -> String {
    at(jiff::Timestamp::now())
}

/// A time as the journal writes it: with as many digits each time, so that texts are ordered as times are.
pub(super) fn at(time: jiff::Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}
