//! D1: databases of an account, each an SQLite database whose bytes are kept in the state.

mod engine;
mod query;
mod sql;
mod transfer;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value, json};

pub(crate) use self::transfer::{awaits, no_such_file, upload};
use super::{Handler, owner, text as member, timestamp_millis};
use crate::credential::fresh_uuid;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, Owned, State};
use crate::text;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/d1/database", Handler::Read(list)),
    ("POST /accounts/{account_id}/d1/database", Handler::Write(create)),
    ("GET /accounts/{account_id}/d1/database/{database_id}", Handler::Read(details)),
    ("PUT /accounts/{account_id}/d1/database/{database_id}", Handler::Write(update)),
    ("PATCH /accounts/{account_id}/d1/database/{database_id}", Handler::Write(update)),
    ("DELETE /accounts/{account_id}/d1/database/{database_id}", Handler::Write(delete)),
    ("POST /accounts/{account_id}/d1/database/{database_id}/query", Handler::Own(query::query)),
    ("POST /accounts/{account_id}/d1/database/{database_id}/raw", Handler::Own(query::raw)),
    ("POST /accounts/{account_id}/d1/database/{database_id}/import", Handler::Own(transfer::import)),
    ("POST /accounts/{account_id}/d1/database/{database_id}/export", Handler::Own(transfer::export)),
    ("GET /accounts/{account_id}/d1/database/{database_id}/time_travel/bookmark", Handler::Read(bookmark)),
];

/// The databases of all accounts, by id, and the files that came for an import and were not run yet, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    databases: Owned<Database>,
    files: Map<String, File>,
}

branch!(Table { databases, files });
leaf!(Database, File);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Database {
    name: String,
    created_at: i64,
    jurisdiction: Option<String>,
    /// `auto` or `disabled`.
    replication: String,
    /// How many writes there were: a bookmark.
    writes: u64,
    /// How many tables the content has.
    tables: u64,
    /// An SQLite database; nothing where nothing was written yet.
    #[serde(with = "text::bytes")]
    content: Bytes,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct File {
    database: String,
    at: i64,
    /// The MD5 that the content must have, in hexadecimal digits.
    etag: String,
    #[serde(with = "text::bytes")]
    content: Bytes,
}

/// Lets one writer at a time at each database.
#[derive(Debug, Default)]
pub(crate) struct Writers(Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>);

impl Writers {
    async fn alone(&self, database: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            // Those that nobody holds or waits for are of no use.
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(database.to_owned()).or_default().clone()
        };
        turn.lock_owned().await
    }
}

/// How many databases an account may have: the limit of paid plans is 50,000 (docs: d1/platform/limits).
const MOST: usize = 50_000;

fn list(call: &Call, state: &State) -> Outcome {
    let name = call.query("name");
    let databases = state.d1.databases.get(&owner(call)?).into_iter().flatten();
    let databases = databases.filter(|(_, database)| name.as_deref().is_none_or(|name| database.name.contains(name)));
    let shown = databases.map(|(id, database)| shown(id, database)).collect();
    Ok(Answer::page(shown, call.page(1000, 10, 10_000)))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(not_json)?;
    let name = member(&body, "name").unwrap_or_default().to_owned();
    if !is_name(&name) {
        return Err(invalid(
            "the name of a database has letters, digits, - and _, and begins with a letter or a digit",
        ));
    }
    let owner = owner(call)?;
    let databases = state.d1.databases.entry(owner).or_default();
    if databases.values().any(|database| database.name == name) {
        return Err(ApiError::new(400, 7502, format!("database with name '{name}' already exists")));
    }
    if databases.len() >= MOST {
        return Err(ApiError::new(400, 7406, format!("System limit reached: databases per account ({MOST})")));
    }
    let database = Database {
        name,
        created_at: call.at.0,
        jurisdiction: member(&body, "jurisdiction").map(ToOwned::to_owned),
        replication: replication(&body).unwrap_or("disabled").to_owned(),
        writes: 0,
        tables: 0,
        content: Bytes::new(),
    };
    let id = fresh_uuid();
    let answer = Answer::result(&details_of(&id, &database));
    databases.insert(id, database);
    Ok(answer)
}

fn details(call: &Call, state: &State) -> Outcome {
    let (id, database) = found(call, state)?;
    Ok(Answer::result(&details_of(id, database)))
}

fn update(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.0.to_owned();
    let body = call.object().ok_or_else(not_json)?;
    let mode = replication(&body).filter(|mode| matches!(*mode, "auto" | "disabled"));
    let mode = mode.ok_or_else(|| invalid("read_replication.mode is auto or disabled"))?.to_owned();
    let database = found_mut(&owner(call)?, &id, state).ok_or_else(|| missing(&id))?;
    database.replication = mode;
    Ok(Answer::result(&details_of(&id, database)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.0.to_owned();
    forget(state, |file| file.database == id);
    let databases = state.d1.databases.get_mut(&owner(call)?);
    databases.and_then(|databases| databases.remove(&id)).ok_or_else(|| missing(&id))?;
    Ok(Answer::result(&Value::Null))
}

/// The bookmark of now: times past are not kept.
fn bookmark(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&json!({"bookmark": found(call, state)?.1.bookmark()})))
}

impl Database {
    fn bookmark(&self) -> String {
        format!("{:08x}-00000000-{:08x}-{:032x}", self.writes, self.created_at, u128::from(self.writes))
    }
}

/// Lets go of files.
fn forget(state: &mut State, is: impl Fn(&File) -> bool) {
    let gone: Vec<String> = state.d1.files.iter().filter(|(_, file)| is(file)).map(|(name, _)| name.clone()).collect();
    for name in gone {
        state.d1.files.remove(&name);
    }
}

/// Whether an account has this database: an upload's bindings name one.
pub(super) fn exists(state: &State, account: &str, id: &str) -> bool {
    state.d1.databases.get(account).is_some_and(|databases| databases.contains_key(id))
}

/// The database that the path names by id, or by name, as wrangler does.
fn found<'a>(call: &Call, state: &'a State) -> Result<(&'a str, &'a Database), ApiError> {
    let asked = call.parameter("database_id");
    let databases = state.d1.databases.get(&owner(call)?).ok_or_else(|| missing(asked))?;
    let by_name = || databases.iter().find(|(_, database)| database.name == asked);
    let found = databases.get_key_value(asked).or_else(by_name);
    found.map(|(id, database)| (id.as_str(), database)).ok_or_else(|| missing(asked))
}

fn found_mut<'a>(owner: &str, id: &str, state: &'a mut State) -> Option<&'a mut Database> {
    state.d1.databases.get_mut(owner)?.get_mut(id)
}

fn replication(body: &Object<String, Value>) -> Option<&str> {
    body.get("read_replication")?.get("mode")?.as_str()
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.len() <= 64 && name.bytes().all(fits) && name.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

fn shown(id: &str, database: &Database) -> Value {
    json!({
        "uuid": id,
        "name": database.name,
        "version": "production",
        "created_at": timestamp_millis(database.created_at),
        "jurisdiction": database.jurisdiction,
        "num_tables": database.tables,
        "file_size": database.content.len(),
    })
}

fn details_of(id: &str, database: &Database) -> Value {
    let mut shown = shown(id, database);
    if let Some(object) = shown.as_object_mut() {
        object.insert("read_replication".to_owned(), json!({"mode": database.replication}));
    }
    shown
}

fn missing(id: &str) -> ApiError {
    ApiError::new(404, 7404, format!("The database {} could not be found", crate::log::printable(id, 100)))
}

fn not_json() -> ApiError {
    invalid("the body is no JSON object")
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, 7400, message)
}
