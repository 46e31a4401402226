//! Queries: one text with several statements, or a batch.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::engine::{Bound, One, Ran, run};
use super::{Database, found, found_mut, invalid, missing, not_json, sql};
use crate::authorisation;
use crate::emulator::Inner;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::options::D1Read;
use crate::products::owner;
use crate::refusal;
use crate::state::State;

/// Rows as objects.
pub(super) fn query(emulator: Arc<Inner>, call: Call) -> BoxFuture<'static, Outcome> {
    answered(emulator, call, One::objects).boxed()
}

/// Rows as lists, with the columns' names.
pub(super) fn raw(emulator: Arc<Inner>, call: Call) -> BoxFuture<'static, Outcome> {
    answered(emulator, call, |one| json!({"columns": one.columns, "rows": one.rows})).boxed()
}

async fn answered(emulator: Arc<Inner>, call: Call, rows: fn(&One) -> Value) -> Outcome {
    let call = Arc::new(call);
    found(&call, &emulator.state())?;
    let statements = statements(&call)?;
    if statements.iter().any(|bound| bound.statement.writes) {
        may_write(&call, &emulator.state())?;
    }
    let ran = execute(&emulator, &call, statements).await?;
    let shown =
        |one: &One| json!({"results": rows(one), "success": true, "meta": meta(&ran, std::slice::from_ref(one))});
    Ok(Answer::result(&ran.results.iter().map(shown).collect()))
}

/// The schema lists D1 Read for queries, of whatever kind: what writes is decided again as an operation that only writes.
fn may_write(call: &Call, state: &State) -> Result<(), ApiError> {
    const WRITING: &str = "PATCH /accounts/{account_id}/d1/database/{database_id}";
    if call.options.d1_read == D1Read::AsListed {
        return Ok(());
    }
    let refused = || refusal::unauthorised(call.operation, &call.options);
    let writing = flarekeep_catalogue::operation(WRITING).map_err(|_| refused())?;
    let request = authorisation::request(writing, &call.caller, (call.account, None), call.ip, call.at);
    let allowed = authorisation::authorise(&call.caller, &request, &state.world, &call.options);
    allowed.map(drop).map_err(|_| refused())
}

/// Runs statements on the database that the path names, and keeps what they changed before it returns. A change is in the
/// audit log, and so is one that failed; statements that only read are not.
pub(super) async fn execute(emulator: &Arc<Inner>, call: &Arc<Call>, statements: Vec<Bound>) -> Result<Ran, ApiError> {
    let owner = owner(call)?;
    let id = found(call, &emulator.state())?.0.to_owned();
    let writes = statements.iter().any(|bound| bound.statement.writes);
    let _alone = if writes { Some(emulator.d1_writers.alone(&id).await) } else { None };
    let state = emulator.state();
    let database: &Database = found(call, &state)?.1;
    let mut ran = match run(&database.content, &statements).await {
        Ok(ran) => ran,
        Err(message) if writes => return Err(failed_write(emulator, call, failed(&message)).await),
        Err(message) => return Err(failed(&message)),
    };
    if let Some(content) = ran.content.take() {
        let (before, tables) = (database.content.clone(), ran.tables);
        let stored = emulator.alter_for(call, move |state| {
            let database = found_mut(&owner, &id, state).ok_or_else(|| missing(&id))?;
            // A snapshot may have been restored meanwhile.
            if database.content != before {
                return Err(failed("the database was replaced while the statements ran: SQLITE_BUSY"));
            }
            database.content = content;
            database.tables = tables;
            database.writes += 1;
            Ok(Answer::result(&Value::Null))
        });
        stored.await?;
    }
    Ok(ran)
}

/// Notes a write that failed, and gives the error back.
async fn failed_write(emulator: &Arc<Inner>, call: &Arc<Call>, error: ApiError) -> ApiError {
    let outcome = emulator.alter_for(call, move |_| Err(error)).await;
    outcome.err().unwrap_or_else(|| failed("the statements failed"))
}

/// What is told of statements beside their rows. How many rows were looked at is not known: those that came out count.
pub(super) fn meta(ran: &Ran, of: &[One]) -> Value {
    let changes: u64 = of.iter().map(|one| one.changes).sum();
    let read: usize = of.iter().map(|one| one.rows.len()).sum();
    let milliseconds: f64 = of.iter().map(|one| one.milliseconds).sum();
    json!({
        "served_by": "flarekeep",
        "served_by_region": "WEUR",
        "served_by_colo": "LOC",
        "served_by_primary": true,
        "timings": {"sql_duration_ms": milliseconds},
        "duration": milliseconds,
        "changes": changes,
        "last_row_id": of.last().map_or(0, |one| one.last_row_id),
        "changed_db": changes > 0,
        "size_after": ran.size,
        "rows_read": read,
        "rows_written": changes,
    })
}

fn statements(call: &Call) -> Result<Vec<Bound>, ApiError> {
    let body = call.object().ok_or_else(not_json)?;
    let batch = match body.get("batch") {
        Some(Value::Array(batch)) => batch.clone(),
        Some(_) => return Err(invalid("`batch` must be a list")),
        None => vec![Value::Object(body)],
    };
    let mut all = Vec::new();
    for item in &batch {
        let text = item.get("sql").and_then(Value::as_str).ok_or_else(|| invalid("`sql` must be a text"))?;
        let mut statements = sql::statements(text).map_err(|message| failed(&message))?;
        let parameters = match item.get("params") {
            None | Some(Value::Null) => Vec::new(),
            Some(Value::Array(parameters)) => parameters.clone(),
            Some(_) => return Err(invalid("`params` must be a list")),
        };
        if statements.len() > 1 && !parameters.is_empty() {
            return Err(failed("parameters are for a single statement"));
        }
        let one = statements.drain(..).map(|statement| Bound { statement, parameters: parameters.clone() });
        all.extend(one);
    }
    if all.is_empty() {
        return Err(failed("No SQL statements detected."));
    }
    Ok(all)
}

pub(super) fn failed(message: &str) -> ApiError {
    ApiError::new(400, 7500, message)
}
