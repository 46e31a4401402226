//! How bad a fault is, and how sure it is.

use std::fmt;
use std::str::FromStr;

use serde::Serialize;

/// How bad a fault is; the worst first, so that a sorted list begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody else may be using it now, or it can give itself everything.
    Critical,
    /// A leak would reach much more than the work needs, or nothing would end it.
    High,
    /// A leak would reach more than it has to, or work will stop soon.
    Medium,
    /// Untidy: it hides what is wrong, or will become wrong.
    Low,
    /// Worth knowing.
    Info,
}

/// How sure a finding is; the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It follows from what the API says and from published facts.
    High,
    /// It follows from facts that are inferred, or from a record that may have gaps.
    Medium,
    /// It is a guess, from a name or from habits.
    Low,
}

/// A word that is no severity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no severity: write critical, high, medium, low or info")]
pub struct BadSeverity(String);

impl Severity {
    /// Every severity, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The word in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}

impl Confidence {
    /// Every confidence, surest first.
    pub const ALL: [Self; 3] = [Self::High, Self::Medium, Self::Low];

    /// The word in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Severity {
    type Err = BadSeverity;

    fn from_str(text: &str) -> Result<Self, BadSeverity> {
        let found = Self::ALL.into_iter().find(|severity| severity.word() == text);
        found.ok_or_else(|| BadSeverity(text.escape_debug().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comes_first_and_every_word_reads_back() {
        assert!(Severity::ALL.is_sorted() && Confidence::ALL.is_sorted());
        for severity in Severity::ALL {
            assert_eq!(severity.word().parse(), Ok(severity));
        }
        assert!("High".parse::<Severity>().is_err());
    }
}
