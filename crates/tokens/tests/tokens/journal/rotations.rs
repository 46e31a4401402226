//! Several processes, and several machines, rotate one token: it is rotated once.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Client, Credential, HttpTransport, NewToken, Owner, RetrySettings};
use flarekeep_tokens::{Desk, Rescue, Rotation, Sink, Step, find, resume_own, rotate, successor};
use secrecy::ExposeSecret;

use super::{Place, places, process};
use crate::support::postgres::fast_folder;
use crate::support::{Local, account_key, group, policy};

const PROCESSES: usize = 8;

/// What one process is told of its machine and its work.
struct Role<'a> {
    api: &'a str,
    credential: &'a (String, String),
    /// Where the journal is.
    journal: &'a str,
    /// Where this machine's rescue files are.
    state: &'a Path,
    /// The file that gets the value.
    value: &'a Path,
    /// The token's name or id.
    token: String,
    /// The step, by its number in the change, after which the process is killed; 0 for none.
    dies_after: usize,
}

impl Role<'_> {
    fn start(&self) -> std::process::Child {
        let dies = self.dies_after.to_string();
        process(
            "journal::rotations::rotator",
            &[
                ("FLAREKEEP_TEST_ROTATOR", self.api),
                ("FLAREKEEP_TEST_EMAIL", &self.credential.0),
                ("FLAREKEEP_TEST_KEY", &self.credential.1),
                ("FLAREKEEP_TEST_PLACE", self.journal),
                ("FLAREKEEP_TEST_STATE", self.state.to_str().unwrap()),
                ("FLAREKEEP_TEST_VALUE", self.value.to_str().unwrap()),
                ("FLAREKEEP_TEST_TOKEN", &self.token),
                ("FLAREKEEP_TEST_DIES", &dies),
            ],
        )
    }
}

/// Not a test by itself: one of the processes. It finds the token, waits until all have, and rotates.
#[tokio::test]
async fn rotator() {
    let Ok(api) = std::env::var("FLAREKEEP_TEST_ROTATOR") else { return };
    let said = |name: &str| std::env::var(format!("FLAREKEEP_TEST_{name}")).unwrap();
    let credential = Credential::global_key(&said("EMAIL"), &said("KEY")).unwrap();
    let network = HttpTransport::loopback(Duration::from_secs(30)).unwrap();
    let retry = RetrySettings::default();
    let manager = Client::builder(credential.clone()).base_url(&api).retry(retry).unpaced().transport(network).build();
    let dies_after: usize = said("DIES").parse().unwrap();
    let steps = AtomicUsize::new(0);
    let listener: flarekeep_tokens::Listener = Arc::new(move |_, _: &Step| {
        if steps.fetch_add(1, Ordering::Relaxed) + 1 == dies_after {
            // SIGKILL: nothing is cleaned up.
            let id = std::process::id().to_string();
            std::process::Command::new("sh").args(["-c", "kill -KILL $0", &id]).status().unwrap();
            std::thread::sleep(Duration::from_secs(60));
        }
    });
    let state = said("STATE");
    let desk = Desk {
        manager: manager.unwrap(),
        journal: Place::spelled(&said("PLACE")).open().await,
        rescue: Rescue::new(state.as_ref(), &credential),
        listener: Some(listener),
    };
    let sinks = [Sink::File(said("VALUE").into())];
    // As the program does it: what was asked for is asked before the token is looked at.
    let asked = jiff::Timestamp::now();
    let old = find(&desk.manager.tokens(Owner::User), &said("TOKEN")).await.unwrap();
    let ready = Path::new(&state).join(format!("ready-{}", std::process::id()));
    std::fs::write(ready, "").unwrap();
    let start = Path::new(&state).join("start");
    while !start.exists() {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let new = successor(&old, asked);
    let rotation = Rotation { owner: Owner::User, new, old, grace: None, declared: None, asked };
    let rotated = rotate(&desk, &rotation, &sinks).await.unwrap();
    println!("\nROTATED {} {}", rotated.token.id, if rotated.by_another { "another" } else { "itself" });
}

fn new_token() -> NewToken {
    let policies = vec![policy("allow", &account_key(), &[group("Workers R2 Storage Write")])];
    NewToken { name: "kept".to_owned(), policies, ..NewToken::default() }
}

fn credential(local: &Local) -> (String, String) {
    let facts = local.emulator.facts();
    (facts.email, facts.global_key)
}

/// Looks at the sink and the tokens until it is told to stop; says how often it looked.
async fn watch(local: &Local, value: &Path, stop: &AtomicBool) -> usize {
    let mut looks = 0;
    while !stop.load(Ordering::Relaxed) {
        let held = std::fs::read_to_string(value).unwrap();
        // A value that was taken over between the two looks may end between them.
        if !local.is_alive(held.trim()).await {
            let now = std::fs::read_to_string(value).unwrap();
            assert_ne!(now, held, "the sink holds a dead value");
        }
        let alive = local.tokens().await.len();
        assert!((1..=2).contains(&alive), "{alive} tokens live");
        looks += 1;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    looks
}

/// Until this many processes have found the token.
async fn all_ready(state: &Path, count: usize) {
    loop {
        let names = std::fs::read_dir(state).unwrap().flatten().map(|file| file.file_name());
        if names.filter(|name| name.to_string_lossy().starts_with("ready-")).count() >= count {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_one_token_once() {
    for place in places() {
        let local = Local::start().await;
        let folder = tempfile::tempdir_in(fast_folder()).unwrap();
        let (state, value) = (folder.path().to_owned(), folder.path().join("value"));
        let (old, secret) = local.mint(&new_token()).await;
        std::fs::write(&value, secret.expose_secret()).unwrap();
        let (api, credential) = (local.api_url(), credential(&local));
        let stop = AtomicBool::new(false);
        let (looks, outcomes) = tokio::join!(watch(&local, &value, &stop), async {
            let processes: Vec<_> = (0..PROCESSES)
                .map(|number| {
                    // By name and by id.
                    let token = if number % 2 == 0 { "kept".to_owned() } else { old.id.to_string() };
                    let (api, credential, journal) = (&api, &credential, &place.spelling);
                    Role { api, credential, journal, state: &state, value: &value, token, dies_after: 0 }.start()
                })
                .collect();
            all_ready(&state, PROCESSES).await;
            std::fs::write(state.join("start"), "").unwrap();
            let mut outcomes = Vec::new();
            for process in processes {
                let ended = tokio::task::spawn_blocking(move || process.wait_with_output().unwrap()).await.unwrap();
                let said = String::from_utf8_lossy(&ended.stdout).into_owned();
                let outcome = said.lines().find_map(|line| line.strip_prefix("ROTATED ").map(str::to_owned));
                outcomes.push(outcome.unwrap_or_else(|| panic!("{place:?}: {said}")));
            }
            stop.store(true, Ordering::Relaxed);
            outcomes
        });
        let alive: Vec<TokenId> = local.tokens().await.into_iter().map(|token| token.id).collect();
        assert_eq!(alive.len(), 1, "{place:?}");
        assert_ne!(alive[0], old.id);
        assert!(local.is_alive(std::fs::read_to_string(&value).unwrap().trim()).await);
        let count = |who: &str| outcomes.iter().filter(|outcome| **outcome == format!("{} {who}", alive[0])).count();
        assert_eq!((count("itself"), count("another")), (1, PROCESSES - 1), "{place:?}: {outcomes:?}");
        assert!(place.open().await.unfinished().await.unwrap().is_empty());
        println!("{PROCESSES} processes, one rotation, {looks} looks meanwhile");
        assert!(looks > 3, "{looks}");
    }
}

/// Two machines share a journal and nothing else. One is killed after each step; the other takes up what it left.
#[tokio::test(flavor = "multi_thread")]
async fn another_machine_takes_up_what_a_killed_one_left() {
    let Some(server) = crate::support::postgres::server() else { return };
    let local = Local::start().await;
    let (api, credential) = (local.api_url(), credential(&local));
    let mut kills = 0;
    for dies_after in 1..40 {
        local.clear().await;
        let place = Place::spelled(&server.database());
        let folder = tempfile::tempdir_in(fast_folder()).unwrap();
        let machines = [folder.path().join("one"), folder.path().join("two")];
        // The value goes to a place that both reach.
        let value = folder.path().join("value");
        for machine in &machines {
            std::fs::create_dir(machine).unwrap();
            std::fs::write(machine.join("start"), "").unwrap();
        }
        let (_, secret) = local.mint(&new_token()).await;
        std::fs::write(&value, secret.expose_secret()).unwrap();
        let journal = &place.spelling;
        let run = |state: &Path, dies_after| {
            let token = "kept".to_owned();
            let role = Role { api: &api, credential: &credential, journal, state, value: &value, token, dies_after };
            let process = role.start();
            tokio::task::spawn_blocking(move || process.wait_with_output().unwrap())
        };
        let first = run(&machines[0], dies_after).await.unwrap();
        assert!(local.tokens().await.len() <= 2);
        let held = std::fs::read_to_string(&value).unwrap();
        assert!(local.is_alive(held.trim()).await, "the sink holds a dead value after step {dies_after}");
        if first.status.success() {
            break;
        }
        let said = String::from_utf8_lossy(&first.stdout);
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&first.status), Some(9), "not killed: {said}");
        kills += 1;
        // As any command of the other machine does it before its own work.
        let credential = Credential::global_key(&credential.0, &credential.1).unwrap();
        let rescue = Rescue::new(&machines[1], &credential);
        let desk = Desk { manager: local.admin(), journal: place.open().await, rescue, listener: None };
        for (_, resumed) in resume_own(&desk, None).await.unwrap() {
            resumed.unwrap_or_else(|error| panic!("after step {dies_after}: {error}"));
        }
        let alive = local.tokens().await;
        assert_eq!(alive.iter().map(|token| &*token.name).collect::<Vec<_>>(), ["kept"], "after step {dies_after}");
        let held = std::fs::read_to_string(&value).unwrap();
        assert!(local.is_alive(held.trim()).await, "the sink holds a dead value after step {dies_after}");
        assert!(desk.journal.unfinished().await.unwrap().is_empty());
    }
    println!("a machine was killed {kills} times, and the other took it up each time");
    assert!(kills >= 10, "{kills}");
}
