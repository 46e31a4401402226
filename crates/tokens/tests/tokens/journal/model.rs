//! Random work on the journal: each database answers as a naive list does.

use std::collections::BTreeMap;

use flarekeep_catalogue::TokenId;
use flarekeep_tokens::{Change, End, Entry, Holding, Known, Step, Subject};

use super::{change, holding, places, subject};
use crate::support::Dice;

/// What a journal is, in plain lists.
#[derive(Default)]
struct Naive {
    entries: Vec<(Entry, bool)>,
    /// The numbers of finished entries, in the order of their ends.
    finished: Vec<usize>,
    holdings: BTreeMap<String, Holding>,
}

impl Naive {
    fn unfinished(&self) -> Vec<Entry> {
        let mut open: Vec<Entry> =
            self.entries.iter().filter(|(_, done)| !done).map(|(entry, _)| entry.clone()).collect();
        open.sort_by_key(|entry| (entry.change.begun, entry.change.id));
        open
    }

    fn last_finished(&self, subject: &Subject) -> Option<Entry> {
        let mut ended = self.finished.iter().rev().map(|number| &self.entries[*number].0);
        ended.find(|entry| entry.change.subject == *subject).cloned()
    }
}

fn random_step(dice: &mut Dice) -> Step {
    let id = TokenId::from_u128(u128::from(dice.below(9)));
    let sink = usize::try_from(dice.below(3)).unwrap();
    match dice.below(9) {
        0 => Step::Minting { name: format!("{}'\"\\\u{1f980}", dice.below(9)) },
        1 => Step::Minted { id },
        2 => Step::Delivering { sink },
        3 => Step::Delivered { sink },
        4 => Step::Waiting { until: jiff::Timestamp::from_second(1_800_000_000).unwrap() },
        5 => Step::Revoking { id },
        6 => Step::Revoked { id },
        7 => Step::Rolling,
        _ => Step::Undelivered { sink },
    }
}

#[tokio::test]
async fn random_work_gives_the_same_answers_everywhere() {
    const ROUNDS: u64 = 6;
    const WORK: usize = 120;
    let subjects = ["a", "B", "a b", "ä", "Z'"].map(subject);
    let mut operations = 0;
    for seed in 0..ROUNDS {
        let places = places();
        let mut journals = Vec::new();
        for place in &places {
            journals.push(place.open().await);
        }
        let (mut dice, mut naive, mut next) = (Dice(seed), Naive::default(), 0);
        for _ in 0..WORK {
            operations += 1;
            let subject = dice.pick(&subjects).clone();
            let open: Vec<Change> = naive.unfinished().into_iter().map(|entry| entry.change).collect();
            match dice.below(10) {
                0 | 1 => {
                    // Not in the order of their numbers: what was begun at one time comes in the order of its ids.
                    next += 1;
                    let begun = change(dice.below(4), &subject).begun;
                    let change = Change { begun, ..change(next * 7 % 1009, &subject) };
                    for journal in &journals {
                        journal.begin(&change).await.unwrap();
                    }
                    naive.entries.push((Entry { change, steps: Vec::new() }, false));
                }
                2..=5 if !open.is_empty() => {
                    let (change, step) = (dice.pick(&open), random_step(&mut Dice(dice.below(u64::MAX))));
                    for journal in &journals {
                        journal.append(change.id, &step).await.unwrap();
                    }
                    let entry = naive.entries.iter_mut().find(|(entry, _)| entry.change.id == change.id);
                    entry.unwrap().0.steps.push(step);
                }
                6 if !open.is_empty() => {
                    let change = dice.pick(&open).clone();
                    let (last, new) = (Step::Finished { end: End::Done }, holding(&change.subject, u128::from(next)));
                    let known = [Known::AsBefore, Known::Nothing, Known::Holding(&new)]
                        [usize::try_from(dice.below(3)).unwrap()];
                    for journal in &journals {
                        journal.finish(&change, &last, known).await.unwrap();
                    }
                    // Ends are told apart to the microsecond.
                    tokio::time::sleep(std::time::Duration::from_millis(1)).await;
                    let number = naive.entries.iter().position(|(entry, _)| entry.change.id == change.id).unwrap();
                    naive.entries[number].0.steps.push(last);
                    naive.entries[number].1 = true;
                    naive.finished.push(number);
                    let key = change.subject.key();
                    match known {
                        Known::AsBefore => None,
                        Known::Nothing => naive.holdings.remove(&key),
                        Known::Holding(holding) => naive.holdings.insert(key, holding.clone()),
                    };
                }
                7 => {
                    let new = holding(&subject, u128::from(dice.below(99)));
                    for journal in &journals {
                        journal.keep(&new).await.unwrap();
                    }
                    naive.holdings.insert(subject.key(), new);
                }
                8 => {
                    for journal in &journals {
                        journal.forget(&subject).await.unwrap();
                    }
                    naive.holdings.remove(&subject.key());
                }
                _ => {}
            }
            let holdings: Vec<Holding> = naive.holdings.values().cloned().collect();
            for journal in &journals {
                let place = journal.place();
                assert_eq!(journal.unfinished().await.unwrap(), naive.unfinished(), "seed {seed}, {place}");
                assert_eq!(journal.holdings().await.unwrap(), holdings, "seed {seed}, {place}");
                let last = journal.last_finished(&subject).await.unwrap().map(|(entry, _)| entry);
                assert_eq!(last, naive.last_finished(&subject), "seed {seed}, {place}");
            }
        }
    }
    println!("{operations} operations, each answered alike");
}
