//! Chores of the repository. `cargo xtask catalogue --from DIR` rebuilds the catalogue's tables, `cargo xtask sdk-methods
//! --from DIR` the one of the SDK's methods; `cargo xtask inference` measures what can be inferred beyond them.

mod answers;
mod catalogue;
mod inference;
mod sdk;
mod tables;
mod terraform;

use std::path::PathBuf;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask catalogue --from DIR [--check]
       cargo xtask sdk-methods --from DIR [--check]
       cargo xtask inference [--write]

  catalogue     rebuild the tables of facts; DIR is the folder of the source tables (operations.tsv,
                permission_groups.tsv, documented_names.tsv, terraform.tsv, openapi-DATE.json)
  sdk-methods   rebuild the table of the SDK's methods; DIR is src/resources of the unpacked package `cloudflare`
  inference     measure what can be inferred of operations without a list
  --check       write nothing; fail if a rebuild would change a table
  --write       put the report into docs/catalogue.md, and the evidence into catalogue/inferred.tsv";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next();
    match chore.as_deref() {
        Some("catalogue") => {
            let (from, check) = source(arguments)?;
            catalogue::rebuild(&from, check)
        }
        Some("sdk-methods") => {
            let (from, check) = source(arguments)?;
            sdk::rebuild(&from, check)
        }
        Some("inference") => match (arguments.next().as_deref(), arguments.next()) {
            (None, None) => inference::run(false),
            (Some("--write"), None) => inference::run(true),
            (Some(other), _) => bail!("unknown argument `{other}`\n\n{USAGE}"),
            (None, Some(_)) => bail!("{USAGE}"),
        },
        _ => bail!("{USAGE}"),
    }
}

/// `--from DIR [--check]`.
fn source(mut arguments: impl Iterator<Item = String>) -> Result<(PathBuf, bool)> {
    let mut from = None;
    let mut check = false;
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--from" => from = arguments.next(),
            "--check" => check = true,
            other => bail!("unknown argument `{other}`\n\n{USAGE}"),
        }
    }
    match from {
        Some(from) => Ok((from.into(), check)),
        None => bail!("`--from DIR` is missing\n\n{USAGE}"),
    }
}
