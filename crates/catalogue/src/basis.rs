//! What an inferred fact rests on.
//!
//! The groups of `derived-…` operations were gathered as guesses. `cargo xtask inference` says for each which rule gives
//! the same groups, and how right that rule is about operations whose groups are known (docs/catalogue.md).

use std::fmt;

/// The evidence behind an operation's inferred groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    /// How right the rule is that gives the same groups.
    pub confidence: Confidence,
    /// The evidence as a clause, as in `all 7 labelled writes below /accounts/{account_id}/pages accept Pages Write`.
    pub text: &'static str,
}

/// How right a rule is about known operations, with everything of the same resource hidden from it. Surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// At least 98 of 100 of its answers name only groups that are truly accepted.
    High,
    /// At least 95 of 100.
    Medium,
    /// Fewer, or too few cases to tell.
    Low,
    /// Reasoned from documentation, for an addition; the rules cannot be measured on it.
    Unmeasured,
    /// No rule gives the same groups: the guess stands alone.
    Unexplained,
    /// A rule of high or medium confidence gives other groups.
    Disputed,
}

impl Confidence {
    /// The word that is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Unmeasured => "unmeasured",
            Self::Unexplained => "unexplained",
            Self::Disputed => "disputed",
        }
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
