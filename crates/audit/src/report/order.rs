//! Findings by rule, and tokens by id.

use std::collections::BTreeMap;

use flarekeep_catalogue::TokenId;

use super::words;
use crate::audit::{Audit, Audited};
use crate::finding::{Finding, TokenRef};
use crate::level::Severity;
use crate::rule::Rule;
use crate::rules::RULES;

/// The findings of one rule at one severity.
pub(super) struct Group<'a> {
    pub(super) rule: &'static Rule,
    pub(super) severity: Severity,
    pub(super) findings: Vec<&'a Finding>,
}

/// Findings by severity and rule, the worst first. A rule whose findings differ in severity has several groups.
pub(super) fn groups<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<(Severity, &str), Group<'_>> = BTreeMap::new();
    for finding in findings {
        let key = (finding.severity, finding.rule.id);
        let empty = || Group { rule: finding.rule, severity: finding.severity, findings: Vec::new() };
        groups.entry(key).or_insert_with(empty).findings.push(finding);
    }
    groups.into_values().collect()
}

/// Every rule that there is, and every rule that found something, by id.
pub(super) fn rules(audit: &Audit) -> Vec<&'static Rule> {
    let left_out = audit.accepted.iter().map(|accepted| accepted.finding.rule);
    let left_out = left_out.chain(audit.ignored.iter().map(|ignored| ignored.finding.rule));
    let found = audit.findings.iter().map(|finding| finding.rule).chain(left_out);
    let all: BTreeMap<&str, &'static Rule> = RULES.iter().copied().chain(found).map(|rule| (rule.id, rule)).collect();
    all.into_values().collect()
}

/// The tokens of an audit, to be found by what a finding says of them.
pub(super) struct Tokens<'a>(BTreeMap<TokenId, (usize, &'a Audited)>);

impl<'a> Tokens<'a> {
    pub(super) fn of(audit: &'a Audit) -> Self {
        let entry = |(at, token): (usize, &'a Audited)| (token.token.id, (at, token));
        Self(audit.tokens.iter().enumerate().map(entry).collect())
    }

    /// Its place in the audit's list, and the token.
    pub(super) fn find(&self, token: &TokenRef) -> Option<(usize, &'a Audited)> {
        self.0.get(&token.id).copied()
    }

    /// Who owns it, by name where that is known.
    pub(super) fn owner(&self, token: &TokenRef) -> String {
        self.find(token).map_or_else(|| words::owner(token.owner), |(_, token)| token.owner.clone())
    }
}
