//! The arguments of `flarekeep token rotate`, `resume` and `orphans`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use flarekeep_tokens::Sink;

use super::{Consent, Owner};

/// A length of time in seconds: `90s`, `30m`, `1h`, `90d`, `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Age(pub(crate) u32);

#[derive(Debug, Args)]
pub(crate) struct TokenRotate {
    /// The token's id or name
    #[arg(value_name = "NAME|ID", required_unless_present_any = ["all", "due"])]
    pub(crate) token: Option<String>,
    /// All tokens of the owner whose sinks the journal knows
    #[arg(long, help_heading = "Which tokens", conflicts_with_all = ["token", "due", "to"])]
    pub(crate) all: bool,
    /// With --all: those that were made so long ago, as in 90d
    #[arg(long, value_name = "AGE", help_heading = "Which tokens", requires = "all")]
    pub(crate) older_than: Option<Age>,
    /// Those whose rotate_every has passed, or that end soon: for a scheduler
    #[arg(long, help_heading = "Which tokens", conflicts_with_all = ["token", "to"])]
    pub(crate) due: bool,
    /// Who owns the token
    #[arg(long, value_enum, default_value_t)]
    pub(crate) owner: Owner,
    /// Where the new value goes; can be given again [default: where the journal knows that the old one is]
    #[arg(long, value_name = "SINK", help_heading = "Rotation")]
    pub(crate) to: Vec<Sink>,
    /// Keep the old token so long at most, as in 1h, while its users take up the new value
    #[arg(long, value_name = "AGE", help_heading = "Rotation")]
    pub(crate) grace: Option<Age>,
    /// Keep it longer if the new one was not used by then
    #[arg(long, help_heading = "Rotation", requires = "grace")]
    pub(crate) until_used: bool,
    /// When the new token ends: 90d, 12h, or a date [default: after a life as long as the old one's]
    #[arg(long, value_name = "AGE|DATE", help_heading = "Rotation")]
    pub(crate) expires: Option<String>,
    /// Give the new token the permissions of this plan, if they are no more than the old one's
    #[arg(long, value_name = "FILE", help_heading = "Narrower", conflicts_with_all = [
        "all", "due", "recipes", "operations",
    ])]
    pub(crate) from_plan: Option<PathBuf>,
    /// The same for a named piece of work; can be given again
    #[arg(long = "recipe", value_name = "NAME|FILE", help_heading = "Narrower", conflicts_with_all = ["all", "due"])]
    pub(crate) recipes: Vec<String>,
    /// A part of the recipe that is not always done; can be given again
    #[arg(long = "with", value_name = "OPTION", help_heading = "Narrower", requires = "recipes")]
    pub(crate) options: Vec<String>,
    /// The same for an operation, as in 'POST /zones/{zone_id}/dns_records'; can be given again
    #[arg(long = "operation", value_name = "METHOD PATH", help_heading = "Narrower",
        conflicts_with_all = ["all", "due"])]
    pub(crate) operations: Vec<String>,
    /// The same as --dry-run
    #[arg(long, help_heading = "Before anything is changed")]
    pub(crate) plan: bool,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct TokenResume {
    /// End the old tokens that are kept for a while
    #[arg(long)]
    pub(crate) now: bool,
    /// Take up what other credentials began, too
    #[arg(long)]
    pub(crate) any_credential: bool,
    /// Forget this change: nothing is called, and what it made stays
    #[arg(long, value_name = "CHANGE", conflicts_with_all = ["now", "any_credential"])]
    pub(crate) forget: Option<String>,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

#[derive(Debug, Args)]
pub(crate) struct TokenOrphans {
    /// Revoke them
    #[arg(long)]
    pub(crate) sweep: bool,
    /// Leave out those made less than so long ago: another machine may be at work on them
    #[arg(long, value_name = "AGE", default_value = "1h")]
    pub(crate) older_than: Age,
    /// Whose tokens
    #[arg(long, value_enum, default_value_t)]
    pub(crate) owner: Owner,
    #[command(flatten)]
    pub(crate) consent: Consent,
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a length of time is a number with s, m, h, d or w, as in 90d".to_owned();
        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let seconds: u32 = match text.get(number.len()..) {
            Some("s") => 1,
            Some("m") => 60,
            Some("h") => 60 * 60,
            Some("d") => 24 * 60 * 60,
            Some("w") => 7 * 24 * 60 * 60,
            _ => return Err(wrong()),
        };
        number.parse::<u32>().ok().and_then(|number| number.checked_mul(seconds)).map(Self).ok_or_else(wrong)
    }
}

impl std::fmt::Display for Age {
    /// In the largest unit that divides it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let units = [(24 * 60 * 60, 'd'), (60 * 60, 'h'), (60, 'm')];
        match units.into_iter().find(|(unit, _)| self.0 != 0 && self.0.is_multiple_of(*unit)) {
            Some((unit, letter)) => write!(f, "{}{letter}", self.0 / unit),
            None => write!(f, "{}s", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_number_and_a_unit() {
        for (text, seconds, shown) in
            [("90s", 90, "90s"), ("30m", 1800, "30m"), ("24h", 86_400, "1d"), ("2w", 1_209_600, "14d")]
        {
            let age: Age = text.parse().unwrap();
            assert_eq!((age, age.to_string().as_str()), (Age(seconds), shown));
        }
        for wrong in ["", "d", "1", "1x", "-1d", "1.5h", "9999999w", "é"] {
            assert!(wrong.parse::<Age>().is_err(), "{wrong}");
        }
    }
}
