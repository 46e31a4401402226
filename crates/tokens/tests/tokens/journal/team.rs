//! What PostgreSQL adds: connections that break, servers that refuse, tables of another age.

use std::time::Duration;

use flarekeep_tokens::{End, JournalCause, Known, Postgres, Sqlite, Step, Store};

use super::{change, holding, subject};
use crate::support::postgres::{PASSWORD, PASSWORD_IN_URL, Server, fast_folder, server};

fn database(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

/// Breaks the connections that hold advisory locks.
fn break_locks(server: &Server, url: &str) {
    let database = database(url);
    let statement = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND database = \
         (SELECT oid FROM pg_database WHERE datname = '{database}')"
    );
    assert_eq!(server.sql("postgres", &statement), "1");
}

#[tokio::test]
async fn a_lock_that_is_lost_stops_every_write_about_its_subject() {
    let Some(server) = server() else { return };
    let url = server.database();
    let (one, other) = (Postgres::open(&url).await.unwrap(), Postgres::open(&url).await.unwrap());
    let (a, b) = (subject("a"), subject("b"));
    let change_of_a = change(1, &a);
    let lock = one.lock(&a).await.unwrap();
    one.begin(&change_of_a).await.unwrap();
    one.append(change_of_a.id, &Step::Checked).await.unwrap();
    break_locks(server, &url);
    let taken = tokio::time::timeout(Duration::from_secs(5), other.lock(&a)).await.unwrap().unwrap();
    for _ in 0..3 {
        let error = one.append(change_of_a.id, &Step::Named).await.unwrap_err();
        assert!(matches!(error.cause, JournalCause::Unreachable), "{error:?}");
    }
    let done = Step::Finished { end: End::Done };
    assert!(one.finish(&change_of_a, &done, Known::AsBefore).await.is_err());
    assert!(one.begin(&change(2, &a)).await.is_err());
    assert!(one.keep(&holding(&a, 1)).await.is_err());
    assert!(one.forget(&a).await.is_err());
    // Another subject, and reading, go on.
    one.begin(&change(3, &b)).await.unwrap();
    assert_eq!(one.unfinished().await.unwrap()[0].steps, [Step::Checked]);
    // Whoever has the lock now writes.
    other.append(change_of_a.id, &Step::Named).await.unwrap();
    drop((lock, taken));
    // With the lost lock gone, the subject is locked over a new connection, and written about again.
    let _lock = tokio::time::timeout(Duration::from_secs(5), one.lock(&a)).await.unwrap().unwrap();
    one.append(change_of_a.id, &Step::Naming).await.unwrap();
}

#[tokio::test]
async fn a_change_that_another_run_began_is_written_about_under_the_lock_too() {
    let Some(server) = server() else { return };
    let url = server.database();
    let a = subject("a");
    Postgres::open(&url).await.unwrap().begin(&change(1, &a)).await.unwrap();
    let one = Postgres::open(&url).await.unwrap();
    let _lock = one.lock(&a).await.unwrap();
    break_locks(server, &url);
    assert!(one.append(change(1, &a).id, &Step::Checked).await.is_err());
}

#[tokio::test]
async fn each_failure_says_what_kind_it_is_and_keeps_the_password() {
    let Some(server) = server() else { return };
    let url = server.database();
    let name = database(&url);
    let cases = [
        (url.replace(PASSWORD_IN_URL, "wrong"), JournalCause::Refused),
        (url.replace("flarekeep:", "nobody:"), JournalCause::Refused),
        (url.replace(name, "nowhere"), JournalCause::Address),
        // This server has no TLS: what asks for it does not get along without.
        (format!("{url}?sslmode=require"), JournalCause::Unreachable),
        (format!("{url}?sslmode=verify-full"), JournalCause::Unreachable),
        (format!("postgres://flarekeep:{PASSWORD_IN_URL}@127.0.0.1:1/{name}"), JournalCause::Unreachable),
        (format!("postgres://flarekeep:{PASSWORD_IN_URL}@127.0.0.1:x/{name}"), JournalCause::Address),
        (url.replace(PASSWORD_IN_URL, PASSWORD), JournalCause::Address),
    ];
    for (number, (url, cause)) in cases.into_iter().enumerate() {
        let error = Postgres::open(&url).await.expect_err(&url);
        let shown = format!("{error} {error:?}");
        assert_eq!(error.cause, cause, "{number}: {shown}");
        assert!(!shown.contains(PASSWORD_IN_URL) && !shown.contains(PASSWORD) && !shown.contains("real"), "{shown}");
    }
    let journal = Postgres::open(&url).await.unwrap();
    let shown = format!("{journal:?} {}", journal.place());
    assert!(shown.contains(name) && !shown.contains("real"), "{shown}");
    Postgres::open(&server.over_socket(&url)).await.unwrap();
}

/// Somebody who may write the tables and not make any.
#[tokio::test]
async fn tables_that_are_there_need_no_right_to_make_them() {
    let Some(server) = server() else { return };
    let url = server.database();
    Postgres::open(&url).await.unwrap();
    let (name, role) = (database(&url), format!("member_of_{}", database(&url)));
    server.sql(name, &format!("CREATE ROLE {role} LOGIN PASSWORD 'member'"));
    server.sql(name, &format!("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}"));
    server.sql(name, "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let member = url.replace(&format!("flarekeep:{PASSWORD_IN_URL}"), &format!("{role}:member"));
    let journal = Postgres::open(&member).await.unwrap();
    journal.begin(&change(1, &subject("a"))).await.unwrap();
    let empty = server.database();
    server.sql(database(&empty), "REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let error = Postgres::open(&member.replace(name, database(&empty))).await.unwrap_err();
    assert_eq!(error.cause, JournalCause::Refused, "{error}");
}

#[tokio::test]
async fn what_a_newer_program_has_written_is_left_alone() {
    if let Some(server) = server() {
        let url = server.database();
        Postgres::open(&url).await.unwrap();
        server.sql(database(&url), "UPDATE flarekeep_schema SET version = version + 1");
        assert_eq!(Postgres::open(&url).await.unwrap_err().cause, JournalCause::Newer);
    }
    let folder = tempfile::tempdir_in(fast_folder()).unwrap();
    Sqlite::open(folder.path()).await.unwrap();
    sqlite(folder.path(), "UPDATE flarekeep_schema SET version = version + 1").await;
    assert_eq!(Sqlite::open(folder.path()).await.unwrap_err().cause, JournalCause::Newer);
}

#[tokio::test]
async fn a_file_that_is_no_journal_is_called_so() {
    let folder = tempfile::tempdir_in(fast_folder()).unwrap();
    std::fs::write(folder.path().join("journal.sqlite"), "not a database\n".repeat(100)).unwrap();
    let error = Sqlite::open(folder.path()).await.unwrap_err();
    assert_eq!(error.cause, JournalCause::Damaged, "{error}");
    let error = Sqlite::open("/dev/null/state".as_ref()).await.unwrap_err();
    assert_eq!(error.cause, JournalCause::Folder, "{error}");
}

#[tokio::test]
async fn a_finished_change_is_forgotten_after_a_year_and_an_unfinished_one_never() {
    const AGE: &str = "UPDATE flarekeep_changes SET begun_at = '2001-01-01T00:00:00.000000Z'";
    const END: &str = "UPDATE flarekeep_changes SET finished_at = '2001-01-01T00:00:00.000000Z' WHERE finished_at IS NOT \
        NULL AND id = '0000000000000001'";
    let folder = tempfile::tempdir_in(fast_folder()).unwrap();
    let url = server().map(|server| (server, server.database()));
    let mut journals: Vec<Box<dyn Store>> = vec![Box::new(Sqlite::open(folder.path()).await.unwrap())];
    if let Some((_, url)) = &url {
        journals.push(Box::new(Postgres::open(url).await.unwrap()));
    }
    let (a, b) = (subject("a"), subject("b"));
    for journal in &journals {
        for (number, subject) in [(1, &a), (2, &b), (3, &a)] {
            journal.begin(&change(number, subject)).await.unwrap();
            journal.append(change(number, subject).id, &Step::Checked).await.unwrap();
        }
        for (number, subject) in [(1, &a), (2, &b)] {
            let known = holding(subject, 1);
            let done = Step::Finished { end: End::Done };
            journal.finish(&change(number, subject), &done, Known::Holding(&known)).await.unwrap();
        }
    }
    drop(journals);
    for statement in [AGE, END] {
        sqlite(folder.path(), statement).await;
        if let Some((server, url)) = &url {
            server.sql(database(url), statement);
        }
    }
    let mut journals: Vec<Box<dyn Store>> = vec![Box::new(Sqlite::open(folder.path()).await.unwrap())];
    if let Some((_, url)) = &url {
        journals.push(Box::new(Postgres::open(url).await.unwrap()));
    }
    for journal in &journals {
        assert_eq!(journal.last_finished(&a).await.unwrap(), None);
        assert!(journal.last_finished(&b).await.unwrap().is_some());
        assert_eq!(journal.unfinished().await.unwrap()[0].steps, [Step::Checked]);
        assert_eq!(journal.holdings().await.unwrap().len(), 2, "what lives is known");
    }
}

async fn sqlite(folder: &std::path::Path, statement: &'static str) {
    use sqlx::Connection as _;
    let url = format!("sqlite://{}", folder.join("journal.sqlite").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
}
