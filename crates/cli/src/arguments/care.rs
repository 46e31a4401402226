//! The arguments of what looks after tokens: `flarekeep token list` and `remind`.

use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::Owner;

#[derive(Debug, Args)]
pub(crate) struct TokenList {
    /// Whose tokens
    #[arg(long, value_enum, default_value_t)]
    pub(crate) owner: Whose,
    /// Only those that were made so long ago, as in 90d
    #[arg(long, value_name = "AGE", help_heading = "Which tokens")]
    pub(crate) older_than: Option<Days>,
    /// Only those that were not used for so long, as in 30d
    #[arg(long, value_name = "AGE", help_heading = "Which tokens")]
    pub(crate) unused: Option<Days>,
    /// Only those that end within so long, as in 14d
    #[arg(long, value_name = "AGE", help_heading = "Which tokens")]
    pub(crate) expiring: Option<Days>,
    /// Only those that need care
    #[arg(long, help_heading = "Which tokens")]
    pub(crate) needs_care: bool,
}

#[derive(Debug, Args)]
pub(crate) struct TokenRemind {
    /// Whose tokens
    #[arg(long, value_enum, default_value_t)]
    pub(crate) owner: Whose,
    /// So many days before its end a token is spoken of; the calendar has an alarm at each
    #[arg(long, value_name = "DAYS", value_delimiter = ',', default_values_t = [30, 14, 7, 1],
        value_parser = clap::value_parser!(u32).range(1..=3650))]
    pub(crate) days: Vec<u32>,
    /// Write the ends of all tokens to this calendar file (RFC 5545), or to standard output
    #[arg(long, value_name = "FILE|-")]
    pub(crate) ics: Option<String>,
}

/// Whose tokens are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Whose {
    /// The user's
    #[default]
    User,
    /// The account's
    Account,
    /// The user's and the account's
    All,
}

impl Whose {
    /// The owners that are meant.
    pub(crate) const fn owners(self) -> &'static [Owner] {
        match self {
            Self::User => &[Owner::User],
            Self::Account => &[Owner::Account],
            Self::All => &[Owner::User, Owner::Account],
        }
    }
}

/// A length of time in whole days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days(pub(crate) u32);

impl FromStr for Days {
    type Err = &'static str;

    /// Reads `90d` or `12w`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (number, unit) = match (text.strip_suffix('d'), text.strip_suffix('w')) {
            (Some(days), _) => (days, 1),
            (_, Some(weeks)) => (weeks, 7),
            _ => return Err("a length of time is written as in 90d or 12w"),
        };
        let days = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
        days.filter(|days| *days <= 36_500).map(Self).ok_or("it is no number of days that a token could live")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_days_or_weeks() {
        assert_eq!(("90d".parse(), "12w".parse(), "0d".parse()), (Ok(Days(90)), Ok(Days(84)), Ok(Days(0))));
        for wrong in ["", "d", "90", "-1d", "1.5d", "12h", "99999d", "9999999999w", "9é"] {
            assert!(wrong.parse::<Days>().is_err(), "{wrong}");
        }
    }
}
