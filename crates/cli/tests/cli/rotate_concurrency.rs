//! Eight runs of the program rotate one token at once: one of them does it, and all say that it is done.

use std::sync::Barrier;

use crate::journal::postgres;
use crate::support::Local;

const RUNS: usize = 8;
const CREATE: &str =
    "token create --name kept --operation 'POST /accounts/{account_id}/r2/buckets' --to file:value --yes";

#[test]
fn on_the_journal_of_one_user() {
    rotate_at_once(None);
}

#[test]
fn on_the_journal_of_a_team() {
    let Some(server) = postgres::server() else { return };
    rotate_at_once(Some(server.database()));
}

fn rotate_at_once(url: Option<String>) {
    let local = Local::start();
    let url = url.unwrap_or_default();
    local.type_(CREATE).env("FLAREKEEP_DATABASE_URL", &url).run().ended(0);
    let old = local.tokens().remove(0);
    let start = Barrier::new(RUNS);
    std::thread::scope(|threads| {
        for number in 0..RUNS {
            let named = if number % 2 == 0 { "kept".to_owned() } else { old.id.to_string() };
            let (local, url, start) = (&local, &url, &start);
            threads.spawn(move || {
                start.wait();
                // The rotation lasts until all have asked for it.
                let line = format!("token rotate {named} --to file:value --to 'command:cat >/dev/null; sleep 3' --yes");
                local.type_(&line).env("FLAREKEEP_DATABASE_URL", url).run().ended(0)
            });
        }
    });
    let alive = local.tokens();
    assert_eq!(alive.iter().map(|token| &*token.name).collect::<Vec<_>>(), ["kept"]);
    assert_ne!(alive[0].id, old.id);
    assert!(local.is_alive(local.read("value").trim()), "the sink holds the value that lives");
    let made = local.calls().iter().filter(|call| call.starts_with("POST ") && call.contains("/tokens ")).count();
    assert_eq!(made, 2, "one at its creation, one at its only rotation");
}
