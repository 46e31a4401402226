//! Files of SQL: in by an upload that `import` names, out by a link that `export` gives. Both addresses are the
//! emulator's own, below `/__flarekeep/d1/`; the random name in them is what opens them, as in Cloudflare's signed links.

use std::sync::Arc;

use axum::body::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use md5::{Digest, Md5};
use serde_json::{Value, json};

use super::engine::{Bound, run};
use super::query::{execute, failed, meta};
use super::sql::{self, Statement};
use super::{File, forget, found, invalid, not_json};
use crate::credential::{fresh_id, hex};
use crate::emulator::Inner;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::text as member;
use crate::state::State;

/// Seconds that a file is kept which nobody asks for.
const KEPT: i64 = 3600;

/// `init` names an address to upload to, `ingest` runs what was uploaded, `poll` has nothing to wait for.
pub(super) fn import(emulator: Arc<Inner>, call: Call) -> BoxFuture<'static, Outcome> {
    async move {
        let call = Arc::new(call);
        let database = found(&call, &emulator.state())?.0.to_owned();
        let body = call.object().ok_or_else(not_json)?;
        let etag = member(&body, "etag").unwrap_or_default().to_owned();
        match member(&body, "action") {
            Some("init") => {
                let name = format!("{:032x}.sql", fresh_id());
                let answer = json!({
                    "success": true,
                    "type": "import",
                    "filename": name,
                    "upload_url": address(&call, &name),
                    "messages": [],
                });
                let file = File { database, at: call.at.0, etag, content: Bytes::new() };
                emulator.alter(move |state| keep(state, name, file, &answer)).await
            }
            Some("ingest") => ingest(&emulator, &call, &database, member(&body, "filename").unwrap_or_default()).await,
            Some("poll") => Err(failed("Not currently importing anything.")),
            _ => Err(invalid("`action` is init, ingest or poll")),
        }
    }
    .boxed()
}

async fn ingest(emulator: &Arc<Inner>, call: &Arc<Call>, database: &str, name: &str) -> Outcome {
    let state = emulator.state();
    let file = state.d1.files.get(name).filter(|file| file.database == database);
    let file = file.ok_or_else(|| failed("no such file was uploaded"))?;
    let text = std::str::from_utf8(&file.content).map_err(|_| failed("the file is no UTF-8 text"))?;
    let statements = sql::statements(text).map_err(|message| failed(&message))?;
    let count = statements.len();
    let bound = statements.into_iter().map(|statement| Bound { statement, parameters: Vec::new() }).collect();
    let ran = execute(emulator, call, bound).await?;
    let name = name.to_owned();
    let bookmark = found(call, &emulator.state())?.1.bookmark();
    let answer = json!({
        "success": true,
        "type": "import",
        "status": "complete",
        "at_bookmark": bookmark,
        "messages": [],
        "result": {"num_queries": count, "final_bookmark": bookmark, "meta": meta(&ran, &ran.results)},
    });
    let done = move |state: &mut State| {
        state.d1.files.remove(&name);
        Ok(Answer::result(&answer))
    };
    emulator.alter(done).await
}

/// Gives the whole dump at once: there is nothing to wait for.
pub(super) fn export(emulator: Arc<Inner>, call: Call) -> BoxFuture<'static, Outcome> {
    async move {
        let (database, content, bookmark) = {
            let state = emulator.state();
            let (id, database) = found(&call, &state)?;
            (id.to_owned(), database.content.clone(), database.bookmark())
        };
        let body = call.object().ok_or_else(not_json)?;
        let wants = |name: &str| body.get("dump_options").and_then(|options| options.get(name)).cloned();
        let no = |name: &str| wants(name) == Some(Value::Bool(true));
        let only: Vec<String> = match wants("tables") {
            Some(Value::Array(names)) => names.iter().filter_map(|name| name.as_str().map(ToOwned::to_owned)).collect(),
            _ => Vec::new(),
        };
        let text = dump(&content, &only, !no("no_schema"), !no("no_data")).await.map_err(|message| failed(&message))?;
        let name = format!("{:032x}.sql", fresh_id());
        let answer = json!({
            "success": true,
            "type": "export",
            "status": "complete",
            "at_bookmark": bookmark,
            "messages": [],
            "result": {"filename": name, "signed_url": address(&call, &name)},
        });
        let file = File { database, at: call.at.0, etag: String::new(), content: Bytes::from(text) };
        emulator.alter(move |state| keep(state, name, file, &answer)).await
    }
    .boxed()
}

/// The statements that make the database again.
async fn dump(content: &[u8], only: &[String], schema: bool, data: bool) -> Result<String, String> {
    let all = "SELECT name, sql, type FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' \
               ORDER BY type <> 'table', rowid";
    let mut text = "PRAGMA defer_foreign_keys=TRUE;\n".to_owned();
    let mut after = String::new();
    for row in read(content, all.to_owned()).await? {
        let [Value::String(name), Value::String(sql), Value::String(kind)] = row.as_slice() else { continue };
        if !only.is_empty() && !only.contains(name) {
            continue;
        }
        if kind != "table" {
            if schema && only.is_empty() {
                after.push_str(&format!("{sql};\n"));
            }
            continue;
        }
        if schema {
            text.push_str(&format!("{sql};\n"));
        }
        if data {
            let quoted = name.replace('"', "\"\"");
            let columns = read(content, format!("SELECT name FROM pragma_table_info('{}')", name.replace('\'', "''")));
            let columns: Vec<String> = columns.await?.iter().filter_map(|row| quoted_column(row)).collect();
            let values: Vec<String> = columns.iter().map(|column| format!("quote({column})")).collect();
            let query = format!("SELECT {} FROM \"{quoted}\"", values.join(" || ',' || "));
            for row in read(content, query).await? {
                let Some(Value::String(values)) = row.first() else { continue };
                text.push_str(&format!("INSERT INTO \"{quoted}\" ({}) VALUES({values});\n", columns.join(",")));
            }
        }
    }
    Ok(text + &after)
}

fn quoted_column(row: &[Value]) -> Option<String> {
    Some(format!("\"{}\"", row.first()?.as_str()?.replace('"', "\"\"")))
}

async fn read(content: &[u8], text: String) -> Result<Vec<Vec<Value>>, String> {
    let bound = Bound { statement: Statement { text, writes: false }, parameters: Vec::new() };
    let ran = run(content, &[bound]).await?;
    Ok(ran.results.into_iter().flat_map(|one| one.rows).collect())
}

fn keep(state: &mut State, name: String, file: File, answer: &Value) -> Outcome {
    forget(state, |old| file.at - old.at >= KEPT);
    state.d1.files.insert(name, file);
    Ok(Answer::result(answer))
}

fn address(call: &Call, name: &str) -> String {
    format!("http://{}/__flarekeep/d1/{name}", call.header("host").unwrap_or("127.0.0.1"))
}

/// Whether an import named this file, so that it may be uploaded.
pub(crate) fn awaits(state: &State, name: &str) -> bool {
    state.d1.files.contains_key(name)
}

/// The answer where nobody was told the name.
pub(crate) fn no_such_file() -> ApiError {
    ApiError::new(404, 7404, "no such file")
}

/// PUT of a file that `import` asked for, and GET of one that `export` made; none where the path is another.
pub(crate) async fn upload(emulator: &Arc<Inner>, name: &str, put: Option<Bytes>) -> Outcome {
    let Some(content) = put else {
        let state = emulator.state();
        let file = state.d1.files.get(name).ok_or_else(no_such_file)?;
        return Ok(Answer::raw(file.content.clone(), "application/sql"));
    };
    let etag = hex(&Md5::digest(&content));
    let name = name.to_owned();
    let store = move |state: &mut State| {
        let file = state.d1.files.get_mut(&name).ok_or_else(no_such_file)?;
        if file.etag != etag {
            return Err(ApiError::new(400, 7400, "the content is not that of the ETag"));
        }
        file.content = content;
        Ok(Answer::result(&Value::Null).header("etag", &format!("\"{etag}\"")))
    };
    emulator.alter(store).await
}
