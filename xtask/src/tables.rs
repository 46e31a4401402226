//! Tables of tab-separated values, and paths: what the chores share.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// One row of a table: column name to cell.
pub(crate) type Row = BTreeMap<String, String>;

/// The catalogue's own folder.
pub(crate) fn catalogue() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../catalogue")
}

pub(crate) fn read(path: &Path) -> Result<Vec<Row>> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().context("the table has no header")?.split('\t').collect();
    lines
        .enumerate()
        .map(|(number, line)| {
            let cells: Vec<&str> = line.split('\t').collect();
            if cells.len() != header.len() {
                bail!("{}: line {} has {} cells, not {}", path.display(), number + 2, cells.len(), header.len());
            }
            Ok(header.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect())
        })
        .collect()
}

/// The text of a table, its rows sorted.
pub(crate) fn table(header: &str, mut rows: Vec<String>) -> String {
    rows.sort();
    let mut text = header.to_owned();
    for row in rows {
        text.push('\n');
        text.push_str(&row);
    }
    text.push('\n');
    text
}

/// Writes a table of the catalogue; with `check`, fails where that would change it. `mend` is the command to run then.
pub(crate) fn settle(name: &str, table: &str, check: bool, mend: &str) -> Result<()> {
    let path = catalogue().join(name);
    let unchanged = fs::read_to_string(&path).is_ok_and(|old| old == table);
    match (unchanged, check) {
        (true, _) => println!("{name}: unchanged"),
        (false, true) => bail!("catalogue/{name} differs from a rebuild; run `{mend}`"),
        (false, false) => {
            fs::write(&path, table).with_context(|| format!("cannot write {}", path.display()))?;
            println!("{name}: rewritten");
        }
    }
    Ok(())
}

/// A path with the names of its parameters taken out.
pub(crate) fn blanked(path: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for c in path.chars() {
        match c {
            '{' => {
                inside = true;
                out.push_str("{}");
            }
            '}' => inside = false,
            _ if inside => {}
            c => out.push(c),
        }
    }
    out
}

/// The operations in the catalogue's own spelling, found by their method and blanked path.
pub(crate) struct Spellings(BTreeMap<String, String>);

impl Spellings {
    pub(crate) fn new(operations: &[Row]) -> Self {
        let spelt = operations.iter().map(|row| {
            let (method, path) = (&row["method"], &row["path"]);
            (format!("{method} {}", blanked(path)), format!("{method} {path}"))
        });
        Self(spelt.collect())
    }

    /// `METHOD path` as the catalogue spells it; nothing where it has no such operation.
    pub(crate) fn of(&self, method: &str, path: &str) -> Option<&str> {
        self.0.get(&format!("{method} {}", blanked(path))).map(String::as_str)
    }
}
