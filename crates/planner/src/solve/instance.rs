//! One instance of the problem, and a part of it.

use super::bits::Bits;

/// Rows to be hit and columns that hit them.
#[derive(Debug)]
pub(crate) struct Instance {
    weights: Vec<u64>,
    /// The columns of each row.
    rows: Vec<Bits>,
    /// The rows of each column.
    columns: Vec<Bits>,
    nothing: Bits,
}

/// What of an instance is still to be looked at.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The rows that are not hit yet.
    pub(crate) rows: Bits,
    /// The columns that may still be taken.
    pub(crate) columns: Bits,
}

impl Instance {
    /// An instance with these weights of columns; each row lists its columns.
    pub(crate) fn new<'a>(weights: Vec<u64>, rows: impl IntoIterator<Item = &'a [usize]>) -> Self {
        let width = weights.len();
        let rows: Vec<Bits> = rows
            .into_iter()
            .map(|row| {
                let mut bits = Bits::none(width);
                row.iter().for_each(|column| bits.insert(*column));
                bits
            })
            .collect();
        let mut columns = vec![Bits::none(rows.len()); width];
        for (at, row) in rows.iter().enumerate() {
            for column in row.iter() {
                if let Some(hit) = columns.get_mut(column) {
                    hit.insert(at);
                }
            }
        }
        Self { weights, rows, columns, nothing: Bits::default() }
    }

    /// All rows and all columns.
    pub(crate) fn everything(&self) -> State {
        State { rows: Bits::all(self.rows.len()), columns: Bits::all(self.columns.len()) }
    }

    /// The columns of a row.
    pub(crate) fn row(&self, row: usize) -> &Bits {
        self.rows.get(row).unwrap_or(&self.nothing)
    }

    /// The rows of a column.
    pub(crate) fn column(&self, column: usize) -> &Bits {
        self.columns.get(column).unwrap_or(&self.nothing)
    }

    pub(crate) fn weight(&self, column: usize) -> u64 {
        self.weights.get(column).copied().unwrap_or_default()
    }

    pub(crate) fn weight_of(&self, columns: &[usize]) -> u64 {
        columns.iter().map(|column| self.weight(*column)).sum()
    }

    /// How many columns there are, in all.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// How many rows there are, in all.
    pub(crate) fn height(&self) -> usize {
        self.rows.len()
    }
}

impl State {
    /// The state after a column is taken.
    pub(crate) fn take(&mut self, instance: &Instance, column: usize) {
        self.rows.remove_all(instance.column(column));
        self.columns.remove(column);
    }

    /// The parts that have no column in common.
    pub(crate) fn parts(&self, instance: &Instance) -> Vec<State> {
        let mut rest = self.rows.clone();
        let mut parts = Vec::new();
        while let Some(first) = rest.first() {
            let mut part = State { rows: Bits::none(instance.height()), columns: Bits::none(instance.width()) };
            let mut open = vec![first];
            rest.remove(first);
            while let Some(row) = open.pop() {
                part.rows.insert(row);
                for column in instance.row(row).iter_with(&self.columns) {
                    if part.columns.contains(column) {
                        continue;
                    }
                    part.columns.insert(column);
                    let reached: Vec<usize> = instance.column(column).iter_with(&rest).collect();
                    reached.iter().for_each(|row| rest.remove(*row));
                    open.extend(reached);
                }
            }
            parts.push(part);
        }
        parts
    }
}
