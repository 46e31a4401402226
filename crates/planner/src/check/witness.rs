//! What a witness proves.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::WitnessFault;
use crate::witness::{Amount, Child, Part, Step, Witness};

/// What hitting every row costs at least, as far as the witness proves it; [`u64::MAX`] where it proves that nothing
/// does.
///
/// # Errors
/// The first step that does not hold, or that the proof takes more than [`PATIENCE`] looks at rows to follow.
pub(crate) fn bound(
    rows: &[BTreeSet<usize>],
    weights: &[u64],
    witness: &Witness<usize, usize>,
) -> Result<u64, WitnessFault> {
    let mut by_column = vec![Vec::new(); weights.len()];
    for (at, row) in rows.iter().enumerate() {
        for column in row {
            by_column.get_mut(*column).ok_or(WitnessFault::Unknown)?.push(at);
        }
    }
    let (taken, out) = (BTreeSet::new(), BTreeSet::new());
    let mut proof = Proof { rows, weights, by_column, taken, out, patience: Cell::new(PATIENCE) };
    proof.follow(witness, &(0..rows.len()).collect())
}

/// How many looks at a row a proof may take: a second's worth or two. A proof that somebody wrote to keep the checker
/// busy is refused; those of the solver take less by far (`docs/performance.md`).
const PATIENCE: u64 = 10_000_000;

/// A proof, and where in it we are.
struct Proof<'a> {
    /// The columns of each row.
    rows: &'a [BTreeSet<usize>],
    weights: &'a [u64],
    /// The rows of each column.
    by_column: Vec<Vec<usize>>,
    /// The columns that are taken here.
    taken: BTreeSet<usize>,
    /// The columns that are ruled out here.
    out: BTreeSet<usize>,
    /// How many looks are left.
    patience: Cell<u64>,
}

/// The rows that a part of the proof may look at.
type Rows<'a> = &'a BTreeSet<usize>;

impl Proof<'_> {
    fn follow(&mut self, witness: &Witness<usize, usize>, part: Rows<'_>) -> Result<u64, WitnessFault> {
        match witness {
            Witness::Packing { amounts, bound } => self.packing(amounts, *bound, part),
            Witness::Branch { need, children } => self.branch(*need, children, part),
            Witness::Reduced { steps, then } => self.reduced(steps, then, part),
            Witness::Split { parts } => self.split(parts, part),
            Witness::Dead { need } => {
                let dead = self.open(*need, part)?.is_empty();
                if dead { Ok(u64::MAX) } else { Err(WitnessFault::NotDead { row: *need }) }
            }
        }
    }

    fn packing(&self, amounts: &[Amount<usize>], stated: u64, part: Rows<'_>) -> Result<u64, WitnessFault> {
        let (mut spent, mut actual): (BTreeMap<usize, u64>, u64) = (BTreeMap::new(), 0);
        for Amount { need, amount } in amounts {
            for column in self.open(*need, part)? {
                let sum = spent.entry(column).or_default();
                *sum = sum.checked_add(*amount).ok_or(WitnessFault::Overpacked { column })?;
                if *sum > self.weight(column)? {
                    return Err(WitnessFault::Overpacked { column });
                }
            }
            actual = actual.saturating_add(*amount);
        }
        if actual == stated { Ok(actual) } else { Err(WitnessFault::Sum { stated, actual }) }
    }

    fn branch(&mut self, row: usize, children: &[Child<usize, usize>], part: Rows<'_>) -> Result<u64, WitnessFault> {
        let columns = self.open(row, part)?;
        let branches: BTreeSet<usize> = children.iter().map(|child| child.take).collect();
        if branches != columns || branches.len() != children.len() || columns.is_empty() {
            return Err(WitnessFault::Branches { row });
        }
        let mut least = u64::MAX;
        for child in children {
            // INVARIANT: a column of an open row is neither taken nor ruled out, so that both are undone by removing it.
            self.taken.insert(child.take);
            let rest = self.follow(&child.then, part)?;
            self.taken.remove(&child.take);
            least = least.min(rest.saturating_add(self.weight(child.take)?));
            self.out.insert(child.take);
        }
        branches.iter().for_each(|column| _ = self.out.remove(column));
        Ok(least)
    }

    fn reduced(
        &mut self,
        steps: &[Step<usize, usize>],
        then: &Witness<usize, usize>,
        part: Rows<'_>,
    ) -> Result<u64, WitnessFault> {
        let mut paid = 0u64;
        for step in steps {
            match *step {
                Step::Take { need: row, take: column } => {
                    if self.open(row, part)? != BTreeSet::from([column]) {
                        return Err(WitnessFault::NotForced { row, column });
                    }
                    self.taken.insert(column);
                    paid = paid.saturating_add(self.weight(column)?);
                }
                Step::Drop { drop: column, by } => {
                    if !self.outdone(column, by, part)? {
                        return Err(WitnessFault::NotOutdone { column, by });
                    }
                    self.out.insert(column);
                }
            }
        }
        let rest = self.follow(then, part)?;
        // INVARIANT: each was neither taken nor ruled out before its step.
        for step in steps {
            match step {
                Step::Take { take: column, .. } => self.taken.remove(column),
                Step::Drop { drop: column, .. } => self.out.remove(column),
            };
        }
        Ok(rest.saturating_add(paid))
    }

    fn split(&mut self, parts: &[Part<usize, usize>], part: Rows<'_>) -> Result<u64, WitnessFault> {
        let (mut sum, mut seen) = (0u64, BTreeSet::new());
        for inner in parts {
            let mut columns = BTreeSet::new();
            for row in &inner.needs {
                columns.extend(self.open(*row, part)?);
            }
            if let Some(column) = columns.iter().find(|column| seen.contains(*column)) {
                return Err(WitnessFault::Shared { column: *column });
            }
            seen.extend(columns);
            let rows = inner.needs.iter().copied().collect();
            sum = sum.saturating_add(self.follow(&inner.then, &rows)?);
        }
        Ok(sum)
    }

    /// The columns of an open row that are not ruled out.
    fn open(&self, row: usize, part: Rows<'_>) -> Result<BTreeSet<usize>, WitnessFault> {
        self.patience.set(self.patience.get().checked_sub(1).ok_or(WitnessFault::TooLong)?);
        let columns = self.rows.get(row).ok_or(WitnessFault::Unknown)?;
        if !part.contains(&row) || columns.iter().any(|column| self.taken.contains(column)) {
            return Err(WitnessFault::Closed { row });
        }
        Ok(columns.iter().filter(|column| !self.out.contains(column)).copied().collect())
    }

    /// Whether putting `by` in the place of `column` never leaves a row unhit and never costs more. A row that only
    /// `column` hits of the two is safe where another row, without `column`, asks for no more than it: whatever hits
    /// that one hits this one.
    fn outdone(&self, column: usize, by: usize, part: Rows<'_>) -> Result<bool, WitnessFault> {
        let usable = |column| !self.out.contains(&column) && !self.taken.contains(&column);
        if column == by || !usable(column) || !usable(by) || self.weight(by)? > self.weight(column)? {
            return Ok(false);
        }
        for row in self.open_rows_of(column, part)? {
            if !row.contains(&by) && !self.is_implied(&row, column, part)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether an open row without `column` asks for no more than this one. Such a row has its columns from this one,
    /// and is found by them.
    fn is_implied(&self, row: &BTreeSet<usize>, column: usize, part: Rows<'_>) -> Result<bool, WitnessFault> {
        for shared in row.iter().filter(|shared| **shared != column) {
            let others = self.open_rows_of(*shared, part)?;
            if others.iter().any(|other| !other.contains(&column) && other.is_subset(row)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What is open of the rows of a column, where they are open.
    fn open_rows_of(&self, column: usize, part: Rows<'_>) -> Result<Vec<BTreeSet<usize>>, WitnessFault> {
        let rows = self.by_column.get(column).ok_or(WitnessFault::Unknown)?;
        let open = rows.iter().map(|row| self.open(*row, part));
        open.filter(|row| !matches!(row, Err(WitnessFault::Closed { .. }))).collect()
    }

    fn weight(&self, column: usize) -> Result<u64, WitnessFault> {
        self.weights.get(column).copied().ok_or(WitnessFault::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two columns of weight 2 and one of 3; the rows {0, 1}, {1, 2} and {2}.
    fn proved(witness: &Witness<usize, usize>) -> Result<u64, WitnessFault> {
        bound(&[[0, 1].into(), [1, 2].into(), [2].into()], &[2, 2, 3], witness)
    }

    fn packing(amounts: &[(usize, u64)]) -> Witness<usize, usize> {
        let amounts: Vec<_> = amounts.iter().map(|&(need, amount)| Amount { need, amount }).collect();
        Witness::Packing { bound: amounts.iter().map(|entry| entry.amount).sum(), amounts }
    }

    fn reduced(steps: Vec<Step<usize, usize>>, then: Witness<usize, usize>) -> Witness<usize, usize> {
        Witness::Reduced { steps, then: Box::new(then) }
    }

    fn branch(row: usize, children: Vec<(usize, Witness<usize, usize>)>) -> Witness<usize, usize> {
        let children = children.into_iter().map(|(take, then)| Child { take, then }).collect();
        Witness::Branch { need: row, children }
    }

    #[test]
    fn what_holds_is_followed() {
        assert_eq!(proved(&packing(&[(0, 2), (2, 3)])), Ok(5));
        assert_eq!(proved(&reduced(vec![Step::Take { need: 2, take: 2 }], packing(&[(0, 2)]))), Ok(5));
        // With 2 taken, 0 and 1 meet the same open row.
        let steps =
            vec![Step::Take { need: 2, take: 2 }, Step::Drop { drop: 1, by: 0 }, Step::Take { need: 0, take: 0 }];
        assert_eq!(proved(&reduced(steps, packing(&[]))), Ok(5));
        // Row 1 is met with row 2, so that 0 outdoes 1 before anything is taken.
        assert_eq!(proved(&reduced(vec![Step::Drop { drop: 1, by: 0 }], packing(&[(0, 2), (1, 3)]))), Ok(5));
        let both = branch(0, vec![(0, packing(&[(2, 3)])), (1, packing(&[(2, 3)]))]);
        assert_eq!(proved(&both), Ok(5));
        let parts =
            vec![Part { needs: vec![0], then: packing(&[(0, 2)]) }, Part { needs: vec![2], then: packing(&[(2, 3)]) }];
        assert_eq!(proved(&Witness::Split { parts }), Ok(5));
    }

    #[test]
    fn what_does_not_hold_is_refused() {
        let refused = |witness| proved(&witness).unwrap_err();
        assert_eq!(refused(packing(&[(1, 1), (2, 3)])), WitnessFault::Overpacked { column: 2 });
        assert_eq!(refused(packing(&[(0, 2), (0, u64::MAX - 2)])), WitnessFault::Overpacked { column: 0 });
        assert_eq!(refused(packing(&[(7, 1)])), WitnessFault::Unknown);
        assert_eq!(
            refused(Witness::Packing { amounts: Vec::new(), bound: 9 }),
            WitnessFault::Sum { stated: 9, actual: 0 }
        );
        assert_eq!(refused(branch(0, vec![(0, packing(&[]))])), WitnessFault::Branches { row: 0 });
        let twice = branch(2, vec![(2, packing(&[])), (2, packing(&[]))]);
        assert_eq!(refused(twice), WitnessFault::Branches { row: 2 });
        let met = branch(2, vec![(2, packing(&[(1, 1)]))]);
        assert_eq!(refused(met), WitnessFault::Closed { row: 1 });
        let unforced = reduced(vec![Step::Take { need: 0, take: 0 }], packing(&[]));
        assert_eq!(refused(unforced), WitnessFault::NotForced { row: 0, column: 0 });
        assert_eq!(refused(Witness::Dead { need: 2 }), WitnessFault::NotDead { row: 2 });
    }

    #[test]
    fn only_what_is_outdone_is_ruled_out() {
        let refused = |drop, by| proved(&reduced(vec![Step::Drop { drop, by }], packing(&[])));
        for (drop, by) in [(2, 1), (1, 2), (0, 0)] {
            assert_eq!(refused(drop, by), Err(WitnessFault::NotOutdone { column: drop, by }));
        }
        // Neither may rule the other out for being ruled out by it.
        let circle = vec![Step::Drop { drop: 1, by: 0 }, Step::Drop { drop: 0, by: 1 }];
        assert_eq!(proved(&reduced(circle, packing(&[]))), Err(WitnessFault::NotOutdone { column: 0, by: 1 }));
    }

    #[test]
    fn parts_that_share_a_grant_do_not_add_up() {
        let parts = vec![
            Part { needs: vec![0, 1], then: packing(&[(0, 2)]) },
            Part { needs: vec![2], then: packing(&[(2, 3)]) },
        ];
        assert_eq!(proved(&Witness::Split { parts }), Err(WitnessFault::Shared { column: 2 }));
        let beyond = vec![Part { needs: vec![0], then: packing(&[(2, 3)]) }];
        assert_eq!(proved(&Witness::Split { parts: beyond }), Err(WitnessFault::Closed { row: 2 }));
    }
}
