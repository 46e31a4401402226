//! Tokens × products: who may do what, at a glance.

use std::collections::BTreeMap;

use crate::audit::{Audit, Audited};
use crate::level::Severity;
use crate::reach::Level;
use crate::report::words;

/// So many tokens stand there at once; the rest is folded.
const ROWS: usize = 150;
/// More of a name is no help in a table; the token's own place has all of it.
const LONGEST_NAME: usize = 60;

pub(super) struct Matrix {
    /// The products that any token reaches, those of the most tokens first.
    pub(super) products: Vec<&'static str>,
    pub(super) rows: Vec<Row>,
    /// The rows that are folded.
    pub(super) more: Vec<Row>,
}

pub(super) struct Row {
    /// The token's place in the audit's list, which is its anchor.
    pub(super) at: usize,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) score: String,
    /// The score as a part of the highest that there can be.
    pub(super) percent: String,
    /// What to say of a token that cannot be used or of which nobody knows what it grants; empty for others.
    pub(super) state: String,
    pub(super) is_usable: bool,
    pub(super) cells: Vec<Cell>,
    pub(super) worst: Option<&'static str>,
    pub(super) findings: usize,
}

/// The most that a token may do with a product.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Cell {
    /// What is not to be told by colour alone.
    pub(super) letter: &'static str,
    /// The class of its colour.
    pub(super) class: &'static str,
}

impl Matrix {
    pub(super) fn of(audit: &Audit) -> Self {
        let products = products(audit);
        let mut rows: Vec<Row> = audit.tokens.iter().enumerate().map(|(at, token)| row(at, token, &products)).collect();
        let more = rows.split_off(rows.len().min(ROWS));
        Self { products, rows, more }
    }
}

/// Every product that any token reaches; those that most tokens reach come first, so that the table is dense at the left.
fn products(audit: &Audit) -> Vec<&'static str> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    for reach in audit.tokens.iter().flat_map(|token| &token.reach.products) {
        let count = counts.entry(reach.product).or_default();
        *count = count.saturating_add(1);
    }
    let mut products: Vec<_> = counts.into_iter().collect();
    products.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    products.into_iter().map(|(product, _)| product).collect()
}

fn row(at: usize, token: &Audited, products: &[&'static str]) -> Row {
    let levels: BTreeMap<&str, Level> = token.reach.products.iter().map(|one| (one.product, one.level)).collect();
    let level = |product: &&str| levels.get(product).copied().unwrap_or(Level::None);
    Row {
        at,
        name: words::name(&token.token.name, LONGEST_NAME),
        owner: words::shown(&token.owner, LONGEST_NAME),
        score: words::score(&token.reach),
        percent: format!("{}%", token.reach.score / 10),
        state: state(token),
        is_usable: token.reach.is_usable,
        cells: products.iter().map(|product| cell(level(product))).collect(),
        worst: token.worst.map(Severity::word),
        findings: token.findings,
    }
}

pub(super) fn state(token: &Audited) -> String {
    match (token.reach.is_usable, token.reach.is_known) {
        // Nobody can use it, though Cloudflare calls it active: its addresses let nobody in, or its time has not come.
        (false, _) if token.status == "active" => "cannot be used".to_owned(),
        (false, _) => words::shown(&token.status, 30),
        (true, false) => "grants not known".to_owned(),
        (true, true) => String::new(),
    }
}

pub(super) const fn cell(level: Level) -> Cell {
    match level {
        Level::None => Cell { letter: "", class: "" },
        Level::Read => Cell { letter: "R", class: " r" },
        Level::Write => Cell { letter: "W", class: " w" },
        Level::Widen => Cell { letter: "W+", class: " p" },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn every_token_has_a_cell_for_every_product() {
        let matrix = Matrix::of(&fixture::audit());
        assert_eq!(matrix.products, ["DNS", "Tokens and members", "Workers"]);
        let letters: Vec<String> =
            matrix.rows.iter().map(|row| row.cells.iter().map(|cell| cell.letter).collect()).collect();
        assert_eq!(letters, ["WW+", "WR", "R", ""]);
        assert!(matrix.rows.iter().all(|row| row.cells.len() == 3));
    }

    #[test]
    fn what_is_much_is_folded_and_nothing_is_lost() {
        let mut audit = fixture::audit();
        let tokens = std::mem::take(&mut audit.tokens);
        audit.tokens = tokens.into_iter().cycle().take(ROWS + 7).collect();
        let matrix = Matrix::of(&audit);
        assert_eq!((matrix.rows.len(), matrix.more.len()), (ROWS, 7));
        assert_eq!(matrix.more[0].at, ROWS);
    }
}
