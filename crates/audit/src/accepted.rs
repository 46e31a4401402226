//! Findings that are not reported: accepted for a time, or ignored by rule.

use std::collections::HashSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::finding::{Finding, TokenRef};
use crate::glob::matches;
use crate::settings::Settings;

/// A finding that somebody accepted for a time: a row of the baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// The finding's fingerprint.
    pub finding: String,
    /// The last day on which it is accepted.
    pub until: Date,
    /// Why.
    pub because: String,
}

/// A finding with the acceptance that covers it.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The finding.
    pub finding: Finding,
    /// The acceptance.
    pub acceptance: Acceptance,
}

/// A kind of finding that is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignore {
    /// The rule's id.
    pub rule: String,
    /// The token's id, or its name with `*` for any text; none: any token.
    pub token: Option<String>,
    /// Why.
    pub because: String,
}

/// A finding that was left out, and why.
#[derive(Debug, Clone)]
pub struct Ignored {
    /// The finding.
    pub finding: Finding,
    /// Why.
    pub because: String,
}

/// Findings by what is to be done with them.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(crate) accepted: Vec<Accepted>,
    pub(crate) ignored: Vec<Ignored>,
    pub(crate) expired: Vec<Acceptance>,
    /// Acceptances of findings that are not among what was found.
    pub(crate) missing: Vec<Acceptance>,
}

/// Sorts findings, and takes out what is ignored or accepted.
pub(crate) fn judge(mut found: Vec<Finding>, settings: &Settings) -> Judged {
    found.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut seen = HashSet::with_capacity(found.len());
    found.retain(|finding| seen.insert(finding.fingerprint.clone()));
    let today = TimeZone::UTC.to_datetime(settings.now.max(settings.clock)).date();
    let mut judged = Judged {
        findings: Vec::new(),
        accepted: Vec::new(),
        ignored: Vec::new(),
        expired: Vec::new(),
        missing: Vec::new(),
    };
    for mut finding in found {
        if let Some(ignore) = settings.ignore.iter().find(|ignore| ignore.covers(&finding)) {
            judged.ignored.push(Ignored { finding, because: ignore.because.clone() });
            continue;
        }
        // Of several rows the one that lasts longest counts.
        let rows = settings.baseline.iter().filter(|row| row.finding == finding.fingerprint);
        match rows.max_by_key(|row| row.until) {
            Some(row) if row.until >= today => judged.accepted.push(Accepted { finding, acceptance: row.clone() }),
            Some(row) => {
                let because = crate::text::shown(&row.because);
                finding.details.push(format!("it was accepted until {} ({because}), and is there still", row.until));
                judged.expired.push(row.clone());
                judged.findings.push(finding);
            }
            None => judged.findings.push(finding),
        }
    }
    let missing = settings.baseline.iter().filter(|row| !seen.contains(&row.finding));
    judged.missing = missing.cloned().collect();
    judged
}

impl Ignore {
    fn covers(&self, finding: &Finding) -> bool {
        let is_of = |token: &TokenRef, pattern: &str| pattern == token.id.to_string() || matches(pattern, &token.name);
        let token = match (&self.token, &finding.token) {
            (None, _) => true,
            (Some(pattern), Some(token)) => is_of(token, pattern),
            (Some(_), None) => false,
        };
        token && self.rule == finding.rule.id
    }
}
