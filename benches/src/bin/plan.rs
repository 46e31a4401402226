//! Plans of 5 to 5,000 needs at 1, 10 and 100 zones: made, verified, written and read.
//!
//! The needs are calls of the catalogue's own operations, spread evenly over it; at several zones, of those that name a
//! zone. Each figure is a median. The bound of docs/performance.md is checked: 500 needs in at most 50 ms.

use std::hint::black_box;
use std::time::Instant;

use flarekeep_catalogue::{AccountId, Operation, Rule, UserId, ZoneId, operations};
use flarekeep_planner::{Need, Options, PlanDocument, Target, plan, plan_document, verify, verify_file};
use flarekeep_policy::Owner;

const ROUNDS: usize = 11;
const LIMIT: f64 = 50.0;

fn main() {
    let options = Options::new(Owner::User(UserId::from_u128(0x41)));
    println!(
        "{:>5} {:>6} {:>7} {:>10} {:>10} {:>10} {:>12}",
        "zones", "needs", "grants", "plan", "verify", "write", "read+verify"
    );
    let mut slowest = 0.0f64;
    for zones in [1, 10, 100] {
        for count in [5, 50, 500, 5_000] {
            let needs = needs(count, zones);
            let made = plan(&needs, &options);
            verify(&needs, &options, &made).expect("the plan holds");
            let text = serde_json::to_string(&plan_document(&made)).expect("a plan is JSON");
            let planning = median(|| drop(black_box(plan(&needs, &options))));
            let verifying = median(|| drop(black_box(verify(&needs, &options, &made))));
            let writing = median(|| drop(black_box(serde_json::to_string(&plan_document(&made)))));
            let reading = median(|| drop(black_box(PlanDocument::parse(&text).map(|file| verify_file(&file)))));
            println!(
                "{zones:>5} {:>6} {:>7} {planning:>7.2} ms {verifying:>7.2} ms {writing:>7.2} ms {reading:>9.2} ms",
                needs.len(),
                made.grants.len()
            );
            if count == 500 {
                slowest = slowest.max(planning);
            }
        }
    }
    println!("500 needs: {slowest:.2} ms at most; the bound is {LIMIT} ms");
    assert!(slowest <= LIMIT, "a plan over 500 needs takes {slowest:.2} ms");
}

fn needs(count: usize, zones: usize) -> Vec<Need> {
    let labelled = |operation: &&Operation| matches!(operation.rule, Rule::AnyOf | Rule::AllOf);
    let pool: Vec<&'static Operation> =
        operations().iter().filter(labelled).filter(|operation| zones == 1 || operation.names_zone()).collect();
    let each = count.div_ceil(zones);
    let step = (pool.len() / each).max(1);
    let call = |at: usize| Need {
        operation: pool[at % each * step % pool.len()],
        resource: Target {
            account: Some(AccountId::from_u128(0xa1)),
            zone: Some(ZoneId::from_u128(0x1000 + (at / each) as u128)),
            ..Target::default()
        },
        why: String::new(),
        origin: String::new(),
    };
    (0..count).map(call).collect()
}

/// In milliseconds.
fn median(step: impl Fn()) -> f64 {
    let mut times: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            step();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
}
