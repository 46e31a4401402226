//! The arguments of `flarekeep why`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Why {
    /// The refused operation, as in 'GET /zones/{zone_id}/workers/routes'; not needed where the text names it
    #[arg(long, value_name = "METHOD PATH", required_unless_present_any = ["log", "input"])]
    pub(crate) operation: Option<String>,
    /// The work that the call belongs to: the mend then serves all of it
    #[arg(long, value_name = "NAME")]
    pub(crate) recipe: Option<String>,
    /// Read the refusals of a log: of wrangler, Terraform, certbot, rclone, curl, an SDK; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "input")]
    pub(crate) log: Option<PathBuf>,
    /// Make the calls that tell causes apart, with the credential in use: it must be the one that was refused
    #[arg(long)]
    pub(crate) ask: bool,
    /// Read one refusal from standard input: an error's body, or the text that a tool showed
    #[arg(value_name = "-", value_parser = ["-"])]
    pub(crate) input: Option<String>,
}
