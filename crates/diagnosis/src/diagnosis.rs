//! The answer.

use serde::Serialize;

use crate::cause::Cause;
use crate::look::Look;
use crate::mend::{Change, Mend};

/// Why a call was refused, as far as the evidence goes.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Diagnosis {
    /// The operation, where it is known.
    pub operation: Option<String>,
    /// The causes that fit, the likeliest first; never empty.
    pub findings: Vec<Finding>,
    /// What was seen and what is known, a line each.
    pub evidence: Vec<String>,
    /// The groups that the operation accepts, those with the least reach first.
    pub accepts: Vec<String>,
    /// What mends the likeliest cause.
    pub mend: Option<Mend>,
    /// The same as a program makes it.
    #[serde(skip)]
    pub change: Option<Change>,
    /// The call that would tell the causes apart, and what it would show; none where one is left, or none would.
    pub next: Option<String>,
    /// The same as a program makes it.
    #[serde(skip)]
    pub look: Option<Look>,
}

impl Diagnosis {
    /// The likeliest cause.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.findings.first().map_or(Cause::NotAboutPermissions, |finding| finding.cause)
    }

    /// How sure that is.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        self.findings.first().map_or(Confidence::Possible, |finding| finding.confidence)
    }
}

/// One cause that fits.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Finding {
    /// The cause.
    pub cause: Cause,
    /// How sure that is.
    pub confidence: Confidence,
    /// Its page: `docs/causes/missing-group.md`.
    pub page: String,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// The evidence admits no other cause.
    Proved,
    /// The evidence fits this cause best.
    Likely,
    /// The evidence does not exclude it.
    Possible,
}
