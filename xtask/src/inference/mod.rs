//! `cargo xtask inference`: measures what can be inferred about operations without a list, and judges the guesses that
//! came with the gathered data.
//!
//! Nothing here adds a group to an operation: see docs/catalogue.md for why. What is written is the evidence behind each
//! guess (`catalogue/inferred.tsv`) and the measured table in docs/catalogue.md.

mod gathered;
mod hiding;
mod labels;
mod measure;
mod report;
mod rule;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use rule::Neighbours;

/// The measured table stands between these two lines of docs/catalogue.md.
const BEGIN: &str =
    "<!-- printed by `cargo xtask inference`; rewritten by `cargo xtask inference --write` -->\n```text\n";
const END: &str = "```\n<!-- end -->\n";

/// Prints the report; with `write`, puts it into docs/catalogue.md and rewrites `catalogue/inferred.tsv`.
pub(crate) fn run(write: bool) -> Result<()> {
    let operations = read("catalogue/operations.tsv")?;
    let (groups, amendments) = (read("catalogue/permission_groups.tsv")?, read("catalogue/amendments.tsv")?);
    let report = report_of(&operations, &groups, &amendments, &read("catalogue/additions.tsv")?)?;
    print!("{report}");
    if write {
        let page = with_report(&read("docs/catalogue.md")?, &report)?;
        save("docs/catalogue.md", &page)?;
        save("catalogue/inferred.tsv", &table(&operations, &groups)?)?;
    }
    Ok(())
}

/// The table of the evidence behind each gathered guess, from the texts of the operations' and the groups' tables.
pub(crate) fn table(operations: &str, groups: &str) -> Result<String> {
    let amendments = read("catalogue/amendments.tsv")?;
    let (operations, levels) = (labels::operations(operations, &amendments)?, labels::levels(groups)?);
    Ok(gathered::table(&operations, &Neighbours::new(&operations, &levels)))
}

fn report_of(operations: &str, groups: &str, amendments: &str, additions: &str) -> Result<String> {
    let (operations, levels) = (labels::operations(operations, amendments)?, labels::levels(groups)?);
    let additions = labels::operations(additions, amendments)?;
    Ok(report::report(&operations, &additions, &Neighbours::new(&operations, &levels)))
}

/// The page with this report in the place of the old one.
fn with_report(page: &str, report: &str) -> Result<String> {
    let missing = "docs/catalogue.md has no place for the report";
    let (before, rest) = page.split_once(BEGIN).context(missing)?;
    let Some((_, after)) = rest.split_once(END) else { bail!(missing) };
    Ok(format!("{before}{BEGIN}{report}{END}{after}"))
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name)
}

fn read(name: &str) -> Result<String> {
    fs::read_to_string(path(name)).with_context(|| format!("cannot read {name}"))
}

fn save(name: &str, text: &str) -> Result<()> {
    if fs::read_to_string(path(name)).is_ok_and(|old| old == text) {
        println!("{name}: unchanged");
        return Ok(());
    }
    fs::write(path(name), text).with_context(|| format!("cannot write {name}"))?;
    println!("{name}: rewritten");
    Ok(())
}
