//! `flarekeep apply` and `flarekeep import`.

use std::path::PathBuf;

use clap::Args;

use super::{Consent, Owner};

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The file that declares tokens; docs/flarekeep-toml.md describes it
    #[arg(value_name = "FILE", default_value = "flarekeep.toml")]
    pub(crate) file: PathBuf,
    /// Change nothing; exit with 1 where anything differs
    #[arg(long, help_heading = "Apply", conflicts_with_all = ["yes", "dry_run"])]
    pub(crate) check: bool,
    /// Refuse, with exit status 1, where any token would be made, or be allowed more than it is
    #[arg(long, help_heading = "Apply")]
    pub(crate) no_widen: bool,
    /// Revoke what is not declared any more even where that is all that this file declared once, or more than half of
    /// four tokens or more
    #[arg(long, help_heading = "Apply", conflicts_with = "only")]
    pub(crate) prune: bool,
    /// Only this token, by its key or its name; can be given again. Nothing is revoked then
    #[arg(long, help_heading = "Apply", value_name = "NAME")]
    pub(crate) only: Vec<String>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    /// The tokens, by id or name [default: all that live]
    #[arg(value_name = "TOKEN")]
    pub(crate) tokens: Vec<String>,
    /// Whose tokens; can be given again
    #[arg(long, value_enum, default_value = "user")]
    pub(crate) owner: Vec<Owner>,
    /// The file that is written; - is standard output
    #[arg(long, value_name = "FILE", default_value = "flarekeep.toml")]
    pub(crate) out: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}
