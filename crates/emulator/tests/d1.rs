//! D1: databases, queries, and what hostile SQL cannot do.

mod common;

use common::{Local, Minted, Reply, unlimited};
use flarekeep_emulator::{D1Read, Emulator, Options, World};
use serde_json::{Value, json};

const DATABASES: &str = "/accounts/{A}/d1/database";

async fn writer(local: &Local) -> Minted {
    local.user_token(&[local.at_account(&["D1 Write"])]).await
}

async fn create(local: &Local, token: &Minted) -> String {
    let made = local.by(token, "POST", DATABASES).json(&json!({"name": "shop"})).send().await;
    made.result()["uuid"].as_str().unwrap().to_owned()
}

async fn ask(local: &Local, token: &Minted, id: &str, body: Value) -> Reply {
    local.by(token, "POST", &format!("{DATABASES}/{id}/query")).json(&body).send().await
}

async fn sql(local: &Local, token: &Minted, id: &str, text: &str) -> Reply {
    ask(local, token, id, json!({"sql": text})).await
}

#[tokio::test]
async fn a_database_is_made_found_changed_and_deleted() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    local.by(&token, "POST", DATABASES).json(&json!({"name": "shop"})).send().await.refused(400, 7502);
    local.by(&token, "POST", DATABASES).json(&json!({"name": "no spaces"})).send().await.refused(400, 7400);
    let by_name = local.by(&token, "GET", &format!("{DATABASES}/shop")).send().await;
    assert_eq!((&by_name.result()["uuid"], &by_name.result()["num_tables"]), (&json!(id), &json!(0)));
    let listed = local.by(&token, "GET", &format!("{DATABASES}?name=sho")).send().await;
    assert_eq!(listed.result().as_array().unwrap().len(), 1);
    let change = json!({"read_replication": {"mode": "auto"}});
    let changed = local.by(&token, "PATCH", &format!("{DATABASES}/{id}")).json(&change).send().await;
    assert_eq!(changed.result()["read_replication"]["mode"], "auto");
    local.by(&token, "DELETE", &format!("{DATABASES}/{id}")).send().await.result();
    local.by(&token, "GET", &format!("{DATABASES}/{id}")).send().await.refused(404, 7404);
    sql(&local, &token, &id, "SELECT 1").await.refused(404, 7404);
}

#[tokio::test]
async fn statements_run_in_order_and_keep_what_they_wrote() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    let made = sql(
        &local,
        &token,
        &id,
        "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT); INSERT INTO t (b) VALUES ('x'), ('y');",
    )
    .await;
    let meta = &made.result()[1]["meta"];
    assert_eq!((&meta["changes"], &meta["last_row_id"], &meta["changed_db"]), (&json!(2), &json!(2), &json!(true)));
    let body = json!({"sql": "SELECT *, 1.5 AS r, NULL AS n, x'00ff' AS z FROM t WHERE b = ?", "params": ["y"]});
    let row = json!([{"a": 2, "b": "y", "r": 1.5, "n": null, "z": [0, 255]}]);
    assert_eq!(ask(&local, &token, &id, body.clone()).await.result()[0]["results"], row);
    let raw = local.by(&token, "POST", &format!("{DATABASES}/{id}/raw")).json(&body).send().await;
    assert_eq!(
        raw.result()[0]["results"],
        json!({"columns": ["a", "b", "r", "n", "z"], "rows": [[2, "y", 1.5, null, [0, 255]]]})
    );
    let batch = json!({"batch": [{"sql": "INSERT INTO t (b) VALUES (?)", "params": ["z"]}, {"sql": "SELECT count(*) AS n FROM t"}]});
    assert_eq!(ask(&local, &token, &id, batch).await.result()[1]["results"], json!([{"n": 3}]));
    let details = local.by(&token, "GET", &format!("{DATABASES}/{id}")).send().await;
    assert_eq!((&details.result()["num_tables"], details.result()["file_size"].as_u64() > Some(0)), (&json!(1), true));
    let empty =
        local.by(&token, "POST", &format!("{DATABASES}/{id}/raw")).json(&json!({"sql": "SELECT a FROM t WHERE 0"}));
    assert_eq!(empty.send().await.result()[0]["results"], json!({"columns": ["a"], "rows": []}));
}

#[tokio::test]
async fn a_statement_that_fails_undoes_the_whole_call() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    sql(&local, &token, &id, "CREATE TABLE t (a UNIQUE)").await.result();
    let hash = local.emulator.state_hash();
    let twice = sql(&local, &token, &id, "INSERT INTO t VALUES (1); INSERT INTO t VALUES (1)").await;
    twice.refused(400, 7500);
    assert_eq!(twice.message(), "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT");
    for bad in ["SELEC 1", "SELECT * FROM none", "", "-- nothing", "SELECT ?"] {
        sql(&local, &token, &id, bad).await.refused(400, 7500);
    }
    for bad in [json!({}), json!({"sql": 1}), json!({"batch": 1}), json!({"sql": "SELECT 1", "params": "x"})] {
        ask(&local, &token, &id, bad).await.refused(400, 7400);
    }
    assert_eq!(local.emulator.state_hash(), hash);
}

#[tokio::test]
async fn hostile_sql_reaches_no_file_and_ends() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("stolen");
    let file = target.display();
    for bad in [
        format!("ATTACH '{file}' AS x"),
        format!("VACUUM INTO '{file}'"),
        format!("SELECT 1; /* */ attach 'file:{file}' as x"),
        format!("\u{feff}ATTACH '{file}' AS x"),
        format!("SELECT $a('); ATTACH/**/'{file}' AS y; --')"),
        format!("PRAGMA temp_store_directory = '{}'", folder.path().display()),
        "PRAGMA hard_heap_limit = 0".to_owned(),
        "PRAGMA journal_mode = WAL".to_owned(),
        "SELECT load_extension('x')".to_owned(),
        "SELECT writefile('x', 'y')".to_owned(),
        "SELECT length(zeroblob(1000000000) || zeroblob(1000000000))".to_owned(),
    ] {
        sql(&local, &token, &id, &bad).await.refused(400, 7500);
    }
    assert!(!target.exists());
    let large =
        sql(&local, &token, &id, "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT * FROM c")
            .await;
    large.refused(400, 7500);
    assert!(large.message().contains("SQLITE_TOOBIG"), "{}", large.message());
    let full = "CREATE TABLE t (a); INSERT INTO t WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT zeroblob(1000000) FROM c";
    let full = sql(&local, &token, &id, full).await;
    assert_eq!((full.status, full.message()), (400, "Exceeded maximum DB size"));
}

#[tokio::test]
async fn writers_take_turns_and_none_is_lost() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    sql(&local, &token, &id, "CREATE TABLE t (a)").await.result();
    let inserts = (0..20).map(|_| sql(&local, &token, &id, "INSERT INTO t VALUES (1)"));
    for reply in futures_util::future::join_all(inserts).await {
        reply.result();
    }
    let count = sql(&local, &token, &id, "SELECT count(*) AS n FROM t").await;
    assert_eq!(count.result()[0]["results"], json!([{"n": 20}]));
}

#[tokio::test]
async fn a_reader_reads_and_a_poor_token_does_not() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    let reader = local.user_token(&[local.at_account(&["D1 Read"])]).await;
    sql(&local, &reader, &id, "SELECT 1").await.result();
    local.by(&reader, "POST", DATABASES).json(&json!({"name": "x"})).send().await.refused(403, 7403);
    assert!(sql(&local, &local.poor_token().await, &id, "SELECT 1").await.is_refusal());
}

#[tokio::test]
async fn what_was_written_outlives_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let world = "[[account]]\nname = \"A\"\n[[user]]\nemail = \"a@example.com\"\n[[zone]]\nname = \"example.com\"\n";
    let open = || Emulator::open(folder.path(), World::from_toml(world).unwrap(), unlimited()).unwrap();
    let local = Local::serve(open()).await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    sql(&local, &token, &id, "CREATE TABLE t (a); INSERT INTO t VALUES ('kept')").await.result();
    local.shutdown_and_drop().await;
    let local = Local::serve(open()).await;
    let read = sql(&local, &token, &id, "SELECT a FROM t").await;
    assert_eq!(read.result()[0]["results"], json!([{"a": "kept"}]));
}

#[tokio::test]
async fn a_file_is_imported_and_exported() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    let import =
        async |body: Value| local.by(&token, "POST", &format!("{DATABASES}/{id}/import")).json(&body).send().await;
    let text = "CREATE TABLE t (a, \"b c\");\nINSERT INTO t VALUES (1, 'it''s');\n";
    let etag = "f0d3b0f6f5d3a1b0"; // not that of the text
    let begun = import(json!({"action": "init", "etag": etag})).await;
    let url = begun.result()["upload_url"].as_str().unwrap().to_owned();
    assert!(url.contains("/__flarekeep/d1/"));
    assert_eq!(local.put(&url, text).await.status, 400, "the content is another");
    let begun = import(json!({"action": "init", "etag": md5(text)})).await;
    let url = begun.result()["upload_url"].as_str().unwrap().to_owned();
    let put = local.put(&url, text).await;
    assert_eq!(put.headers["etag"], format!("\"{}\"", md5(text)).as_str());
    let done = import(json!({"action": "ingest", "etag": md5(text), "filename": begun.result()["filename"]})).await;
    assert_eq!((&done.result()["status"], &done.result()["result"]["num_queries"]), (&json!("complete"), &json!(2)));
    let export = json!({"output_format": "polling"});
    let dump = local.by(&token, "POST", &format!("{DATABASES}/{id}/export")).json(&export).send().await;
    let text = local.fetch(dump.result()["result"]["signed_url"].as_str().unwrap()).await.text;
    assert!(text.contains("INSERT INTO \"t\" (\"a\",\"b c\") VALUES(1,'it''s');"), "{text}");
    let other = local.by(&token, "POST", DATABASES).json(&json!({"name": "copy"})).send().await;
    let other = other.result()["uuid"].as_str().unwrap().to_owned();
    sql(&local, &token, &other, &text).await.result();
    let read = sql(&local, &token, &other, "SELECT * FROM t").await;
    assert_eq!(read.result()[0]["results"], json!([{"a": 1, "b c": "it's"}]));
}

fn md5(text: &str) -> String {
    use md5::{Digest, Md5};
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_file_that_nobody_asked_for_is_not_read() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let local = Local::start().await;
    let mut stream = tokio::net::TcpStream::connect(local.address()).await.unwrap();
    let head = "PUT /__flarekeep/d1/none.sql HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\n\
                content-length: 90000000\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    stream.read_exact(&mut begin).await.unwrap();
    assert_eq!(std::str::from_utf8(&begin), Ok("HTTP/1.1 404"));
    let url = format!("http://{}/__flarekeep/d1/none.sql", local.address());
    assert_eq!(local.put(&url, "SELECT 1;").await.status, 404);
}

#[tokio::test]
async fn d1_read_runs_what_reads_and_needs_d1_write_for_the_rest() {
    for (d1_read, refused) in [(D1Read::ReadOnly, true), (D1Read::AsListed, false)] {
        let local = Local::with(Options { d1_read, ..unlimited() }).await;
        let (token, reader) = (writer(&local).await, local.user_token(&[local.at_account(&["D1 Read"])]).await);
        let id = create(&local, &token).await;
        sql(&local, &token, &id, "CREATE TABLE t (a)").await.result();
        sql(&local, &reader, &id, "SELECT * FROM t").await.result();
        for text in ["DROP TABLE t", "SELECT 1; INSERT INTO t VALUES (1)"] {
            let reply = sql(&local, &reader, &id, text).await;
            if refused {
                reply.refused(403, 7403);
            } else {
                assert!(reply.result().is_array());
            }
            sql(&local, &token, &id, "CREATE TABLE IF NOT EXISTS t (a)").await.result();
        }
    }
}

#[tokio::test]
async fn writes_and_what_failed_of_them_are_in_the_audit_log() {
    let local = Local::start().await;
    let token = writer(&local).await;
    let id = create(&local, &token).await;
    sql(&local, &token, &id, "CREATE TABLE t (a)").await.result();
    sql(&local, &token, &id, "INSERT INTO nowhere VALUES (1)").await.refused(400, 7500);
    sql(&local, &token, &id, "SELECT * FROM t").await.result();
    sql(&local, &token, &id, "SELECT * FROM nowhere").await.refused(400, 7500);
    let log = "/accounts/{A}/logs/audit?since=2020-01-01&before=2999-01-01&direction=asc&actor_token_id=";
    let log = local.admin("GET", &format!("{log}{}", token.id)).send().await;
    let line = |entry: &Value| {
        let text = |value: &Value| value.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        format!("{} {}", text(&entry["raw"]["uri"]), text(&entry["action"]["result"]))
    };
    let lines: Vec<String> = log.result().as_array().unwrap().iter().map(line).collect();
    assert_eq!(lines, ["database success", "query success", "query failure"]);
}
