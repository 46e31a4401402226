//! What is hidden from a rule when it is measured.
//!
//! Operations without a list come in blocks: a new resource, a product that the schema does not label. A figure from
//! hiding one operation at a time, with its brothers in sight, would flatter.

use std::collections::BTreeMap;

use crate::inference::labels::Operation;

/// How labels are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hiding {
    /// One operation at a time.
    Single,
    /// All operations of one resource of a product: `/accounts/{}/pages/projects/**`.
    Block,
    /// All operations of one tag of the schema.
    Tag,
    /// Blocks of random depth, from a single path to a whole product, until a tenth is hidden; many rounds.
    Random,
    /// A whole product: `/accounts/{}/pages/**`. Nothing should be said of what has no neighbours.
    Product,
}

/// How many rounds of [`Hiding::Random`] there are.
pub(crate) const ROUNDS: u64 = 100;

impl Hiding {
    pub(crate) const ALL: [Self; 5] = [Self::Single, Self::Block, Self::Tag, Self::Random, Self::Product];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Single => "one operation",
            Self::Block => "a resource",
            Self::Tag => "a tag",
            Self::Random => "random blocks",
            Self::Product => "a product",
        }
    }

    /// The sets that are hidden, one after the other, as positions. Radar is left out: its 277 operations all accept
    /// the same, and would flatter too.
    pub(crate) fn sets(self, operations: &[Operation]) -> Vec<Vec<usize>> {
        let known: Vec<usize> = measured(operations).collect();
        match self {
            Self::Single => known.into_iter().map(|at| vec![at]).collect(),
            Self::Block => by(operations, &known, |operation| operation.prefix(root(operation) + 1).join("/")),
            Self::Tag => by(operations, &known, |operation| operation.product.clone()),
            Self::Product => by(operations, &known, |operation| operation.prefix(root(operation)).join("/")),
            Self::Random => (0..ROUNDS).map(|seed| random_blocks(operations, &known, seed)).collect(),
        }
    }
}

/// The operations whose groups the schema itself gives, and on which rules are measured.
pub(crate) fn measured(operations: &[Operation]) -> impl Iterator<Item = usize> {
    let known = |operation: &Operation| {
        operation.provenance == "schema" && operation.is_labelled() && operation.segments[0] != "radar"
    };
    operations.iter().enumerate().filter(move |(_, operation)| known(operation)).map(|(at, _)| at)
}

fn root(operation: &Operation) -> usize {
    operation.root().unwrap_or(2)
}

fn by(operations: &[Operation], known: &[usize], key: impl Fn(&Operation) -> String) -> Vec<Vec<usize>> {
    let mut sets: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in known {
        sets.entry(key(&operations[*at])).or_default().push(*at);
    }
    sets.into_values().collect()
}

fn random_blocks(operations: &[Operation], known: &[usize], seed: u64) -> Vec<usize> {
    let mut random = SplitMix(seed);
    let mut hidden = vec![false; operations.len()];
    while hidden.iter().filter(|hidden| **hidden).count() < known.len() / 10 {
        let operation = &operations[known[random.below(known.len())]];
        let shallow = root(operation).min(operation.segments.len());
        let depth = shallow + random.below(operation.segments.len() - shallow + 1);
        for at in known {
            hidden[*at] |= operations[*at].segments.starts_with(operation.prefix(depth));
        }
    }
    known.iter().copied().filter(|at| hidden[*at]).collect()
}

/// SplitMix64: the same numbers on every machine.
struct SplitMix(u64);

impl SplitMix {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("below a length")
    }
}
