//! Branch and bound.

use super::bound::{Packing, cover, pack};
use super::instance::{Instance, State};
use super::reduce::{Reduction, reduce};
use crate::witness::{Child, Part, Witness};

/// One search.
pub(crate) struct Search<'a> {
    instance: &'a Instance,
    /// How many nodes may still branch.
    budget: u32,
}

/// What a node found out.
pub(crate) struct Found {
    /// The lightest cover below the limit that the node was given, if it found one.
    pub(crate) best: Option<Cover>,
    /// What every cover of the node weighs at least. INVARIANT: unless the budget ran out, this is the weight of `best`,
    /// or reaches the limit.
    pub(crate) bound: u64,
    /// The proof of the bound.
    pub(crate) witness: Witness<usize, usize>,
}

/// Columns that hit every row of a node.
pub(crate) struct Cover {
    pub(crate) chosen: Vec<usize>,
    weight: u64,
}

impl<'a> Search<'a> {
    pub(crate) fn new(instance: &'a Instance, budget: u32) -> Self {
        Self { instance, budget }
    }

    /// Looks for the lightest cover of the state's rows that weighs less than `limit`.
    pub(crate) fn node(&mut self, mut state: State, limit: u64) -> Found {
        let reduction = reduce(self.instance, &mut state);
        let taken = self.instance.weight_of(&reduction.taken);
        let found = match reduction.dead {
            Some(need) => Found { best: None, bound: u64::MAX, witness: Witness::Dead { need } },
            None => self.rest(&state, limit.saturating_sub(taken)),
        };
        found.after(reduction, taken)
    }

    /// As [`Self::node`], where nothing plain is left to do.
    fn rest(&mut self, state: &State, mut limit: u64) -> Found {
        let mut packing = pack(self.instance, state, &[]);
        if packing.total >= limit {
            return Found::bounded(None, packing);
        }
        if state.rows.is_empty() {
            return Found::bounded(Some(Cover { chosen: Vec::new(), weight: 0 }), packing);
        }
        let parts = state.parts(self.instance);
        if parts.len() > 1 {
            return self.parts(parts, limit);
        }
        let mut best = None;
        let chosen = cover(self.instance, state, &packing);
        let weight = self.instance.weight_of(&chosen);
        if packing.total < weight.min(limit) {
            let second = pack(self.instance, state, &chosen);
            packing = if second.total > packing.total { second } else { packing };
        }
        if weight < limit {
            best = Some(Cover { chosen, weight });
            limit = weight;
        }
        if packing.total >= limit || self.budget == 0 {
            return Found::bounded(best, packing);
        }
        self.budget -= 1;
        self.branch(state, limit, best, packing)
    }

    /// Each part is solved for itself, whatever the limit: only their sum can be held against it.
    fn parts(&mut self, parts: Vec<State>, limit: u64) -> Found {
        let (mut best, mut bound, mut proofs) = (Some(Cover { chosen: Vec::new(), weight: 0 }), 0u64, Vec::new());
        for part in parts {
            let needs = part.rows.iter().collect();
            let found = self.node(part, u64::MAX);
            bound = bound.saturating_add(found.bound);
            best = best.zip(found.best).map(|(mut sum, cover)| {
                sum.chosen.extend(cover.chosen);
                sum.weight += cover.weight;
                sum
            });
            proofs.push(Part { needs, then: found.witness });
        }
        let best = best.filter(|cover| cover.weight < limit);
        Found { best, bound, witness: Witness::Split { parts: proofs } }
    }

    fn branch(&mut self, state: &State, mut limit: u64, mut best: Option<Cover>, packing: Packing) -> Found {
        let rows = state.rows.iter();
        let Some(row) = rows.min_by_key(|row| self.instance.row(*row).count_with(&state.columns)) else {
            return Found::bounded(best, packing);
        };
        let (mut open, mut bound, mut children) = (state.clone(), u64::MAX, Vec::new());
        for column in self.promising_first(state, row) {
            let weight = self.instance.weight(column);
            let mut child = open.clone();
            child.take(self.instance, column);
            let found = self.node(child, limit.saturating_sub(weight));
            bound = bound.min(found.bound.saturating_add(weight));
            if let Some(mut cover) = found.best {
                cover.chosen.push(column);
                cover.weight += weight;
                if cover.weight < limit {
                    limit = cover.weight;
                    best = Some(cover);
                }
            }
            if packing.total >= limit {
                return Found::bounded(best, packing);
            }
            children.push(Child { take: column, then: found.witness });
            open.columns.remove(column);
        }
        if packing.total >= bound {
            return Found::bounded(best, packing);
        }
        Found { best, bound, witness: Witness::Branch { need: row, children } }
    }

    /// The columns of a row, the least weight for each open row first.
    fn promising_first(&self, state: &State, row: usize) -> Vec<usize> {
        let price = |column: usize| {
            let open = self.instance.column(column).count_with(&state.rows).max(1) as u128;
            (u128::from(self.instance.weight(column)) << 20) / open
        };
        let mut columns: Vec<usize> = self.instance.row(row).iter_with(&state.columns).collect();
        columns.sort_by_key(|column| (price(*column), *column));
        columns
    }
}

impl Found {
    fn bounded(best: Option<Cover>, packing: Packing) -> Self {
        Self { best, bound: packing.total, witness: packing.into_witness() }
    }

    /// The same, after the steps that led to it.
    fn after(self, reduction: Reduction, taken: u64) -> Self {
        let best = self.best.map(|mut cover| {
            cover.weight += taken;
            cover.chosen.extend(reduction.taken);
            cover
        });
        let bound = self.bound.saturating_add(taken);
        let witness = match reduction.steps.as_slice() {
            [] => self.witness,
            _ => Witness::Reduced { steps: reduction.steps, then: Box::new(self.witness) },
        };
        Self { best, bound, witness }
    }
}
