//! The last decisions, for tests that ask what was called.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::http::ApiError;
use crate::log::{Kept, printable};
use crate::products::timestamp;

/// A ring of decisions, each with a number that counts up from 1.
#[derive(Debug)]
pub(crate) struct Decisions {
    capacity: usize,
    ring: Mutex<Ring>,
}

#[derive(Debug, Default)]
struct Ring {
    /// How many there have been.
    count: u64,
    kept: VecDeque<(u64, Kept)>,
}

impl Decisions {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, ring: Mutex::default() }
    }

    /// Whether any are kept.
    pub(crate) const fn are_kept(&self) -> bool {
        self.capacity > 0
    }

    /// Keeps one, and lets go of the oldest where there is no room.
    pub(crate) fn push(&self, entry: Kept) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.count += 1;
        let number = ring.count;
        while ring.kept.len() >= self.capacity {
            ring.kept.pop_front();
        }
        ring.kept.push_back((number, entry));
    }

    /// Forgets them; the numbers go on.
    pub(super) fn clear(&self) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).kept.clear();
    }

    /// Those with a number above `since`, or the `last` so many of them, oldest first.
    pub(super) fn show(&self, since: Option<&str>, last: Option<&str>) -> Result<Value, ApiError> {
        if !self.are_kept() {
            return Err(super::bad(
                "no decisions are kept: start the emulator with room for some (`--decisions 1000`)",
            ));
        }
        let number = |name: &str, text: Option<&str>| {
            let bad = || super::bad(&format!("`{name}` must be a whole number"));
            text.map(|text| text.parse::<u64>().map_err(|_| bad())).transpose()
        };
        let (since, last) = (number("since", since)?.unwrap_or(0), number("last", last)?.unwrap_or(u64::MAX));
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let first_wanted = ring.count.saturating_sub(last).max(since);
        let wanted = ring.kept.iter().filter(|(number, _)| *number > first_wanted);
        let shown: Vec<Value> = wanted.map(|(number, entry)| shown(*number, entry)).collect();
        Ok(json!({"decisions": shown, "last": ring.count}))
    }
}

fn shown(number: u64, entry: &Kept) -> Value {
    let verdict = &entry.verdict;
    json!({
        "number": number,
        "at": timestamp(entry.at.0),
        "method": printable(entry.method.as_str(), 20),
        "path": entry.path,
        "operation": verdict.operation.map(ToString::to_string),
        "credential": verdict.credential.word(),
        "token": verdict.token.map(|id| id.to_string()),
        "status": entry.status,
        "allowed": verdict.allowed,
        "cause": verdict.cause,
        "why": entry.sentence(),
        "errors": verdict.errors,
    })
}
