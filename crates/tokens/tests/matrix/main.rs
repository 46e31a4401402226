//! The confusion matrix of `why`: tokens and calls with one fault each, called as a client calls, diagnosed by the answer
//! alone and by what a live `why` may read. No cause may be certain that is wrong.
//!
//! A sample of the operations is walked; `FLAREKEEP_CASES=N cargo test -p flarekeep-tokens --test matrix -- --nocapture`
//! walks N of them, evenly spread, or `all`, and prints the table of docs/assurance.md.

mod enabled;
mod fault;
mod local;
mod minting;
mod s3;
mod tally;
mod walk;
mod world;

use flarekeep_catalogue::{Operation, operations};
use flarekeep_emulator::{BarredAnswer, ErrorStyle, Options};

use fault::Fault;
use local::Local;
use tally::Tally;
use walk::Walk;

#[tokio::test]
async fn no_diagnosis_is_wrong_and_certain() {
    /// Operations that a quick test walks.
    const SAMPLE: usize = 24;
    let cases = std::env::var("FLAREKEEP_CASES").ok();
    let whole = cases.as_deref() == Some("all");
    let wanted = cases.and_then(|cases| cases.parse().ok()).unwrap_or(SAMPLE);
    let labelled = |operation: &&Operation| {
        operation.is_routed() && operation.accepts().next().is_some() && !operation.path().contains("graphql")
    };
    let all: Vec<&'static Operation> = operations().iter().filter(labelled).collect();
    let every = if whole { 1 } else { (all.len() / wanted).max(1) };
    let closed = all.iter().copied().filter(|operation| operation.closed_to_account_tokens && !whole);
    let walked: Vec<_> = all.iter().copied().step_by(every).chain(closed.step_by(every.min(40))).collect();
    let mut tally = Tally::default();
    for (turn, options) in settings().into_iter().enumerate() {
        let unlimited = Options { rate_limit: None, graphql_limit: None, lock_out: None, ..options.clone() };
        let local = Local::start(unlimited).await;
        let limited = Local::limited(options).await;
        for operation in walked.iter().copied().skip(turn).step_by(2) {
            for of_account in [false, true] {
                let called = format!("{operation} {}", if of_account { "account" } else { "user" });
                if let Some(walk) = Walk::new(&local, operation, of_account) {
                    for fault in Fault::of_the_token() {
                        walk.walk(fault).await.into_iter().for_each(|told| tally.add(fault, &called, &told));
                    }
                }
                if let Some(walk) = Walk::new(&limited, operation, of_account) {
                    for fault in Fault::of_the_world() {
                        let told = walk.walk_in_the_world(fault).await;
                        told.into_iter().for_each(|told| tally.add(fault, &called, &told));
                    }
                    // Once the wait is over the call is let through, and may have acted: it may be that which deletes the zone.
                    limited.emulator.reset().await.unwrap();
                }
            }
        }
        enabled::walk(&local, every, &mut tally).await;
        minting::walk(&local, every, &mut tally).await;
        s3::walk(&local, &mut tally).await;
    }
    println!("operations: {} of {}", walked.len(), all.len());
    tally.settle();
}

/// Half of the operations are walked under each: what verifying tells of a token that may not be used now is not known.
fn settings() -> [Options; 2] {
    [
        Options { barred: BarredAnswer::StatusOnVerify, ..Options::default() },
        Options { barred: BarredAnswer::InvalidToken, error_style: ErrorStyle::Enriched, ..Options::default() },
    ]
}
