//! The arguments of `flarekeep scan`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Delivery;

#[derive(Debug, Args)]
pub(crate) struct Scan {
    /// Files and folders, or - for standard input
    #[arg(value_name = "PATH|-", required_unless_present = "env")]
    pub(crate) paths: Vec<PathBuf>,
    /// The history of the repositories at PATH in place of their files: all branches, tags, reflogs and lost objects
    #[arg(long, help_heading = "Where")]
    pub(crate) git: bool,
    /// This process's environment variables, too
    #[arg(long, help_heading = "Where")]
    pub(crate) env: bool,
    /// Look at what .gitignore and .ignore name, too
    #[arg(long, help_heading = "Where")]
    pub(crate) no_ignore: bool,
    /// Leave tar, zip and gzip archives closed
    #[arg(long, help_heading = "Where")]
    pub(crate) no_archives: bool,
    /// Tell only what is at least so sure
    #[arg(long, value_enum, default_value_t, value_name = "LEVEL", help_heading = "What is told")]
    pub(crate) confidence: ScanLevel,
    /// Rules that accept findings, each with its reason [default: flarekeep-scan.toml, where there is one]
    #[arg(long, value_name = "FILE", help_heading = "What is told")]
    pub(crate) allow_file: Option<PathBuf>,
    /// Tell only what is not in this file, which --write-baseline wrote
    #[arg(long, value_name = "FILE", help_heading = "What is told")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write the findings into a baseline, without their values
    #[arg(long, value_name = "FILE", help_heading = "What is told")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// The form of the answer
    #[arg(long, short, value_enum, default_value_t, help_heading = "What is told")]
    pub(crate) output: ScanForm,
    /// Ask Cloudflare which of them live
    #[arg(long, help_heading = "Verify and respond")]
    pub(crate) verify: bool,
    /// Tell what those that live may do, where that may be read
    #[arg(long, requires = "verify", help_heading = "Verify and respond")]
    pub(crate) reach: bool,
    /// End those that live: show them, ask, act; roll gives one token a new value
    #[arg(long, value_enum, value_name = "HOW", help_heading = "Verify and respond")]
    pub(crate) respond: Option<Respond>,
    /// Where what was done is written, a line of JSON each
    #[arg(
        long,
        value_name = "FILE",
        default_value = "flarekeep-response.jsonl",
        requires = "respond",
        help_heading = "Verify and respond"
    )]
    pub(crate) record: PathBuf,
    #[command(flatten)]
    pub(crate) delivery: Delivery,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanLevel {
    /// Everything, also what has a checksum that does not fit
    #[default]
    Low,
    /// What has the form, in a text that speaks of Cloudflare
    Medium,
    /// What is proved by checksum or shape, or named as Cloudflare's
    High,
}

/// The form in which findings are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ScanForm {
    /// A table
    #[default]
    Table,
    /// One JSON document, as with --json
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
}

/// What is done with tokens that leaked and live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Respond {
    /// End them
    Revoke,
    /// Give the one token a new value, which goes to --to
    Roll,
}

impl Respond {
    /// What a token is afterwards.
    pub(crate) const fn past(self) -> &'static str {
        match self {
            Self::Revoke => "revoked",
            Self::Roll => "rolled",
        }
    }
}
