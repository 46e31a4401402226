//! `flarekeep policy`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    /// What a token answers to a call, and why: one call, or a file of them
    Simulate(PolicySimulate),
}

#[derive(Debug, Args)]
pub(crate) struct PolicySimulate {
    /// The token, or its policies, as JSON from the API; - for standard input
    #[arg(value_name = "FILE", required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) token: Option<PathBuf>,
    /// The call's method
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) method: Option<String>,
    /// The call's path with its ids, as /zones/023e…/dns_records; an object of R2's S3 face as s3://bucket/key
    #[arg(long, required_unless_present = "batch", conflicts_with = "batch")]
    pub(crate) path: Option<String>,
    /// The user that owns the token [default: the one that its policies name; with none it is the account's]
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
}
