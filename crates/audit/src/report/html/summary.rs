//! The numbers on top of the page.

use crate::audit::{Audit, Audited};
use crate::level::Severity;
use crate::report::words::{self, grouped};
use crate::world::Unread;

pub(super) struct Summary<'a> {
    /// A tile for each severity.
    pub(super) tiles: Vec<Tile>,
    /// Numbers with their words.
    pub(super) facts: Vec<(String, &'static str)>,
    pub(super) unread: &'a [Unread],
    /// Where usage was read, in words; empty where nobody looked.
    pub(super) usage: String,
}

pub(super) struct Tile {
    pub(super) severity: &'static str,
    pub(super) count: usize,
}

impl<'a> Summary<'a> {
    pub(super) fn of(audit: &'a Audit) -> Self {
        let tile = |severity: Severity| Tile { severity: severity.word(), count: audit.counts.of(severity) };
        let tokens = |is: fn(&Audited) -> bool| grouped(audit.tokens.iter().filter(|token| is(token)).count());
        Self {
            tiles: Severity::ALL.into_iter().map(tile).collect(),
            facts: vec![
                (grouped(audit.tokens.len()), "tokens"),
                (tokens(|token| token.reach.is_usable), "can be used now"),
                (tokens(|token| token.reach.is_usable && !token.reach.widening.is_empty()), "can widen themselves"),
                (tokens(|token| token.reach.is_usable && token.expires_on.is_none()), "never end"),
                (tokens(|token| token.findings == 0), "without a finding"),
                (grouped(audit.accepted.len()), "accepted"),
                (grouped(audit.ignored.len()), "ignored"),
            ],
            unread: &audit.unread,
            usage: usage(audit),
        }
    }
}

fn usage(audit: &Audit) -> String {
    let sources = match audit.usage_sources.as_slice() {
        [] => return String::new(),
        [one] => words::shown(one, 100),
        [first, rest @ ..] => format!("{} and {} more", words::shown(first, 100), rest.len()),
    };
    match audit.usage_period {
        Some((from, to)) => format!("{sources}, {} to {}", words::day(from), words::day(to)),
        None => sources,
    }
}
