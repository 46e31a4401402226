//! Running statements on a private SQLite database in memory, within bounds.

use std::time::{Duration, Instant};

use axum::body::Bytes;
use futures_util::TryStreamExt;
use serde_json::{Map, Number, Value};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnectOptions, SqliteOwnedBuf, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column, ConnectOptions, Executor, Row, SqlSafeStr, SqliteConnection, Statement as _, TypeInfo,
    ValueRef,
};

use super::sql::Statement;

/// A statement with what is bound to its parameters.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) statement: Statement,
    pub(super) parameters: Vec<Value>,
}

/// What a run came to.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) results: Vec<One>,
    /// The database as it is then, where it may have changed.
    pub(super) content: Option<Bytes>,
    pub(super) tables: u64,
    pub(super) size: u64,
}

/// What one statement came to.
#[derive(Debug, Default)]
pub(super) struct One {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Value>>,
    pub(super) changes: u64,
    pub(super) last_row_id: i64,
    pub(super) milliseconds: f64,
}

/// What D1 allows (docs: d1/platform/limits), where nothing else is said.
const LONGEST_RUN: Duration = Duration::from_secs(30);
const MOST_PARAMETERS: usize = 100;
/// The emulator's own: the bytes of a database. At Cloudflare it is 10 GB.
const LARGEST: u64 = 64 << 20;
/// The emulator's own: the bytes of one answer's values, about.
const LARGEST_ANSWER: usize = 32 << 20;
/// The emulator's own: what SQLite may take from memory in this process, all databases together.
const MOST_MEMORY: u64 = 1 << 30;
const PAGE: u64 = 4096;
/// How many steps SQLite's machine takes between two looks at the clock.
const STEPS: i32 = 10_000;

/// Runs the statements in order, as one transaction, on a copy of the content.
///
/// # Errors
/// SQLite's message and the name of its code, as D1 shows them. Nothing of the content is changed then.
pub(super) async fn run(content: &[u8], statements: &[Bound]) -> Result<Ran, String> {
    let writes = statements.iter().any(|bound| bound.statement.writes);
    let mut connection = open(content, writes).await.map_err(|error| said(&error))?;
    let result = all(&mut connection, statements, writes).await;
    // What is in memory goes with the connection.
    drop(connection);
    result
}

async fn open(content: &[u8], writes: bool) -> Result<SqliteConnection, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(":memory:").pragma("temp_store", "MEMORY").foreign_keys(true);
    let mut connection = options.disable_statement_logging().connect().await?;
    if !content.is_empty() {
        connection.deserialize(None, SqliteOwnedBuf::try_from(content)?, false).await?;
    }
    let limits = format!(
        "PRAGMA hard_heap_limit = {MOST_MEMORY}; PRAGMA max_page_count = {}; PRAGMA trusted_schema = OFF; PRAGMA query_only = {};",
        LARGEST / PAGE,
        u8::from(!writes),
    );
    sqlx::raw_sql(AssertSqlSafe(limits)).execute(&mut connection).await?;
    let end = Instant::now() + LONGEST_RUN;
    connection.lock_handle().await?.set_progress_handler(STEPS, move || Instant::now() < end);
    Ok(connection)
}

async fn all(connection: &mut SqliteConnection, statements: &[Bound], writes: bool) -> Result<Ran, String> {
    if writes {
        plain(connection, "BEGIN").await?;
    }
    let (mut results, mut room) = (Vec::new(), LARGEST_ANSWER);
    for bound in statements {
        results.push(one(connection, bound, &mut room).await?);
    }
    if writes {
        plain(connection, "COMMIT").await?;
    }
    let pages = number(connection, "PRAGMA page_count").await?;
    let tables =
        number(connection, "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    let tables = u64::try_from(tables.await?).unwrap_or_default();
    let size = u64::try_from(pages).unwrap_or_default() * PAGE;
    let content = if writes {
        let buffer = connection.serialize(None).await.map_err(|error| said(&error))?;
        Some(Bytes::copy_from_slice(buffer.as_ref()))
    } else {
        None
    };
    Ok(Ran { results, content, tables, size })
}

async fn one(connection: &mut SqliteConnection, bound: &Bound, room: &mut usize) -> Result<One, String> {
    let begun = Instant::now();
    let before = number(connection, "SELECT total_changes()").await?;
    let text = bound.statement.text.clone();
    let prepared =
        connection.prepare(AssertSqlSafe(text.clone()).into_sql_str()).await.map_err(|error| said(&error))?;
    let wanted = prepared.parameters().and_then(sqlx::Either::right).unwrap_or_default();
    if wanted != bound.parameters.len() || wanted > MOST_PARAMETERS {
        return Err("Wrong number of parameter bindings for SQL query.".to_owned());
    }
    let columns = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
    drop(prepared);
    let mut query = sqlx::query(AssertSqlSafe(text));
    for parameter in &bound.parameters {
        query = bind(query, parameter);
    }
    let mut rows = Vec::new();
    {
        let mut stream = query.fetch(&mut *connection);
        while let Some(row) = stream.try_next().await.map_err(|error| said(&error))? {
            let row = values(&row, room).ok_or("the answer is larger than this emulator gives: SQLITE_TOOBIG")?;
            rows.push(row);
        }
    }
    let changes = number(connection, "SELECT total_changes()").await? - before;
    let last_row_id = number(connection, "SELECT last_insert_rowid()").await?;
    let milliseconds = begun.elapsed().as_secs_f64() * 1000.0;
    Ok(One { columns, rows, changes: u64::try_from(changes).unwrap_or_default(), last_row_id, milliseconds })
}

type Query<'q> = sqlx::query::Query<'q, Sqlite, SqliteArguments>;

fn bind<'q>(query: Query<'q>, value: &Value) -> Query<'q> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Bool(truth) => query.bind(i64::from(*truth)),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => query.bind(whole),
            None => query.bind(number.as_f64()),
        },
        Value::String(text) => query.bind(text.clone()),
        // Lists of bytes are blobs, as they come out; anything else is bound as the JSON that it is.
        Value::Array(items) => match items.iter().map(byte).collect::<Option<Vec<u8>>>() {
            Some(bytes) => query.bind(bytes),
            None => query.bind(value.to_string()),
        },
        Value::Object(_) => query.bind(value.to_string()),
    }
}

fn byte(value: &Value) -> Option<u8> {
    u8::try_from(value.as_u64()?).ok()
}

/// A row's values; none where there is no room for them.
fn values(row: &SqliteRow, room: &mut usize) -> Option<Vec<Value>> {
    let mut values = Vec::with_capacity(row.len());
    for at in 0..row.len() {
        let raw = row.try_get_raw(at).ok()?;
        let kind = if raw.is_null() { "NULL".to_owned() } else { raw.type_info().name().to_owned() };
        let (value, weight) = match kind.as_str() {
            "INTEGER" => (row.try_get_unchecked::<i64, _>(at).ok().map_or(Value::Null, Value::from), 8),
            "REAL" => {
                let number = row.try_get_unchecked::<f64, _>(at).ok().and_then(Number::from_f64);
                (number.map_or(Value::Null, Value::Number), 8)
            }
            "TEXT" | "BLOB" => {
                let bytes = row.try_get_unchecked::<Vec<u8>, _>(at).ok()?;
                let weight = bytes.len();
                // A list takes more than its bytes.
                if kind == "TEXT" {
                    (String::from_utf8_lossy(&bytes).into_owned().into(), weight)
                } else {
                    (bytes.into_iter().map(Value::from).collect(), weight.saturating_mul(32))
                }
            }
            _ => (Value::Null, 8),
        };
        *room = room.checked_sub(weight + 16)?;
        values.push(value);
    }
    Some(values)
}

async fn plain(connection: &mut SqliteConnection, sql: &'static str) -> Result<(), String> {
    connection.execute(sql).await.map(|_| ()).map_err(|error| said(&error))
}

async fn number(connection: &mut SqliteConnection, sql: &'static str) -> Result<i64, String> {
    sqlx::query_scalar(sql).fetch_one(connection).await.map_err(|error| said(&error))
}

impl One {
    /// The rows as objects.
    pub(super) fn objects(&self) -> Value {
        let object = |row: &Vec<Value>| {
            let members = self.columns.iter().cloned().zip(row.iter().cloned());
            Value::Object(members.collect::<Map<_, _>>())
        };
        self.rows.iter().map(object).collect()
    }
}

/// SQLite's message with the name of its code.
fn said(error: &sqlx::Error) -> String {
    let Some(error) = error.as_database_error() else { return format!("{error}: SQLITE_ERROR") };
    let code = error.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(1) & 0xff;
    let name = match code {
        7 => "SQLITE_NOMEM",
        8 => "SQLITE_READONLY",
        9 => return "D1 DB exceeded its CPU time limit and was reset.".to_owned(),
        13 => return "Exceeded maximum DB size".to_owned(),
        18 => "SQLITE_TOOBIG",
        19 => "SQLITE_CONSTRAINT",
        20 => "SQLITE_MISMATCH",
        23 => "SQLITE_AUTH",
        25 => "SQLITE_RANGE",
        _ => "SQLITE_ERROR",
    };
    format!("{}: {name}", error.message())
}
