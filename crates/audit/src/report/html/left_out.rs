//! What was accepted or ignored, and what of the baseline can go.

use crate::accepted::Acceptance;
use crate::audit::Audit;
use crate::finding::Finding;
use crate::report::order::Tokens;
use crate::report::words;

const LONGEST: usize = 300;

pub(super) struct LeftOut {
    pub(super) rows: Vec<Row>,
    /// Acceptances that are over.
    pub(super) expired: Vec<Over>,
    /// Acceptances of findings that are there no more.
    pub(super) stale: Vec<Over>,
}

pub(super) struct Row {
    pub(super) severity: &'static str,
    pub(super) rule: &'static str,
    pub(super) token: String,
    pub(super) owner: String,
    pub(super) summary: String,
    /// The last day; none for what is ignored.
    pub(super) until: Option<String>,
    pub(super) because: String,
    pub(super) fingerprint: String,
}

pub(super) struct Over {
    pub(super) finding: String,
    pub(super) until: String,
    pub(super) because: String,
}

impl LeftOut {
    pub(super) fn of(audit: &Audit, tokens: &Tokens<'_>) -> Self {
        let accepted = audit
            .accepted
            .iter()
            .map(|one| row(&one.finding, Some(one.acceptance.until.to_string()), &one.acceptance.because, tokens));
        let ignored = audit.ignored.iter().map(|one| row(&one.finding, None, &one.because, tokens));
        Self {
            rows: accepted.chain(ignored).collect(),
            expired: audit.expired_acceptances.iter().map(over).collect(),
            stale: audit.stale_baseline.iter().map(over).collect(),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.expired.is_empty() && self.stale.is_empty()
    }
}

fn row(finding: &Finding, until: Option<String>, because: &str, tokens: &Tokens<'_>) -> Row {
    let token = finding.token.as_ref();
    Row {
        severity: finding.severity.word(),
        rule: finding.rule.id,
        token: token.map(|token| words::name(&token.name, LONGEST)).unwrap_or_default(),
        owner: token.map(|token| words::shown(&tokens.owner(token), LONGEST)).unwrap_or_default(),
        summary: words::shown(&finding.summary, LONGEST),
        until,
        because: words::shown(because, LONGEST),
        fingerprint: finding.fingerprint.clone(),
    }
}

fn over(acceptance: &Acceptance) -> Over {
    Over {
        finding: words::shown(&acceptance.finding, 16),
        until: acceptance.until.to_string(),
        because: words::shown(&acceptance.because, LONGEST),
    }
}
