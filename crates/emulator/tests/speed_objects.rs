//! 100,000 objects: a page of a list and a small write cost what they cost with a hundred.
//!
//! `cargo test --release -p flarekeep-emulator --test speed_objects -- --ignored --nocapture`

mod common;

use std::time::{Duration, Instant};

use common::s3::{Ask, Key, S3};
use common::{Local, unlimited};
use serde_json::json;

const MANY: usize = 100_000;
/// The promise for a page.
const PAGE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "measures; run it alone, in release"]
async fn a_hundred_thousand_objects_are_listed_by_the_page() {
    let local = Local::with(unlimited()).await;
    let s3 = S3::start(&local.emulator).await;
    local.admin("POST", "/accounts/{A}/r2/buckets").json(&json!({"name": "site"})).send().await.result();
    let key = local.account_token(&[local.at_account(&["Workers R2 Storage Write"])]).await.key();
    let few = writes(&s3, &key, 0..100).await;
    writes(&s3, &key, 100..MANY - 100).await;
    let many = writes(&s3, &key, MANY - 100..MANY).await;
    println!("a write: {few:?} at first, {many:?} at {MANY}");
    assert!(many < few * 3, "{many:?} after {few:?}");
    for (path, most) in [
        ("/site?list-type=2&max-keys=100", 100),
        ("/site?list-type=2&max-keys=100&start-after=folder-50%2F00050050", 100),
        ("/site?delimiter=%2F&list-type=2", 100),
    ] {
        let took = usual(async || {
            let page = s3.send(&key, Ask::new("GET", path)).await;
            assert_eq!(page.ok().elements("Prefix").len().max(page.elements("Key").len()), most);
        });
        let took = took.await;
        println!("{path}: {took:?}");
        assert!(took < PAGE, "{path}: {took:?}");
    }
    let rest = usual(async || {
        let page = local.admin("GET", "/accounts/{A}/r2/buckets/site/objects?per_page=100&start_after=folder-5").send();
        assert_eq!(page.await.result().as_array().unwrap().len(), 100);
    });
    let rest = rest.await;
    println!("REST: {rest:?}");
    assert!(rest < PAGE, "{rest:?}");
}

/// Writes objects of four bytes, a thousand to a folder, and says what one write took in the middle.
async fn writes(s3: &S3, key: &Key, numbers: std::ops::Range<usize>) -> Duration {
    let mut times = Vec::with_capacity(numbers.len());
    for number in numbers {
        let path = format!("/site/folder-{:02}/{number:08}", number / 1_000);
        let began = Instant::now();
        s3.send(key, Ask::new("PUT", &path).body("tiny")).await.ok();
        times.push(began.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

/// What something takes in the middle of 21 times.
async fn usual(mut job: impl AsyncFnMut()) -> Duration {
    let mut times = Vec::new();
    for _ in 0..21 {
        let began = Instant::now();
        job().await;
        times.push(began.elapsed());
    }
    times.sort();
    times[10]
}
