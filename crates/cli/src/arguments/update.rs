//! The arguments of `flarekeep token update`.

use clap::{Args, ValueEnum};

use super::{Consent, Limits, TokenName, Work};

#[derive(Debug, Args)]
pub(crate) struct TokenUpdate {
    #[command(flatten)]
    pub(crate) token: TokenName,
    /// Its new name, by custom {project}-{purpose}-{environment}
    #[arg(long, help_heading = "Token")]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// What it is to be without from now on; can be given again
    #[arg(long, value_enum, value_name = "LIMIT", help_heading = "Token", hide_possible_values = false)]
    pub(crate) without: Vec<Limit>,
    #[command(flatten)]
    pub(crate) work: Work,
    /// Refuse a change by which the token could do more than before, with exit status 1
    #[arg(long, help_heading = "Before anything is changed")]
    pub(crate) no_widen: bool,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// A limit that a token can be without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Limit {
    /// The addresses that may use it: any may
    AllowIp,
    /// Its end: it has none
    Expires,
    /// Its beginning: it is valid at once
    NotBefore,
}
