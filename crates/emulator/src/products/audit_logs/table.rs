//! The entries that are kept: the last ones, by number.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::entry::Entry;
use crate::state::Map;
use crate::state::rows::{self, BadRow, Changes, Rows, leaf};

leaf!(Entry);

/// How many entries of changes are kept, and how many of changes that failed.
const KEPT: usize = 10_000;
const KEPT_FAILURES: usize = 1000;

/// Entries with their numbers.
type Failures = VecDeque<(u64, Arc<Entry>)>;

/// Entries by number, which counts up over both kinds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    changes: Map<u64, Arc<Entry>>,
    /// In memory alone, and the same for all copies of the state but those that were set apart.
    failures: Arc<Mutex<Failures>>,
}

impl Table {
    pub(super) fn add(&mut self, entry: Entry) {
        let number = self.next();
        self.changes.insert(number, Arc::new(entry));
        if self.changes.len() > KEPT
            && let Some(first) = self.changes.get_min().map(|(number, _)| *number)
        {
            self.changes.remove(&first);
        }
    }

    pub(super) fn note_failure(&self, entry: Entry) {
        let number = self.next();
        let mut failures = self.failures();
        failures.push_back((number, Arc::new(entry)));
        if failures.len() > KEPT_FAILURES {
            failures.pop_front();
        }
    }

    /// The same entries, with failures that are noted apart from those of other copies from now on.
    pub(super) fn apart(&self) -> Self {
        let failures = self.failures().clone();
        Self { changes: self.changes.clone(), failures: Arc::new(Mutex::new(failures)) }
    }

    /// Entries with their numbers, the newest first unless `ascending`, beginning after the one with a number.
    pub(super) fn entries(&self, ascending: bool, after: Option<u64>) -> impl Iterator<Item = (u64, Arc<Entry>)> {
        let changes = self.changes.iter().map(|(number, entry)| (*number, entry.clone()));
        let failures: Vec<_> = self.failures().iter().cloned().collect();
        let mut changes: Box<dyn Iterator<Item = _>> =
            if ascending { Box::new(changes) } else { Box::new(changes.rev()) };
        let mut failures: Box<dyn Iterator<Item = _>> =
            if ascending { Box::new(failures.into_iter()) } else { Box::new(failures.into_iter().rev()) };
        let (mut change, mut failure) = (changes.next(), failures.next());
        let merged = std::iter::from_fn(move || {
            let change_first = match (&change, &failure) {
                (Some((change, _)), Some((failure, _))) => (change < failure) == ascending,
                (change, _) => change.is_some(),
            };
            if change_first {
                std::mem::replace(&mut change, changes.next())
            } else {
                std::mem::replace(&mut failure, failures.next())
            }
        });
        merged.filter(move |(number, _)| {
            after.is_none_or(|after| if ascending { *number > after } else { *number < after })
        })
    }

    /// The number of the next entry.
    fn next(&self) -> u64 {
        let last = self.changes.get_max().map(|(number, _)| *number);
        let failed = self.failures().back().map(|(number, _)| *number);
        last.max(failed).map_or(0, |last| last + 1)
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A row for each change.
impl Rows for Table {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        Rows::compare(old.map(|old| &old.changes), &new.changes, changes);
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<Value>) -> Result<(), BadRow> {
        let Some((number, rest)) = place.split_first() else {
            *slot = None;
            return Ok(());
        };
        let number = number.parse().map_err(|_| BadRow::nowhere(place))?;
        let table = slot.get_or_insert_default();
        match rows::read::<Entry>(rest, row)? {
            Some(entry) => drop(table.changes.insert(number, Arc::new(entry))),
            None => drop(table.changes.remove(&number)),
        }
        Ok(())
    }
}
