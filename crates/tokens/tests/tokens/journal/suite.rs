//! What every journal must do.

use flarekeep_catalogue::{AccountId, TokenId};
use flarekeep_cloudflare::Owner;
use flarekeep_tokens::{End, Entry, Known, Step};

use super::{Place, change, holding, places, process, subject};

fn steps() -> Vec<Step> {
    let id = TokenId::from_u128(9);
    vec![
        Step::Minting { name: "it's \"x\"\n(pending 00000000)".to_owned() },
        Step::Minted { id },
        Step::Delivering { sink: 0 },
        Step::Delivered { sink: 0 },
        Step::Checked,
        Step::Revoking { id },
    ]
}

#[tokio::test]
async fn steps_come_back_in_their_order_after_reopening() {
    for place in places() {
        let journal = place.open().await;
        let change = change(1, &subject("a"));
        journal.begin(&change).await.unwrap();
        for step in steps() {
            journal.append(change.id, &step).await.unwrap();
        }
        drop(journal);
        let journal = place.open().await;
        assert_eq!(journal.unfinished().await.unwrap(), [Entry { change, steps: steps() }], "{place:?}");
    }
}

#[tokio::test]
async fn a_change_that_is_finished_is_remembered_with_what_it_left() {
    for place in places() {
        let journal = place.open().await;
        let (a, b) = (subject("a"), subject("b"));
        let (first, second, third) = (change(1, &a), change(2, &a), change(3, &b));
        for change in [&first, &second, &third] {
            journal.begin(change).await.unwrap();
        }
        let before = jiff::Timestamp::now();
        let done = Step::Finished { end: End::Done };
        journal.finish(&first, &done, Known::Holding(&holding(&a, 1))).await.unwrap();
        assert_eq!(journal.holdings().await.unwrap(), [holding(&a, 1)]);
        journal.finish(&second, &Step::Finished { end: End::Undone }, Known::AsBefore).await.unwrap();
        assert_eq!(journal.holdings().await.unwrap(), [holding(&a, 1)]);
        let (entry, at) = journal.last_finished(&a).await.unwrap().unwrap();
        assert_eq!((entry.change, entry.steps), (second, vec![Step::Finished { end: End::Undone }]), "{place:?}");
        assert!(at.as_second() >= before.as_second() && at <= jiff::Timestamp::now());
        assert_eq!(journal.last_finished(&b).await.unwrap(), None);
        let open: Vec<_> = journal.unfinished().await.unwrap().into_iter().map(|entry| entry.change).collect();
        assert_eq!(open, std::slice::from_ref(&third));
        journal.keep(&holding(&b, 2)).await.unwrap();
        journal.finish(&third, &done, Known::Nothing).await.unwrap();
        journal.keep(&holding(&a, 3)).await.unwrap();
        assert_eq!(journal.holdings().await.unwrap(), [holding(&a, 3)]);
        journal.forget(&a).await.unwrap();
        journal.forget(&a).await.unwrap();
        assert!(journal.holdings().await.unwrap().is_empty() && journal.unfinished().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn names_of_every_kind_are_told_apart() {
    let mut subjects: Vec<_> = [
        "it's",
        "it's ",
        "\"quoted\"",
        "a\nb",
        "a\\nb",
        "a b",
        "A b",
        "$1",
        "'); DROP TABLE flarekeep_steps; --",
        "%",
        "_",
        "é",
        "e\u{301}",
        "\u{202e}x",
        "🦀",
        "",
        " ",
        "user x",
        "ß",
        "ss",
    ]
    .into_iter()
    .map(subject)
    .collect();
    subjects.push(subject(&"🦀".repeat(120)));
    subjects.push(subject(&"ẞ".repeat(120)));
    let account = Owner::Account(AccountId::from_u128(1));
    subjects
        .extend(subjects.clone().into_iter().map(|subject| flarekeep_tokens::Subject { owner: account, ..subject }));
    for place in places() {
        let journal = place.open().await;
        for (number, subject) in subjects.iter().enumerate() {
            journal.begin(&change(number as u64, subject)).await.unwrap();
            journal.keep(&holding(subject, number as u128)).await.unwrap();
        }
        for (number, subject) in subjects.iter().enumerate() {
            let change = change(number as u64, subject);
            journal.finish(&change, &Step::Finished { end: End::Done }, Known::AsBefore).await.unwrap();
            assert_eq!(journal.last_finished(subject).await.unwrap().unwrap().0.change, change, "{place:?}");
        }
        let mut wanted: Vec<_> = (0..).zip(&subjects).map(|(number, subject)| holding(subject, number)).collect();
        wanted.sort_by_key(|holding| holding.subject.key());
        assert_eq!(journal.holdings().await.unwrap(), wanted, "{place:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_written_is_an_error_and_changes_nothing() {
    for place in places() {
        let journal = place.open().await;
        let change = change(1, &subject("a"));
        assert!(journal.append(change.id, &Step::Checked).await.is_err(), "a step of no change: {place:?}");
        journal.begin(&change).await.unwrap();
        assert!(journal.begin(&change).await.is_err(), "the same change twice: {place:?}");
        assert_eq!(journal.unfinished().await.unwrap().len(), 1);
    }
}

const WRITERS: usize = 8;
const CHANGES: usize = 12;

/// Not a test by itself: one of many writers.
#[tokio::test]
async fn writer() {
    let Ok(place) = std::env::var("FLAREKEEP_TEST_WRITER") else { return };
    let number: usize = std::env::var("FLAREKEEP_TEST_NUMBER").unwrap().parse().unwrap();
    // Opened at once by all: the tables are made by one of them.
    let journal = Place::spelled(&place).open().await;
    for n in 0..CHANGES {
        let subject = subject(&format!("{number} {n}"));
        let change = change((number * CHANGES + n) as u64, &subject);
        let _lock = journal.lock(&subject).await.unwrap();
        journal.begin(&change).await.unwrap();
        for step in steps() {
            journal.append(change.id, &step).await.unwrap();
        }
        if n % 2 == 0 {
            journal
                .finish(&change, &Step::Finished { end: End::Done }, Known::Holding(&holding(&subject, 1)))
                .await
                .unwrap();
        }
    }
}

#[tokio::test]
async fn many_processes_write_at_once() {
    for place in places() {
        let writers: Vec<_> = (0..WRITERS)
            .map(|number| {
                let number = number.to_string();
                let role = [("FLAREKEEP_TEST_WRITER", &*place.spelling), ("FLAREKEEP_TEST_NUMBER", &number)];
                process("journal::suite::writer", &role)
            })
            .collect();
        for writer in writers {
            let output = writer.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        }
        let journal = place.open().await;
        let open = journal.unfinished().await.unwrap();
        assert_eq!(open.len(), WRITERS * CHANGES / 2, "{place:?}");
        assert!(open.iter().all(|entry| entry.steps == steps()));
        assert_eq!(journal.holdings().await.unwrap().len(), WRITERS * CHANGES / 2);
    }
}
