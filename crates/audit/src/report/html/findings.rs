//! What was found, rule by rule, with its mends.

use crate::audit::Audit;
use crate::finding::Finding;
use crate::mend::Mend;
use crate::report::order::{Tokens, groups};
use crate::report::words;

/// So many findings of a rule stand there at once; the rest is folded.
const OF_A_RULE: usize = 10;
/// More of a text than this hides the others.
const LONGEST: usize = 600;

/// The findings of one rule at one severity.
pub(super) struct RuleCard {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) why: &'static str,
    pub(super) severity: &'static str,
    pub(super) count: usize,
    pub(super) docs: String,
    pub(super) findings: Vec<FindingCard>,
    /// The findings that are folded.
    pub(super) more: Vec<FindingCard>,
}

pub(super) struct FindingCard {
    pub(super) fingerprint: String,
    pub(super) about: Option<About>,
    pub(super) summary: String,
    pub(super) confidence: &'static str,
    pub(super) details: Vec<String>,
    pub(super) mends: Vec<MendCard>,
}

/// The token that a finding is about.
pub(super) struct About {
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) place: String,
    /// Its place in the audit's list, which is its anchor.
    pub(super) at: Option<usize>,
}

pub(super) struct MendCard {
    pub(super) words: String,
    /// Never cut: half a command is another command.
    pub(super) command: Option<String>,
    pub(super) is_safe: bool,
}

pub(super) fn cards(audit: &Audit, tokens: &Tokens<'_>) -> Vec<RuleCard> {
    let card = |group: crate::report::order::Group<'_>| {
        let mut findings: Vec<FindingCard> =
            group.findings.iter().map(|finding| finding_card(finding, tokens)).collect();
        let count = findings.len();
        // One or two more are not worth a fold.
        let shown = if count <= OF_A_RULE + 2 { count } else { OF_A_RULE };
        let more = findings.split_off(shown);
        RuleCard {
            id: group.rule.id,
            title: group.rule.title,
            why: group.rule.why,
            severity: group.severity.word(),
            count,
            docs: format!("{}/blob/main/{}", env!("CARGO_PKG_REPOSITORY"), group.rule.docs()),
            findings,
            more,
        }
    };
    groups(&audit.findings).into_iter().map(card).collect()
}

fn finding_card(finding: &Finding, tokens: &Tokens<'_>) -> FindingCard {
    FindingCard {
        fingerprint: finding.fingerprint.clone(),
        about: finding.token.as_ref().map(|token| About {
            name: words::name(&token.name, LONGEST),
            owner: words::shown(&tokens.owner(token), LONGEST),
            place: words::shown(&token.place.to_string(), LONGEST),
            at: tokens.find(token).map(|(at, _)| at),
        }),
        summary: words::shown(&finding.summary, LONGEST),
        confidence: finding.confidence.word(),
        details: finding.details.iter().map(|detail| words::shown(detail, LONGEST)).collect(),
        mends: finding.mends.iter().map(mend_card).collect(),
    }
}

fn mend_card(mend: &Mend) -> MendCard {
    MendCard {
        words: words::shown(words::order(&mend.words), LONGEST),
        command: mend.command.clone(),
        is_safe: mend.safe.is_some(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_card_holds_the_findings_of_one_rule_at_one_severity() {
        let audit = fixture::audit();
        let cards = cards(&audit, &Tokens::of(&audit));
        let found: Vec<_> = cards.iter().map(|card| (card.severity, card.id, card.count)).collect();
        let expected = [
            ("critical", "test-mints", 1),
            ("medium", "test-endless", 2),
            ("low", "test-quota", 1),
            ("info", "test-endless", 1),
        ];
        assert_eq!(found, expected);
        assert_eq!(cards[1].findings[1].about.as_ref().unwrap().at, Some(1));
    }

    #[test]
    fn a_command_is_never_cut() {
        let mut audit = fixture::audit();
        let command = "flarekeep ".repeat(1_000);
        audit.findings[0].mends[0].command = Some(command.clone());
        let cards = cards(&audit, &Tokens::of(&audit));
        assert_eq!(cards[0].findings[0].mends[0].command.as_ref(), Some(&command));
    }
}
