//! Aligned columns without lines.

use std::io::IsTerminal;

use comfy_table::{ColumnConstraint, ContentArrangement, Table, presets};

/// The last column is wrapped where a terminal is too narrow, but not to less than this.
const NARROWEST: u16 = 24;

/// Rows as aligned columns, each behind `indent` spaces; the header is printed if there is one.
pub(crate) fn table<const COLUMNS: usize>(
    indent: usize,
    header: Option<[&str; COLUMNS]>,
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    if let Some(header) = header {
        table.set_header(header);
    }
    table.add_rows(rows);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    if let Some(width) = terminal_width() {
        wrap(&mut table, width.saturating_sub(u16::try_from(indent).unwrap_or(u16::MAX)));
    }
    let margin = " ".repeat(indent);
    let lines = table.lines().map(|line| format!("{margin}{}", line.trim_end()));
    lines.collect::<Vec<_>>().join("\n")
}

/// Wraps the last column, so that the table fits into `width`; the other columns stay as they are.
fn wrap(table: &mut Table, width: u16) {
    let widths = table.column_max_content_widths();
    let others: u16 = widths.iter().rev().skip(1).map(|width| width.saturating_add(2)).sum();
    let (last, left) = (widths.last().copied().unwrap_or_default(), width.saturating_sub(others));
    if last < left || left < NARROWEST {
        return;
    }
    let columns = widths.len();
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    for column in table.column_iter_mut().take(columns.saturating_sub(1)) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
}

fn terminal_width() -> Option<u16> {
    if !std::io::stdout().is_terminal() {
        return None;
    }
    terminal_size::terminal_size().map(|(width, _)| width.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_column_is_wrapped_into_a_narrow_terminal() {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.add_row(["GET /zones", "find the zone by its name and then look at every record that it has"]);
        wrap(&mut table, 50);
        let lines: Vec<String> = table.lines().collect();
        assert!(lines.len() > 1 && lines.iter().all(|line| line.len() <= 50), "{lines:#?}");
        assert!(lines[0].contains("GET /zones") && lines[1].starts_with("          "), "{lines:#?}");
    }

    #[test]
    fn what_would_be_too_narrow_is_left_as_it_is() {
        let mut table = Table::new();
        table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
        table.add_row(["GET /zones", "find the zone by its name"]);
        wrap(&mut table, 20);
        assert_eq!(table.lines().count(), 1);
    }
}
