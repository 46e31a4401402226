//! The arguments of `flarekeep policy …`.

use std::net::IpAddr;
use std::path::PathBuf;

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
    /// What a token answers to a call, and why: one call, or a file of them
    Simulate(PolicySimulate),
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

#[derive(Debug, Args)]
pub(crate) struct PolicySimulate {
    /// A plan, a token or its policies as JSON in a file or on standard input (-), or a token's id or name
    #[arg(value_name = "TOKEN", required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) token: Option<String>,
    /// The call's method
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) method: Option<String>,
    /// The call's path with its ids, as /zones/023e…/dns_records; an object of R2's S3 face as s3://bucket/key,
    /// with --bucket eu/NAME where the bucket is in a jurisdiction
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) path: Option<String>,
    /// The user that owns the token [default: the one that its policies name]
    #[arg(long, value_name = "ID", conflicts_with = "batch")]
    pub(crate) user: Option<String>,
    /// The client's address
    #[arg(long, value_name = "ADDRESS", conflicts_with = "batch")]
    pub(crate) ip: Option<IpAddr>,
    /// The time of the call, as 2026-11-22T00:00:00Z [default: now]
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,
    /// Calls as JSON lines, each with its token; - for standard input. One JSON line each is the answer
    #[arg(long, value_name = "FILE")]
    pub(crate) batch: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}
