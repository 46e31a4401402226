//! The arguments of `flarekeep policy …`.

use clap::{Args, Subcommand};

use super::Owner;

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// What a token may do more and less than another; exit status 1 if they differ
    Diff(PolicyDiff),
    /// Gates for CI: no new access, an operation refused, nothing beyond a recipe
    Check(PolicyCheck),
    /// What a token may do, counted, and how it could give itself more
    Reach(PolicyReach),
}

/// How tokens are read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// Who owns the tokens, where a file does not say
    #[arg(long, value_enum, default_value_t)]
    pub(crate) owner: Owner,
    /// Which account owns a zone; can be given again
    #[arg(long = "zone-account", value_name = "ZONE=ACCOUNT")]
    pub(crate) zone_accounts: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyDiff {
    /// A plan, a token or its policies as JSON in a file or on standard input (-), or a token's id or name
    #[arg(value_name = "OLD")]
    pub(crate) old: String,
    /// The same for what is compared with it
    #[arg(value_name = "NEW")]
    pub(crate) new: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyCheck {
    /// What --denies and --only look at: plans or tokens in files, -, or tokens by id or name
    #[arg(value_name = "TOKEN")]
    pub(crate) tokens: Vec<String>,
    /// NEW may do nothing that OLD may not; can be given again
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], help_heading = "Gates")]
    pub(crate) no_new_access: Vec<String>,
    /// No token may call this: a template is refused everywhere, a concrete path there; can be given again
    #[arg(long, value_name = "METHOD PATH", help_heading = "Gates")]
    pub(crate) denies: Vec<String>,
    /// No token may do more than the smallest plan for the recipe, at --account and --zone; several count together
    #[arg(long, value_name = "RECIPE", help_heading = "Gates")]
    pub(crate) only: Vec<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyReach {
    /// A plan, a token or its policies as JSON in a file or on standard input (-), or a token's id or name
    #[arg(value_name = "TOKEN")]
    pub(crate) token: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
