//! Findings as documents.

use serde::Serialize;

use crate::accepted::{Acceptance, Accepted, Ignored};
use crate::finding::{Finding, TokenRef};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::token::OwnedBy;
use crate::world::Place;

/// A finding as a document.
#[derive(Debug, Serialize)]
pub(super) struct FindingDocument<'a> {
    fingerprint: &'a str,
    rule: &'static str,
    severity: Severity,
    confidence: Confidence,
    token: Option<TokenRefDocument<'a>>,
    summary: &'a str,
    details: &'a [String],
    mends: Vec<MendDocument<'a>>,
}

/// Which token a finding is about.
#[derive(Debug, Serialize)]
pub(super) struct TokenRefDocument<'a> {
    id: String,
    name: &'a str,
    owner: OwnerDocument,
    place: PlaceDocument<'a>,
}

/// Who owns a token.
#[derive(Debug, Serialize)]
pub(super) struct OwnerDocument {
    kind: &'static str,
    id: Option<String>,
}

/// Where a token was read.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum PlaceDocument<'a> {
    Live { live: bool },
    File { live: bool, file: &'a str, line: usize },
}

#[derive(Debug, Serialize)]
struct MendDocument<'a> {
    words: &'a str,
    command: Option<&'a str>,
    /// What `audit --fix` would do; null where it leaves this to somebody.
    safe: Option<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct AcceptanceDocument<'a> {
    finding: &'a str,
    until: String,
    because: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct AcceptedDocument<'a> {
    #[serde(flatten)]
    finding: FindingDocument<'a>,
    until: String,
    because: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct IgnoredDocument<'a> {
    #[serde(flatten)]
    finding: FindingDocument<'a>,
    because: &'a str,
}

impl<'a> FindingDocument<'a> {
    pub(super) fn of(finding: &'a Finding) -> Self {
        Self {
            fingerprint: &finding.fingerprint,
            rule: finding.rule.id,
            severity: finding.severity,
            confidence: finding.confidence,
            token: finding.token.as_ref().map(TokenRefDocument::of),
            summary: &finding.summary,
            details: &finding.details,
            mends: finding.mends.iter().map(MendDocument::of).collect(),
        }
    }
}

impl<'a> TokenRefDocument<'a> {
    fn of(token: &'a TokenRef) -> Self {
        Self {
            id: token.id.to_string(),
            name: &token.name,
            owner: OwnerDocument::of(token.owner),
            place: PlaceDocument::of(&token.place),
        }
    }
}

impl OwnerDocument {
    pub(super) fn of(owner: OwnedBy) -> Self {
        Self { kind: owner.word(), id: owner.id() }
    }
}

impl<'a> PlaceDocument<'a> {
    pub(super) fn of(place: &'a Place) -> Self {
        match place {
            Place::Live => Self::Live { live: true },
            Place::File { name, line } => Self::File { live: false, file: name, line: *line },
        }
    }
}

impl<'a> MendDocument<'a> {
    fn of(mend: &'a Mend) -> Self {
        Self {
            words: &mend.words,
            command: mend.command.as_deref(),
            safe: mend.safe.as_ref().map(crate::mend::SafeMend::word),
        }
    }
}

impl<'a> AcceptanceDocument<'a> {
    pub(super) fn of(acceptance: &'a Acceptance) -> Self {
        Self { finding: &acceptance.finding, until: acceptance.until.to_string(), because: &acceptance.because }
    }
}

impl<'a> AcceptedDocument<'a> {
    pub(super) fn of(accepted: &'a Accepted) -> Self {
        Self {
            finding: FindingDocument::of(&accepted.finding),
            until: accepted.acceptance.until.to_string(),
            because: &accepted.acceptance.because,
        }
    }
}

impl<'a> IgnoredDocument<'a> {
    pub(super) fn of(ignored: &'a Ignored) -> Self {
        Self { finding: FindingDocument::of(&ignored.finding), because: &ignored.because }
    }
}
