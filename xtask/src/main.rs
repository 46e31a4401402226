//! Chores of the repository. `cargo xtask catalogue --from DIR` rebuilds the catalogue's tables; `cargo xtask inference`
//! measures what can be inferred beyond them.

mod catalogue;
mod inference;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask catalogue --from DIR [--check]
       cargo xtask inference [--write]

  --from DIR   the folder of the source tables (operations.tsv, permission_groups.tsv, documented_names.tsv)
  --check      write nothing; fail if a rebuild would change a table
  --write      put the report into docs/catalogue.md, and the evidence into catalogue/inferred.tsv";

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("catalogue") => {
            let mut from = None;
            let mut check = false;
            while let Some(argument) = arguments.next() {
                match argument.as_str() {
                    "--from" => from = arguments.next(),
                    "--check" => check = true,
                    other => bail!("unknown argument `{other}`\n\n{USAGE}"),
                }
            }
            let Some(from) = from else { bail!("`--from DIR` is missing\n\n{USAGE}") };
            catalogue::rebuild(from.as_ref(), check)
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
