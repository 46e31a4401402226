//! A subject is one process's at a time, and a process that dies gives it back.

use std::io::{BufRead, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flarekeep_tokens::{JournalCause, Patient, Step, Store};

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

#[tokio::test]
async fn a_wait_is_told_of_and_comes_to_an_end() {
    for place in places() {
        let told = Arc::new(AtomicUsize::new(0));
        let count = told.clone();
        let on_wait = Box::new(move |subject: &flarekeep_tokens::Subject| {
            assert_eq!(subject.name, "a");
            count.fetch_add(1, Ordering::Relaxed);
        });
        let (quiet, longest) = (Duration::from_millis(300), Duration::from_millis(900));
        let patient = Patient::new(place.open().await, quiet, longest, on_wait);
        drop(patient.lock(&subject("a")).await.unwrap());
        let held = place.open().await.try_lock(&subject("a")).await.unwrap().expect("a free subject");
        assert_eq!(told.load(Ordering::Relaxed), 0, "{place:?}: nothing was waited for");
        let error = patient.lock(&subject("a")).await.unwrap_err();
        assert_eq!((error.cause, told.load(Ordering::Relaxed)), (JournalCause::Busy, 1), "{place:?}: {error}");
        drop(patient.lock(&subject("b")).await.unwrap());
        let a = subject("a");
        let (waiting, ()) = tokio::join!(patient.lock(&a), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            drop(held);
        });
        drop(waiting.unwrap());
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
