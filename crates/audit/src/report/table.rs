//! Words for a terminal, without colour; aligned columns need no more than the text itself.

mod columns;
mod findings;

use self::columns::columns;
use self::findings::section;
use super::order::{Tokens, groups};
use super::words::{self, tally};
use crate::audit::Audit;
use crate::text::counted;

/// So many tokens are listed with their reach.
const WIDEST: usize = 10;
/// More of a name than any token has.
const LONGEST_NAME: usize = 160;

/// An audit as words: what was found by rule, the worst first, then the tokens that reach most.
#[must_use]
pub fn table(audit: &Audit) -> String {
    let tokens = Tokens::of(audit);
    let mut out = String::new();
    for group in groups(&audit.findings) {
        out.push_str(&section(&group, &tokens));
    }
    out.push_str(&widest(audit));
    out.push_str(&last_lines(audit));
    out
}

fn widest(audit: &Audit) -> String {
    if audit.tokens.is_empty() {
        return String::new();
    }
    let header = ["score", "token", "owner", "reads", "writes", "ends", "reaches"].map(str::to_owned).to_vec();
    let row = |token: &crate::audit::Audited| {
        let reach = &token.reach;
        let number = |number: usize| if reach.is_known { words::grouped(number) } else { "?".to_owned() };
        let products: Vec<&str> = reach.products.iter().take(4).map(|one| one.product).collect();
        let more = reach.products.len().saturating_sub(products.len());
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        vec![
            words::score(reach),
            words::name(&token.token.name, LONGEST_NAME),
            token.owner.clone(),
            number(reach.reads),
            number(reach.writes),
            token.expires_on.map_or_else(|| "never".to_owned(), words::day),
            format!("{}{more}", products.join(", ")),
        ]
    };
    let mut rows = vec![header];
    rows.extend(audit.tokens.iter().take(WIDEST).map(row));
    format!("The tokens that reach most:\n{}\n", columns(2, &rows))
}

/// How many there are, what was left out, and what is not known.
fn last_lines(audit: &Audit) -> String {
    let number = |count: usize, word: &str| counted(count, word);
    let mut out = format!("{}: {}\n", number(audit.tokens.len(), "token"), tally(|severity| audit.counts.of(severity)));
    if !audit.accepted.is_empty() || !audit.ignored.is_empty() {
        out.push_str(&format!("{} accepted, {} ignored\n", audit.accepted.len(), audit.ignored.len()));
    }
    for one in &audit.unread {
        let (what, why) = (words::shown(&one.what, 300), words::shown(&one.why, 300));
        out.push_str(&format!("not read: {what}: {why}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use flarekeep_catalogue::is_hostile;
    use proptest::prelude::*;

    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_worst_comes_first_and_the_sum_last() {
        let text = table(&fixture::audit());
        assert!(text.starts_with("critical  A token that can make tokens  [test-mints]\n"), "{text}");
        assert!(text.contains("4 tokens: 1 critical, 2 medium, 1 low, 1 info\n1 accepted, 1 ignored\nnot read: "));
        assert_eq!(table(&fixture::empty()), "0 tokens: nothing\n");
    }

    #[test]
    fn a_token_whose_grants_are_not_known_has_no_score() {
        let mut audit = fixture::audit();
        let token = &mut audit.tokens[0];
        token.token.name = "shop-minter".to_owned();
        token.reach.is_known = false;
        let text = table(&audit);
        let line = text.lines().find(|line| line.contains("shop-minter")).unwrap();
        assert!(line.trim_start().starts_with("unknown  shop-minter") && line.contains("  ?      ?  "), "{line}");
    }

    proptest! {
        #[test]
        fn no_name_reaches_the_terminal_raw(name in any::<String>()) {
            let text = table(&fixture::audit_with(&name));
            prop_assert!(text.chars().all(|c| c == '\n' || !is_hostile(c)));
            prop_assert_eq!(text.lines().count(), table(&fixture::audit()).lines().count());
        }
    }
}
