//! A subject is one process's at a time, and a process that dies gives it back.

use std::io::{BufRead, BufReader};
use std::time::{Duration, Instant};

use flarekeep_tokens::Step;

use super::{Place, change, places, process, subject};

#[tokio::test]
async fn a_lock_keeps_others_out_and_ends_when_it_is_dropped() {
    for place in places() {
        let (one, other) = (place.open().await, place.open().await);
        let (a, b) = (subject("a"), subject("b"));
        let held = one.try_lock(&a).await.unwrap().expect("a free subject");
        assert!(other.try_lock(&a).await.unwrap().is_none(), "{place:?}");
        assert!(one.try_lock(&a).await.unwrap().is_none(), "{place:?}");
        let beside = other.try_lock(&b).await.unwrap().expect("another subject");
        // In its own process a lock is free as soon as it is dropped.
        drop(held);
        drop(one.try_lock(&a).await.unwrap().expect("given back"));
        let held = one.lock(&a).await.unwrap();
        let waiting = tokio::spawn({
            let (other, a) = (other.clone(), a.clone());
            async move { other.lock(&a).await.map(drop) }
        });
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(!waiting.is_finished(), "{place:?}");
        drop(held);
        tokio::time::timeout(Duration::from_secs(10), waiting).await.expect("the lock").unwrap().unwrap();
        drop(beside);
    }
}

/// Not a test by itself: takes a lock, begins a change, says so, and stays.
#[tokio::test]
async fn holder() {
    let Ok(place) = std::env::var("FLAREKEEP_TEST_HOLDER") else { return };
    let journal = Place::spelled(&place).open().await;
    let _lock = journal.lock(&subject("a")).await.unwrap();
    journal.begin(&change(1, &subject("a"))).await.unwrap();
    println!("\nHELD");
    tokio::time::sleep(Duration::from_secs(60)).await;
}

#[tokio::test]
async fn the_lock_of_a_process_that_is_killed_is_free_at_once() {
    for place in places() {
        let mut holder = process("journal::locks::holder", &[("FLAREKEEP_TEST_HOLDER", &place.spelling)]);
        let lines = BufReader::new(holder.stdout.take().unwrap()).lines();
        assert!(lines.map_while(Result::ok).any(|line| line == "HELD"), "{place:?}");
        let journal = place.open().await;
        assert!(journal.try_lock(&subject("a")).await.unwrap().is_none(), "{place:?}");
        let killed = Instant::now();
        holder.kill().unwrap();
        let lock = tokio::time::timeout(Duration::from_secs(20), journal.lock(&subject("a"))).await;
        let lock = lock.expect("the lock is free").unwrap();
        assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
        holder.wait().unwrap();
        // What it had begun is taken up, under this lock.
        let open = journal.unfinished().await.unwrap();
        journal.append(open[0].change.id, &Step::Checked).await.unwrap();
        drop(lock);
    }
}
