//! What can be decided without a search.

use super::bits::Bits;
use super::instance::{Instance, State};
use crate::witness::Step;

/// What was decided.
#[derive(Debug, Default)]
pub(crate) struct Reduction {
    /// The decisions, in order.
    pub(crate) steps: Vec<Step<usize, usize>>,
    /// The columns that were taken.
    pub(crate) taken: Vec<usize>,
    /// A row that nothing hits any more.
    pub(crate) dead: Option<usize>,
}

/// Takes the only column of a row, drops rows that another row implies and columns that another column outdoes, until
/// none of this applies.
pub(crate) fn reduce(instance: &Instance, state: &mut State) -> Reduction {
    let mut done = Reduction::default();
    loop {
        take_forced(instance, state, &mut done);
        if done.dead.is_some() {
            return done;
        }
        drop_implied_rows(instance, state);
        if !drop_outdone_columns(instance, state, &mut done) {
            return done;
        }
    }
}

fn take_forced(instance: &Instance, state: &mut State, done: &mut Reduction) {
    let rows: Vec<usize> = state.rows.iter().collect();
    for row in rows {
        if !state.rows.contains(row) {
            continue;
        }
        let two = {
            let mut columns = instance.row(row).iter_with(&state.columns);
            (columns.next(), columns.next())
        };
        match two {
            (None, _) => {
                done.dead = Some(row);
                return;
            }
            (Some(only), None) => {
                done.steps.push(Step::Take { need: row, take: only });
                done.taken.push(only);
                state.take(instance, only);
            }
            _ => {}
        }
    }
}

/// A row whose columns include all those of another is hit with it.
fn drop_implied_rows(instance: &Instance, state: &mut State) {
    let rows: Vec<usize> = state.rows.iter().collect();
    for row in rows {
        if !state.rows.contains(row) {
            continue;
        }
        // Every row that this one implies has its rarest column too.
        let columns = instance.row(row).iter_with(&state.columns);
        let Some(rarest) = columns.min_by_key(|column| instance.column(*column).count_with(&state.rows)) else {
            continue;
        };
        let implied: Vec<usize> = instance
            .column(rarest)
            .iter_with(&state.rows)
            .filter(|other| *other != row && instance.row(row).inside(instance.row(*other), &state.columns))
            .collect();
        implied.iter().for_each(|other| state.rows.remove(*other));
    }
}

/// A column is outdone by one that hits the same rows, or more, and weighs no more; of equals the first stays.
fn drop_outdone_columns(instance: &Instance, state: &mut State, done: &mut Reduction) -> bool {
    let before = done.steps.len();
    let columns: Vec<usize> = state.columns.iter().collect();
    for column in columns {
        let rows = instance.column(column);
        // Whatever outdoes this column is in each of its rows: look in the one with the fewest columns.
        let Some(row) = rows.iter_with(&state.rows).min_by_key(|row| instance.row(*row).count_with(&state.columns))
        else {
            state.columns.remove(column);
            continue;
        };
        let by =
            instance.row(row).iter_with(&state.columns).find(|other| outdoes(instance, &state.rows, *other, column));
        if let Some(by) = by {
            done.steps.push(Step::Drop { drop: column, by });
            state.columns.remove(column);
        }
    }
    done.steps.len() > before
}

fn outdoes(instance: &Instance, rows: &Bits, by: usize, column: usize) -> bool {
    let (light, heavy) = (instance.weight(by), instance.weight(column));
    if by == column || light > heavy || !instance.column(column).inside(instance.column(by), rows) {
        return false;
    }
    light < heavy || by < column || !instance.column(by).inside(instance.column(column), rows)
}
