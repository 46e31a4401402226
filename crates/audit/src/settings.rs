//! What an audit is told: the time, the thresholds, and what not to report.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::accepted::{Acceptance, Ignore};

/// What an audit is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The time of the audit.
    pub now: Timestamp,
    /// The time by the clock, where the audit is of another: a world of last year does not bring last year's acceptances
    /// back. They are held to the later of the two.
    pub clock: Timestamp,
    /// From when on things are reported.
    pub thresholds: Thresholds,
    /// What tokens shall be called, with `*` for any text; none: `{project}-{purpose}-{environment}`, as flarekeep names
    /// them.
    pub name_pattern: Option<String>,
    /// Ids of rules that are not looked at.
    pub off: BTreeSet<String>,
    /// Findings that are left out, each with a reason.
    pub ignore: Vec<Ignore>,
    /// The baseline: findings that somebody accepted, for a time.
    pub baseline: Vec<Acceptance>,
}

/// From when on things are reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thresholds {
    /// Days before its end from which a token is said to expire soon.
    pub expires_soon_days: u32,
    /// Days without use.
    pub unused_days: u32,
    /// Days since it was made, for a token that was never used.
    pub never_used_days: u32,
    /// Days since the value can have been renewed for the last time.
    pub rotated_days: u32,
    /// Percent of the quota of tokens.
    pub quota_percent: u32,
    /// How many families of products are many for one token.
    pub purposes: u32,
    /// Days ahead from which on an end is none.
    pub far_end_days: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            expires_soon_days: 14,
            unused_days: 90,
            never_used_days: 30,
            rotated_days: 180,
            quota_percent: 80,
            purposes: 3,
            far_end_days: 5 * 365,
        }
    }
}

impl Settings {
    /// The usual ones at this time.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self {
            now,
            clock: now,
            thresholds: Thresholds::default(),
            name_pattern: None,
            off: BTreeSet::new(),
            ignore: Vec::new(),
            baseline: Vec::new(),
        }
    }
}
