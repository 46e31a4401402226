//! Lists and writes beside many records and tokens. The bounds are wide, since this runs without optimization and beside
//! other tests; `benches/src/bin/emulator_scale.rs` measures.

mod common;

use std::time::{Duration, Instant};

use common::{Local, unlimited};
use flarekeep_emulator::Options;
use serde_json::{Value, json};

const RECORDS: usize = 30_000;
const TOKENS: usize = 1000;
const BOUND: Duration = Duration::from_millis(150);

/// The fastest of some runs: what the work takes when nobody is in the way.
async fn fastest(local: &Local, path: &str) -> (Duration, Value) {
    let mut best = (Duration::MAX, Value::Null);
    for _ in 0..5 {
        let began = Instant::now();
        let reply = local.admin("GET", path).send().await;
        let took = began.elapsed();
        reply.result();
        if took < best.0 {
            best = (took, reply.json);
        }
    }
    best
}

#[tokio::test]
async fn lists_and_writes_do_not_grow_with_the_zone() {
    let local = Local::start().await;
    let list = "/zones/{Z}/dns_records";
    for batch in 0..RECORDS / 3000 {
        let record =
            |n: usize| json!({"type": "A", "name": format!("n{:06}", batch * 3000 + n), "content": "203.0.113.1"});
        let posts: Vec<Value> = (0..3000).map(record).collect();
        local.admin("POST", &format!("{list}/batch")).json(&json!({"posts": posts})).send().await.result();
    }
    let name = format!("n{:06}.example.com", RECORDS / 2);
    let last = RECORDS / 100;
    for (query, count) in [
        ("page=1".to_owned(), RECORDS),
        (format!("page={last}"), RECORDS),
        (format!("order=name&direction=desc&page={last}"), RECORDS),
        (format!("order=content&page={}", last / 2), RECORDS),
        (format!("name={name}"), 1),
        (format!("name.startswith=n0{}", "0001"), 10),
    ] {
        let (took, json) = fastest(&local, &format!("{list}?{query}")).await;
        assert_eq!(json["result_info"]["total_count"], count, "{query}");
        assert!(took < BOUND, "{query}: {took:?}");
    }
    let mut best = Duration::MAX;
    for n in 0..5 {
        let began = Instant::now();
        let body = json!({"type": "A", "name": format!("late{n}"), "content": "203.0.113.1"});
        local.admin("POST", list).json(&body).send().await.result();
        best = best.min(began.elapsed());
    }
    assert!(best < BOUND, "a write: {best:?}");
}

#[tokio::test]
async fn a_page_of_tokens_does_not_show_them_all() {
    let local = Local::with(Options { tokens_per_user: TOKENS, ..unlimited() }).await;
    let policies = [local.at_zone(&["DNS Read"])];
    for _ in 0..TOKENS {
        local.user_token(&policies).await;
    }
    let (took, json) = fastest(&local, "/user/tokens?per_page=50&page=10").await;
    assert_eq!(json["result_info"]["total_count"], TOKENS);
    assert!(took < BOUND, "{took:?}");
}
