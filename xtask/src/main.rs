//! Chores of the repository. `cargo xtask catalogue --from DIR` rebuilds the catalogue's tables.

mod catalogue;

use anyhow::{Result, bail};

const USAGE: &str = "usage: cargo xtask catalogue --from DIR [--check]

  --from DIR   the folder of the source tables (operations.tsv, permission_groups.tsv, documented_names.tsv)
  --check      write nothing; fail if a rebuild would change a table";

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
        _ => bail!("{USAGE}"),
    }
}
