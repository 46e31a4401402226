//! The arguments of `flarekeep token create` that stand beside its work: the parts of a name, and the way by hand.

use std::path::PathBuf;

use clap::Args;

/// The parts of a token's name.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Token")]
pub(crate) struct Naming {
    /// What the token belongs to: the first part of its name
    #[arg(long, value_name = "WORD", requires = "stage")]
    pub(crate) project: Option<String>,
    /// What it is for: the second part; by itself the recipe's name
    #[arg(long, value_name = "WORD", requires = "project")]
    pub(crate) purpose: Option<String>,
    /// Where it is used, as in prod: the last part
    // `--env` of a Worker's configuration is an `environment` already.
    #[arg(long = "environment", value_name = "WORD", requires = "project")]
    pub(crate) stage: Option<String>,
}

/// A token that a person makes in the dashboard.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "By hand")]
pub(crate) struct ByHand {
    /// Show the steps in the dashboard; then take the value, check it against the work, and deliver it
    #[arg(long)]
    pub(crate) by_hand: bool,
    /// Where the value is, once it is made: a file, or - for standard input
    #[arg(long, value_name = "FILE|-", requires = "by_hand")]
    pub(crate) value_from: Option<PathBuf>,
}
