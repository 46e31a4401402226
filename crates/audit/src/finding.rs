//! One fault that an audit reports.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use flarekeep_catalogue::TokenId;
use sha2::{Digest, Sha256};

use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Found, Rule};
use crate::token::{OwnedBy, TokenRecord};
use crate::world::Place;

/// One fault. Its texts hold no control character: those of names are escaped.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that found it.
    pub rule: &'static Rule,
    /// How bad it is: the rule's severity, or another where the token makes it worse or better.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The token; none where the fault is of an account or a user.
    pub token: Option<TokenRef>,
    /// What is wrong, in one line without the token's name.
    pub summary: String,
    /// The particulars, a line each.
    pub details: Vec<String>,
    /// How it is mended, the best way first.
    pub mends: Vec<Mend>,
    /// 16 hexadecimal digits that stay the same from run to run while the fault does: what `audit accept` takes.
    pub fingerprint: String,
}

impl Finding {
    pub(crate) fn of(rule: &'static Rule, about: Option<&About<'_>>, found: Found) -> Self {
        let severity = found.severity.unwrap_or(rule.severity);
        Self {
            rule,
            severity,
            confidence: found.confidence,
            fingerprint: fingerprint(rule, severity, about, &found.thing),
            token: about.map(|about| about.token.clone()),
            summary: found.summary,
            details: found.details,
            mends: found.mends,
        }
    }

    /// Whether it is about this token.
    #[must_use]
    pub fn is_about(&self, token: TokenId) -> bool {
        self.token.as_ref().is_some_and(|about| about.id == token)
    }

    /// The order of reports: the worst first, then the surest, then by rule and token.
    pub(crate) fn order(&self) -> impl Ord + '_ {
        let token = self.token.as_ref().map(|token| (token.name.as_str(), token.id));
        (self.severity, self.confidence, self.rule.id, token, self.fingerprint.as_str())
    }
}

/// The token that findings are about: what all of them have in common, made once.
#[derive(Debug)]
pub(crate) struct About<'a> {
    pub(crate) token: TokenRef,
    record: &'a TokenRecord,
    grants: OnceCell<BTreeSet<String>>,
}

impl<'a> About<'a> {
    pub(crate) fn of(record: &'a TokenRecord) -> Self {
        Self { token: TokenRef::from(record), record, grants: OnceCell::new() }
    }

    fn grants(&self) -> &BTreeSet<String> {
        self.grants.get_or_init(|| self.record.grants())
    }
}

/// The rules whose findings say what a token grants. Such a finding is another one when the token grants something else: who
/// accepted it looked at what it granted then.
const OF_GRANTS: [&str; 11] = [
    "all-accounts",
    "all-zones",
    "broad-template",
    "implied-group",
    "ineffective-grant",
    "manages-members",
    "many-purposes",
    "mints-tokens",
    "reaches-by-code",
    "unexercised-grants",
    "unproved-grant",
];

/// 16 digits of a hash of what makes the finding this one. A token's id names it wherever it was read, so that neither
/// place nor owner is in it. How bad it is, is: what was accepted as medium is not accepted as critical.
fn fingerprint(rule: &Rule, severity: Severity, about: Option<&About<'_>>, thing: &str) -> String {
    let id = about.map(|about| about.token.id.to_string()).unwrap_or_default();
    let mut hash = Sha256::new_with_prefix(format!("{}\0{severity}\0{id}\0{thing}", rule.id));
    for line in about.filter(|_| OF_GRANTS.contains(&rule.id)).into_iter().flat_map(About::grants) {
        hash.update(format!("\0{line}"));
    }
    let digest = hash.finalize();
    let first = digest.iter().take(8).fold(0_u64, |all, byte| all << 8 | u64::from(*byte));
    format!("{first:016x}")
}

/// The token that a finding or a line of a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRef {
    /// Its id.
    pub id: TokenId,
    /// Its name, with control characters escaped.
    pub name: String,
    /// Who owns it.
    pub owner: OwnedBy,
    /// Where it was read.
    pub place: Place,
}

impl TokenRef {
    pub(crate) fn order(&self) -> (&str, TokenId) {
        (&self.name, self.id)
    }
}

impl From<&TokenRecord> for TokenRef {
    fn from(token: &TokenRecord) -> Self {
        Self { id: token.id, name: crate::text::shown(&token.name), owner: token.owner, place: token.place.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_whose_findings_change_with_grants_are_rules() {
        for id in OF_GRANTS {
            assert!(crate::rules::rule(id).is_some(), "{id}");
        }
    }
}
