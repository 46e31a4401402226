//! The journal: one suite for both databases, and what each promises beyond it.

mod locks;
mod model;
mod progress;
mod rotations;
mod suite;
mod team;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Credential, Owner};
use flarekeep_tokens::{Change, ChangeId, Declared, Fingerprint, Holding, Kind, Postgres, Sqlite, Store, Subject};
use jiff::Timestamp;

use crate::support::postgres::{fast_folder, server};

/// Where a journal is: the spelling that a process hands to another.
#[derive(Debug)]
struct Place {
    spelling: String,
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    fn spelled(spelling: &str) -> Self {
        Self { spelling: spelling.to_owned(), _folder: None }
    }

    async fn open(&self) -> Arc<dyn Store> {
        if self.spelling.starts_with("postgres://") {
            return Arc::new(Postgres::open(&self.spelling).await.unwrap());
        }
        Arc::new(Sqlite::open(self.spelling.as_ref()).await.unwrap())
    }
}

fn sqlite() -> Place {
    let folder = tempfile::tempdir_in(fast_folder()).unwrap();
    Place { spelling: folder.path().to_str().unwrap().to_owned(), _folder: Some(folder) }
}

/// An empty journal in each kind of database.
fn places() -> Vec<Place> {
    let postgres = server().map(|server| Place::spelled(&server.database()));
    [sqlite()].into_iter().chain(postgres).collect()
}

fn subject(name: &str) -> Subject {
    Subject { api: "http://127.0.0.1:1/client/v4".to_owned(), owner: Owner::User, name: name.to_owned() }
}

/// A change with this number as its id and its time.
fn change(number: u64, subject: &Subject) -> Change {
    Change {
        id: format!("{number:016x}").parse::<ChangeId>().unwrap(),
        kind: Kind::Rotate,
        subject: subject.clone(),
        manager: Fingerprint::of(&Credential::token(&"t".repeat(40)).unwrap()),
        replaces: Some(TokenId::from_u128(7)),
        sinks: vec!["env:.env:KEY".to_owned(), "file:/tmp/it's \"here\"".to_owned()],
        declared: Some(Declared {
            file: "/srv/flarekeep.toml".into(),
            project: Some("shop".to_owned()),
            rotate_every: Some(86_400),
            until: None,
        }),
        grace: None,
        begun: Timestamp::from_second(1_800_000_000 + i64::try_from(number).unwrap()).unwrap(),
    }
}

fn holding(subject: &Subject, id: u128) -> Holding {
    Holding {
        subject: subject.clone(),
        id: TokenId::from_u128(id),
        sinks: vec!["file:/srv/value".to_owned()],
        declared: None,
        since: Timestamp::from_second(1_800_000_000).unwrap(),
    }
}

/// This program again, as another process that runs one test: the other half of a story.
fn process(test: &str, role: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .envs(role.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}
