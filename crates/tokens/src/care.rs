//! Which tokens need somebody's care, and why: from what the list of tokens says of each, and the time.
//!
//! The list says less than one would like to know. Rolling a token keeps its id (docs: fundamentals/api/how-to/roll-token)
//! and, as far as can be inferred, its date of making, and moves its date of change; so does every edit. How old a value is
//! cannot be said, but when the token was made and when it was last changed.

use std::fmt;

use flarekeep_cloudflare::{Status, Token};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::mark::pending;

/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;
/// A token that is made under a mark and then named was changed within these seconds of its making, and not rotated.
const MAKING: i64 = 15 * 60;
/// A use within these seconds of a token's making is flarekeep's own: it tries each value that it delivers.
const TRYING: i64 = 2 * 60;

/// From when on a token is looked at. All in days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    /// Days before a token's end; the smallest that is not yet passed names the reason.
    pub expiring: Vec<u32>,
    /// Days without any use.
    pub unused: u32,
    /// Days since the token was made, or its value may have been renewed.
    pub old: u32,
}

impl Default for Thresholds {
    /// A month before the end and closer; a month without use; a quarter of a year with one value.
    fn default() -> Self {
        Self { expiring: vec![30, 14, 7, 1], unused: 30, old: 90 }
    }
}

/// One reason to look at a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// Cloudflare revoked it, since its value was found in public: the status that it has.
    Revoked(String),
    /// It ends within so many days: `within` is the threshold, `days` the whole days that are left.
    Ends {
        /// Whole days until the end.
        days: i64,
        /// The threshold.
        within: u32,
    },
    /// Its name has the mark of a run that was making it: that run is under way, or was stopped and nobody has the value.
    Pending,
    /// Its list of allowed addresses is empty: it works from nowhere.
    LockedToNobody,
    /// It ended so many days ago and is listed still.
    Ended(i64),
    /// Its status is one that nobody has documented.
    UnknownStatus(String),
    /// It was last used so many days ago.
    Unused(i64),
    /// It was never used but right after its making, as far as Cloudflare knows, in the so many days since then.
    NeverUsed(i64),
    /// It has no end.
    NoEnd,
    /// It was made so many days ago, and neither an edit nor a new value came since.
    Unchanged(i64),
    /// It was made so many days ago and last changed so many days ago, too: by an edit or by a new value.
    Old {
        /// Days since it was made.
        made: i64,
        /// Days since it was changed.
        changed: i64,
    },
    /// It is switched off.
    Disabled,
}

impl Reason {
    /// The word by which other programs know it.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Revoked(_) => "revoked",
            Self::Ends { .. } => "ends",
            Self::Pending => "pending",
            Self::LockedToNobody => "locked-to-nobody",
            Self::Ended(_) => "ended",
            Self::UnknownStatus(_) => "unknown-status",
            Self::Unused(_) => "unused",
            Self::NeverUsed(_) => "never-used",
            Self::NoEnd => "no-end",
            Self::Unchanged(_) => "unchanged",
            Self::Old { .. } => "old",
            Self::Disabled => "disabled",
        }
    }

    /// How soon it wants care: the smaller, the sooner. What stands still or will stand still soon goes before what is
    /// untidy.
    #[must_use]
    pub const fn rank(&self) -> u32 {
        match self {
            Self::Revoked(_) => 10,
            // 20 to 49: a token that ends within the day before one that ends within the month.
            Self::Ends { within, .. } => 20 + if *within < 29 { *within } else { 29 },
            Self::Pending => 50,
            Self::LockedToNobody => 51,
            Self::Ended(_) => 52,
            Self::UnknownStatus(_) => 53,
            Self::Unchanged(_) => 60,
            Self::Old { .. } => 61,
            Self::NoEnd => 62,
            Self::Unused(_) => 63,
            Self::NeverUsed(_) => 64,
            Self::Disabled => 70,
        }
    }

    /// The reason as a document: its id, its words, its rank.
    #[must_use]
    pub fn document(&self) -> Value {
        json!({ "id": self.id(), "words": self.to_string(), "rank": self.rank() })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked(status) | Self::UnknownStatus(status) => write!(f, "status: {status}"),
            Self::Ends { days: 0, .. } => f.write_str("ends within a day"),
            Self::Ends { days, .. } => write!(f, "ends in {}", counted(*days)),
            Self::Pending => f.write_str("being made, or left by a stopped run"),
            Self::LockedToNobody => f.write_str("no address may use it"),
            Self::Ended(0) => f.write_str("ended today"),
            Self::Ended(days) => write!(f, "ended {} ago", counted(*days)),
            Self::Unused(days) => write!(f, "not used for {}", counted(*days)),
            Self::NeverUsed(days) => write!(f, "never used in {}", counted(*days)),
            Self::NoEnd => f.write_str("has no end"),
            Self::Unchanged(days) => write!(f, "made {} ago, not changed since", counted(*days)),
            Self::Old { made, changed } => {
                write!(f, "made {} ago, last edited or rolled {} ago", counted(*made), counted(*changed))
            }
            Self::Disabled => f.write_str("switched off"),
        }
    }
}

fn counted(days: i64) -> String {
    format!("{days} day{}", if days == 1 { "" } else { "s" })
}

/// All reasons to look at the token at `now`, the most pressing first; none for one that is well.
///
/// Of a token that is no longer accepted, only that is said: how old its value is matters to nobody.
#[must_use]
pub fn reasons(token: &Token, thresholds: &Thresholds, now: Timestamp) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if pending(&token.name).is_some() {
        reasons.push(Reason::Pending);
    }
    if token.condition.as_ref().is_some_and(flarekeep_cloudflare::Condition::locks_everybody_out) {
        reasons.push(Reason::LockedToNobody);
    }
    match state(token, now) {
        State::Revoked(status) => reasons.push(Reason::Revoked(status)),
        State::Unknown(status) => reasons.push(Reason::UnknownStatus(status)),
        State::Ended => reasons.push(Reason::Ended(token.expires_on.map_or(0, |end| days(end, now)))),
        State::Disabled => reasons.push(Reason::Disabled),
        State::Alive => {
            reasons.extend(end(token, thresholds, now));
            reasons.extend(use_of(token, thresholds, now));
            reasons.extend(age(token, thresholds, now));
        }
    }
    reasons.sort_by_key(Reason::rank);
    reasons
}

/// The days until a token that may be used ends and the smallest of `thresholds` that holds them; with negative days for
/// one that ended within the largest of them. `None` for one that ends later, that ended long ago, that has no end, or
/// that is switched off or revoked and so ended otherwise.
#[must_use]
pub fn ending(token: &Token, thresholds: &[u32], now: Timestamp) -> Option<(i64, u32)> {
    let end = token.expires_on?;
    let (left, largest) = (end.as_second() - now.as_second(), thresholds.iter().copied().max()?);
    match state(token, now) {
        State::Alive => {
            let within = thresholds.iter().copied().filter(|within| left <= i64::from(*within) * DAY).min()?;
            Some((left.div_euclid(DAY), within))
        }
        State::Ended if -left <= i64::from(largest) * DAY => Some((left.div_euclid(DAY), 0)),
        _ => None,
    }
}

/// Whether the token was made at least so many days ago.
#[must_use]
pub fn is_older(token: &Token, than: u32, now: Timestamp) -> bool {
    token.issued_on.is_some_and(|issued| days(issued, now) >= i64::from(than))
}

/// Whether the token was not used for so many days, as far as Cloudflare knows, or never in as many since it was made.
#[must_use]
pub fn is_unused(token: &Token, since: u32, now: Timestamp) -> bool {
    use_of(token, &Thresholds { unused: since, ..Thresholds::default() }, now).is_some()
}

/// Whether a token is used, as far as that matters here.
enum State {
    Alive,
    Disabled,
    Ended,
    Revoked(String),
    Unknown(String),
}

fn state(token: &Token, now: Timestamp) -> State {
    match &token.status {
        Status::Other(status) if status.starts_with("revoked") => State::Revoked(status.clone()),
        Status::Other(status) => State::Unknown(status.clone()),
        Status::Expired => State::Ended,
        // The status follows the end only after a while.
        _ if token.expires_on.is_some_and(|end| end <= now) => State::Ended,
        Status::Disabled => State::Disabled,
        Status::Active => State::Alive,
    }
}

fn end(token: &Token, thresholds: &Thresholds, now: Timestamp) -> Option<Reason> {
    if token.expires_on.is_none() {
        return Some(Reason::NoEnd);
    }
    ending(token, &thresholds.expiring, now).map(|(days, within)| Reason::Ends { days, within })
}

fn use_of(token: &Token, thresholds: &Thresholds, now: Timestamp) -> Option<Reason> {
    let over = |days: &i64| *days >= i64::from(thresholds.unused);
    let is_trial = |used: &Timestamp| {
        token.issued_on.is_some_and(|issued| (0..=TRYING).contains(&(used.as_second() - issued.as_second())))
    };
    match token.last_used_on.filter(|used| !is_trial(used)) {
        Some(used) => Some(days(used, now)).filter(over).map(Reason::Unused),
        // One that is not valid yet could not be used before.
        None => {
            let since = token.issued_on.max(token.not_before)?;
            Some(days(since, now)).filter(over).map(Reason::NeverUsed)
        }
    }
}

fn age(token: &Token, thresholds: &Thresholds, now: Timestamp) -> Option<Reason> {
    let issued = token.issued_on?;
    let made = days(issued, now);
    if made < i64::from(thresholds.old) {
        return None;
    }
    match token.modified_on.filter(|changed| changed.as_second() - issued.as_second() > MAKING) {
        None => Some(Reason::Unchanged(made)),
        Some(changed) => {
            let changed = days(changed, now);
            (changed >= i64::from(thresholds.old)).then_some(Reason::Old { made, changed })
        }
    }
}

/// Whole days from `time` to `now`; none for a time to come.
fn days(time: Timestamp, now: Timestamp) -> i64 {
    (now.as_second() - time.as_second()).max(0) / DAY
}

#[cfg(test)]
mod tests;
