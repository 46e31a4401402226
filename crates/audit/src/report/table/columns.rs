//! Aligned columns.

/// More of a cell than this makes its column too wide: such a cell pushes the rest of its own row.
const WIDEST: usize = 40;

/// Rows as aligned columns behind `indent` spaces, a line each. The last one is not padded.
pub(super) fn columns(indent: usize, rows: &[Vec<String>]) -> String {
    lines(indent, rows).concat()
}

/// The same, line by line.
pub(super) fn lines(indent: usize, rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count().min(WIDEST)).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let cells: String = cells.map(|(cell, width)| format!("{cell:<width$}  ", width = *width)).collect();
        format!("{:indent$}{}\n", "", cells.trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let cell = str::to_owned;
        let rows = [vec![cell("a"), cell(""), cell("b")], vec![cell("äöü"), cell(""), cell("c")]];
        assert_eq!(columns(1, &rows), " a    b\n äöü  c\n");
    }

    #[test]
    fn a_long_cell_widens_its_own_row_alone() {
        let rows = [vec!["x".repeat(100), "b".to_owned()], vec!["y".to_owned(), "c".to_owned()]];
        let lines = lines(0, &rows);
        assert_eq!((lines[0].len(), lines[1].len()), (100 + 2 + 1 + 1, WIDEST + 2 + 1 + 1));
    }
}
