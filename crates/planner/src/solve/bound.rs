//! Bounds from both sides.

use std::cmp::Reverse;

use super::bits::Bits;
use super::instance::{Instance, State};
use crate::witness::{Amount, Witness};

/// Amounts on rows such that no column's rows sum to more than its weight: their total bounds every choice from below.
#[derive(Debug, Default)]
pub(crate) struct Packing {
    amounts: Vec<Amount<usize>>,
    pub(crate) total: u64,
    /// What each column has left of its weight.
    slack: Vec<u64>,
}

impl Packing {
    pub(crate) fn into_witness(self) -> Witness<usize, usize> {
        Witness::Packing { amounts: self.amounts, bound: self.total }
    }
}

/// Dual ascent, in a few orders of the rows; the best packing wins. Rows that `cover` hits once go first in one of
/// the orders: in an optimal packing only those carry an amount.
pub(crate) fn pack(instance: &Instance, state: &State, cover: &[usize]) -> Packing {
    let rows: Vec<usize> = state.rows.iter().collect();
    let columns = |row: &usize| instance.row(*row).count_with(&state.columns);
    let hits = |row: &usize| cover.iter().filter(|column| instance.row(*row).contains(**column)).count();
    let cheapest = |row: &usize| {
        instance.row(*row).iter_with(&state.columns).map(|column| instance.weight(column)).min().unwrap_or_default()
    };
    let mut orders = vec![sorted(&rows, |row| (columns(row), Reverse(cheapest(row)), *row))];
    orders.push(sorted(&rows, |row| (Reverse(cheapest(row)), columns(row), *row)));
    if !cover.is_empty() {
        orders.push(sorted(&rows, |row| (hits(row).max(1), columns(row), *row)));
    }
    let packings = orders.into_iter().map(|order| ascend(instance, state, &order));
    // INVARIANT: the first of equals is kept, so that the result does not depend on the platform.
    packings.reduce(|best, next| if next.total > best.total { next } else { best }).unwrap_or_default()
}

/// A cover of the open rows, from the columns that a packing has used up, or by weight for each row hit, whichever is
/// lighter. Each open row has a column.
pub(crate) fn cover(instance: &Instance, state: &State, packing: &Packing) -> Vec<usize> {
    let used_up = |column: &usize| packing.slack.get(*column) == Some(&0);
    let tight: Vec<usize> = state.columns.iter().filter(used_up).collect();
    let tight = without_spare(instance, &state.rows, &tight);
    let greedy = without_spare(instance, &state.rows, &greedily(instance, state));
    // A maximal packing uses up a column of every row, so that `tight` is a cover.
    if instance.weight_of(&tight) < instance.weight_of(&greedy) { tight } else { greedy }
}

/// The columns without those that the others make superfluous; the heaviest are tried first.
pub(crate) fn without_spare(instance: &Instance, rows: &Bits, columns: &[usize]) -> Vec<usize> {
    let mut hits = vec![0u32; instance.height()];
    for row in columns.iter().flat_map(|column| instance.column(*column).iter_with(rows)) {
        if let Some(count) = hits.get_mut(row) {
            *count += 1;
        }
    }
    let mut kept = columns.to_vec();
    for column in sorted(columns, |column| (Reverse(instance.weight(*column)), Reverse(*column))) {
        let sole = |row: usize| hits.get(row) == Some(&1);
        if instance.column(column).iter_with(rows).any(sole) {
            continue;
        }
        kept.retain(|other| *other != column);
        for row in instance.column(column).iter_with(rows) {
            if let Some(count) = hits.get_mut(row) {
                *count -= 1;
            }
        }
    }
    kept
}

fn sorted<K: Ord>(numbers: &[usize], key: impl FnMut(&usize) -> K) -> Vec<usize> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by_cached_key(key);
    sorted
}

fn ascend(instance: &Instance, state: &State, order: &[usize]) -> Packing {
    let mut slack: Vec<u64> = (0..instance.width()).map(|column| instance.weight(column)).collect();
    let (mut amounts, mut total) = (Vec::new(), 0u64);
    for row in order {
        let columns = || instance.row(*row).iter_with(&state.columns);
        let amount = columns().filter_map(|column| slack.get(column)).min().copied().unwrap_or_default();
        if amount == 0 {
            continue;
        }
        for column in columns() {
            if let Some(left) = slack.get_mut(column) {
                *left -= amount;
            }
        }
        amounts.push(Amount { need: *row, amount });
        total += amount;
    }
    amounts.sort_by_key(|entry| entry.need);
    Packing { amounts, total, slack }
}

/// Takes, again and again, the column with the least weight for each open row that it hits.
fn greedily(instance: &Instance, state: &State) -> Vec<usize> {
    let mut state = state.clone();
    let mut chosen = Vec::new();
    while !state.rows.is_empty() {
        let open = |column: &usize| instance.column(*column).count_with(&state.rows) as u128;
        let useful = state.columns.iter().filter(|column| open(column) > 0);
        let best = useful.reduce(|best, next| {
            let (best_price, next_price) = (u128::from(instance.weight(best)), u128::from(instance.weight(next)));
            if next_price * open(&best) < best_price * open(&next) { next } else { best }
        });
        let Some(best) = best else { break };
        chosen.push(best);
        state.take(instance, best);
    }
    chosen
}
