//! The arguments of `flarekeep fix`.

use clap::Args;

use super::{Consent, Limits, Owner, Work};

#[derive(Debug, Args)]
pub(crate) struct Fix {
    #[command(flatten)]
    pub(crate) work: Work,
    #[command(flatten)]
    pub(crate) mends: Mends,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

/// What bars a token, and which token is meant.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Token")]
pub(crate) struct Mends {
    /// The token, where its value does not say which it is: Cloudflare names none that it refuses [default: the one in use]
    #[arg(long, value_name = "ID|NAME")]
    pub(crate) token: Option<String>,
    /// Who owns that token
    #[arg(long, value_enum, default_value_t, requires = "token")]
    pub(crate) owner: Owner,
    /// Let it be used from here, too: an address, a range, or a list in a file, as in @meta.json#actions; can be given
    /// again
    #[arg(long = "allow-ip", value_name = "ADDRESS|RANGE|@FILE")]
    pub(crate) allow_ips: Vec<String>,
    /// Let it end later: 90d, 12h, or a date
    #[arg(long, value_name = "AGE|DATE")]
    pub(crate) expires: Option<String>,
    /// Let it begin sooner: now, 2d, or a date
    #[arg(long, value_name = "now|AGE|DATE")]
    pub(crate) not_before: Option<String>,
    /// Switch it on
    #[arg(long)]
    pub(crate) enable: bool,
    /// Give back what a policy of the token denies to the work
    #[arg(long)]
    pub(crate) undeny: bool,
}

impl Mends {
    /// The limits that are moved.
    pub(crate) fn limits(&self) -> Limits {
        Limits { allow_ips: self.allow_ips.clone(), expires: self.expires.clone(), not_before: self.not_before.clone() }
    }

    /// Whether anything is to be mended beside what the work needs.
    pub(crate) fn is_any(&self) -> bool {
        !self.allow_ips.is_empty() || self.expires.is_some() || self.not_before.is_some() || self.enable
    }
}
