//! The exact minimum weighted hitting set over plain numbers: rows to be hit, columns with weights.
//!
//! Each node of the search first does what is plain ([`reduce`]), splits what does not hang together, bounds what is
//! left from below by dual ascent and from above by two greedy covers ([`bound`]), and branches on the row with the
//! fewest columns. What it proves is written down as a [`Witness`] as it goes.

mod bits;
mod bound;
mod instance;
mod reduce;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use instance::Instance;

use crate::witness::Witness;

/// The best choice of columns that was found, and what it was proved against.
#[derive(Debug, Clone)]
pub(crate) struct Solution {
    /// The columns, ascending; none can be left out.
    pub(crate) chosen: Vec<usize>,
    /// Their weight.
    pub(crate) weight: u64,
    /// What every choice weighs at least: the weight itself, unless the search was cut short.
    pub(crate) bound: u64,
    /// The proof of the bound.
    pub(crate) witness: Witness<usize, usize>,
}

/// Finds the lightest columns that hit every row. After `budget` nodes the search stops branching and gives the best it
/// has, with a bound that says how far off it may be. None where a row has no column.
pub(crate) fn solve(instance: &Instance, budget: u32) -> Option<Solution> {
    let everything = instance.everything();
    let found = search::Search::new(instance, budget).node(everything.clone(), u64::MAX);
    let mut chosen = bound::without_spare(instance, &everything.rows, &found.best?.chosen);
    chosen.sort_unstable();
    let weight = instance.weight_of(&chosen);
    // A packing over the whole is the shortest of proofs, and is there more often than not.
    let packing = bound::pack(instance, &everything, &chosen);
    if packing.total >= weight {
        return Some(Solution { chosen, weight, bound: packing.total, witness: packing.into_witness() });
    }
    Some(Solution { chosen, weight, bound: found.bound.min(weight), witness: found.witness })
}
