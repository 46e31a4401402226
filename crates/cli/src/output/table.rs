//! Aligned columns without lines.

use comfy_table::{ContentArrangement, Table, presets};

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
    let margin = " ".repeat(indent);
    let lines = table.lines().map(|line| format!("{margin}{}", line.trim_end()));
    lines.collect::<Vec<_>>().join("\n")
}
