//! The journal of a team: what the program says of a database, and that members share it.

#[path = "../../../tokens/tests/tokens/support/postgres.rs"]
pub(crate) mod postgres;

use crate::support::{Local, fresh_value, shows};

const CREATE: &str =
    "token create --name kept --operation 'POST /accounts/{account_id}/r2/buckets' --to file:value --yes";

#[test]
fn a_database_that_is_none() {
    let local = Local::start();
    let password = fresh_value("pw-");
    local.keep_secret(&password);
    let with = |url: String| local.type_(CREATE).env("FLAREKEEP_DATABASE_URL", &url).run();
    shows!("database_url_bad", with(format!("mysql://ada:{password}@db.example.com/team")).failed(2));
    shows!("database_url_slash", with(format!("postgres://ada:1/{password}@db.example.com/team")).failed(2));
    shows!("database_url_misspelt", with(format!("postgres://ada:{password}@db/team?sslmod=require")).failed(2));
    shows!("database_unreachable", with(format!("postgres://ada:{password}@127.0.0.1:1/team")).failed(4));
    assert!(local.tokens().is_empty());
}

/// A folder that is somebody else's does not say where the journal is.
#[test]
fn a_database_in_the_env_file_is_passed_over() {
    let local = Local::start();
    local.write(".env", "FLAREKEEP_DATABASE_URL=postgres://127.0.0.1:1/team\n");
    local.run(CREATE).ended(0);
}

#[test]
fn members_share_a_journal() {
    let Some(server) = postgres::server() else { return };
    let local = Local::start();
    local.keep_secret(postgres::PASSWORD_IN_URL);
    let url = server.database();
    local.type_(CREATE).env("FLAREKEEP_DATABASE_URL", &url).run().ended(0);
    let database = url.rsplit('/').next().unwrap();
    assert_eq!(server.sql(database, "SELECT count(*) FROM flarekeep_changes WHERE finished_at IS NOT NULL"), "1");
    let dump =
        server.sql(database, "SELECT document FROM flarekeep_steps UNION ALL SELECT document FROM flarekeep_changes");
    let value = local.read("value");
    assert!(dump.contains("kept (pending ") && !dump.contains(&value[6..20]), "no value is in the journal");
    assert!(!std::path::Path::new(&local.path(".local/state/flarekeep/journal.sqlite")).exists());
    let wrong = url.replace(postgres::PASSWORD_IN_URL, &fresh_value("pw-"));
    let run = local.type_("token revoke kept --yes").env("FLAREKEEP_DATABASE_URL", &wrong).run();
    run.failed(3).says("password authentication failed").says("FLAREKEEP_DATABASE_URL");
    local.type_("token revoke kept --yes").env("FLAREKEEP_DATABASE_URL", &url).run().ended(0);
}
