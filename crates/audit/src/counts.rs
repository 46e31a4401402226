//! How many findings there are of each severity.

use crate::finding::Finding;
use crate::level::Severity;

/// How many findings there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Critical ones.
    pub critical: usize,
    /// High ones.
    pub high: usize,
    /// Medium ones.
    pub medium: usize,
    /// Low ones.
    pub low: usize,
    /// Those worth knowing.
    pub info: usize,
}

impl Counts {
    /// How many there are of a severity.
    #[must_use]
    pub const fn of(&self, severity: Severity) -> usize {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
        }
    }

    /// How many there are of this severity or a worse one.
    #[must_use]
    pub fn at_least(&self, severity: Severity) -> usize {
        Severity::ALL.into_iter().filter(|one| *one <= severity).map(|one| self.of(one)).sum()
    }

    pub(crate) fn of_all(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        for finding in findings {
            match finding.severity {
                Severity::Critical => counts.critical += 1,
                Severity::High => counts.high += 1,
                Severity::Medium => counts.medium += 1,
                Severity::Low => counts.low += 1,
                Severity::Info => counts.info += 1,
            }
        }
        counts
    }
}
