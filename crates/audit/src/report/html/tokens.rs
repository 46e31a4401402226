//! Each token with all that is known of it.

use std::collections::BTreeMap;

use super::matrix::{Cell, cell, state};
use crate::audit::{Audit, Audited};
use crate::reach::{Narrower, ProductReach, WideningWay};
use crate::report::order::Tokens;
use crate::report::words::{self, grouped};
use crate::text::counted;

const LONGEST: usize = 600;
/// So many resources, operations and the like are shown of one token.
const OF_A_TOKEN: usize = 30;

pub(super) struct TokenCard {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) owner: String,
    pub(super) place: String,
    pub(super) status: String,
    pub(super) state: String,
    pub(super) score: String,
    /// Its dates, with their words.
    pub(super) dates: Vec<(&'static str, String)>,
    /// How many operations it may call, in words.
    pub(super) operations: String,
    pub(super) products: Vec<Product>,
    pub(super) resources: Vec<String>,
    pub(super) widening: Vec<String>,
    pub(super) unproved: Vec<String>,
    pub(super) narrower: Option<String>,
    pub(super) findings: Vec<About>,
}

pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) cell: Cell,
    pub(super) counts: String,
}

/// A finding about the token.
pub(super) struct About {
    pub(super) fingerprint: String,
    pub(super) severity: &'static str,
    pub(super) title: &'static str,
}

pub(super) fn cards(audit: &Audit, tokens: &Tokens<'_>) -> Vec<TokenCard> {
    let mut about: BTreeMap<usize, Vec<About>> = BTreeMap::new();
    for finding in &audit.findings {
        let token = finding.token.as_ref().and_then(|token| tokens.find(token));
        let Some((at, _)) = token else { continue };
        about.entry(at).or_default().push(About {
            fingerprint: finding.fingerprint.clone(),
            severity: finding.severity.word(),
            title: finding.rule.title,
        });
    }
    audit.tokens.iter().enumerate().map(|(at, token)| card(token, about.remove(&at).unwrap_or_default())).collect()
}

fn card(token: &Audited, findings: Vec<About>) -> TokenCard {
    let reach = &token.reach;
    TokenCard {
        name: words::name(&token.token.name, LONGEST),
        id: token.token.id.to_string(),
        owner: words::shown(&token.owner, LONGEST),
        place: words::shown(&token.token.place.to_string(), LONGEST),
        status: words::shown(&token.status, 60),
        state: state(token),
        score: words::score(reach),
        dates: dates(token),
        operations: operations(token),
        products: reach.products.iter().map(product).collect(),
        resources: first(&reach.resources, String::clone),
        widening: first(&reach.widening, widening),
        unproved: first(&reach.unproved, String::clone),
        narrower: reach.narrower.as_ref().map(|narrower| narrowed(narrower, reach.score)),
        findings,
    }
}

fn dates(token: &Audited) -> Vec<(&'static str, String)> {
    let known = [
        ("made", token.issued_on),
        ("last changed", token.modified_on),
        ("last used", token.last_used_on),
        ("valid from", token.not_before.filter(|from| Some(*from) != token.issued_on)),
        ("ends", token.expires_on),
    ];
    let mut dates: Vec<_> = known.into_iter().filter_map(|(word, at)| Some((word, words::minute(at?)))).collect();
    if token.expires_on.is_none() {
        dates.push(("ends", "never".to_owned()));
    }
    dates
}

fn operations(token: &Audited) -> String {
    match (token.reach.is_known, token.reach.reads, token.reach.writes) {
        (false, ..) => "what it grants is not known".to_owned(),
        (true, 0, 0) => "none".to_owned(),
        (true, reads, writes) => format!("{} that read, {} that may change something", grouped(reads), grouped(writes)),
    }
}

fn product(reach: &ProductReach) -> Product {
    Product { name: reach.product, cell: cell(reach.level), counts: counts(reach) }
}

fn counts(reach: &ProductReach) -> String {
    let counts = [(reach.reads, "read"), (reach.writes, "write")];
    let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}"));
    counts.collect::<Vec<_>>().join(", ")
}

fn widening(way: &WideningWay) -> String {
    format!("{}, by {} at {}", way.gains, way.operation, way.place)
}

fn narrowed(narrower: &Narrower, score: u32) -> String {
    let used = counted(narrower.used.len(), "operation");
    let gaps = if narrower.is_complete { "" } else { " (audit logs show no reads: all that it may read stays)" };
    let lost = narrower.lost.iter().map(|lost| format!("{} ({})", lost.product, counts(lost)));
    let lost = lost.collect::<Vec<_>>().join("; ");
    format!(
        "it was seen to use {used}; narrowed to them it would lose {} that read and {} that may change something: {lost}. Its \
         score would fall from {score} to {}{gaps}",
        grouped(narrower.lost_reads),
        grouped(narrower.lost_writes),
        narrower.score,
    )
}

/// The first of a list in words, and how many more there are.
fn first<T>(all: &[T], in_words: impl Fn(&T) -> String) -> Vec<String> {
    let mut words: Vec<String> = all.iter().take(OF_A_TOKEN).map(|one| words::shown(&in_words(one), LONGEST)).collect();
    match all.len().saturating_sub(OF_A_TOKEN) {
        0 => {}
        more => words.push(format!("and {more} more")),
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn a_token_knows_its_findings_and_ways() {
        let audit = fixture::audit();
        let cards = cards(&audit, &Tokens::of(&audit));
        let found: Vec<usize> = cards.iter().map(|card| card.findings.len()).collect();
        assert_eq!(found, [2, 1, 1, 0]);
        assert_eq!(
            cards[0].widening,
            ["a token with any permission that the user has, by POST /user/tokens at user shop-deploy-production"]
        );
        assert!(cards[0].dates.contains(&("ends", "never".to_owned())));
        assert_eq!(cards[0].operations, "12 that read, 7 that may change something");
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        let all: Vec<usize> = (0..OF_A_TOKEN + 2).collect();
        let words = first(&all, ToString::to_string);
        assert_eq!((words.len(), words.last().unwrap().as_str()), (OF_A_TOKEN + 1, "and 2 more"));
    }
}
