//! The options of `flarekeep token r2-keys`.

use std::fmt;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{LONGEST_R2_CREDENTIALS, R2Permission};

use super::{Delivery, Limits, Owner};

#[derive(Debug, Args)]
pub(crate) struct R2Keys {
    /// Make a token for the objects of --bucket, deliver its keys and forget its value
    #[arg(long, help_heading = "A new token", conflicts_with = "temporary")]
    pub(crate) create: bool,
    /// Let it read only
    #[arg(long, help_heading = "A new token", requires = "create")]
    pub(crate) read_only: bool,
    /// Its name, by custom {project}-{purpose}-{environment}
    #[arg(long, help_heading = "A new token", requires = "create")]
    pub(crate) name: Option<String>,
    /// Who is to own it
    #[arg(long, help_heading = "A new token", value_enum, requires = "create", default_value_t)]
    pub(crate) owner: Owner,
    #[command(flatten)]
    pub(crate) limits: Limits,
    /// Keys for --bucket that end after so long, 7d at most: 15m, 12h
    #[arg(long, help_heading = "Temporary keys", value_name = "AGE")]
    pub(crate) temporary: Option<Lifetime>,
    /// What they may do; never more than the token
    #[arg(long, help_heading = "Temporary keys", requires = "temporary", default_value = "object-read-only",
        value_parser = permission())]
    pub(crate) permission: R2Permission,
    /// Reach the keys with this beginning, as in tenants/a/; can be given again
    #[arg(long = "prefix", help_heading = "Temporary keys", value_name = "PREFIX", requires = "temporary")]
    pub(crate) prefixes: Vec<String>,
    /// Reach this one key; can be given again
    #[arg(long = "object", help_heading = "Temporary keys", value_name = "KEY", requires = "temporary")]
    pub(crate) objects: Vec<String>,
    /// Who signs them [default: this program where it has the token, else the API]
    #[arg(long, help_heading = "Temporary keys", value_enum, requires = "temporary")]
    pub(crate) by: Option<Signer>,
    /// The token's id, if known: then nobody is asked for it
    #[arg(long, help_heading = "R2", value_name = "ID", conflicts_with = "create")]
    pub(crate) key_id: Option<TokenId>,
    /// Where R2's S3 face is [default: Cloudflare's, for the account and the bucket's jurisdiction]
    #[arg(long, help_heading = "R2", value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Deliver neither AWS_ENDPOINT_URL_S3 nor AWS_REGION along
    #[arg(long, help_heading = "R2")]
    pub(crate) keys_only: bool,
    #[command(flatten)]
    pub(crate) delivery: Delivery,
}

/// Who signs temporary keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Signer {
    /// This program, with the token's own secret; no call is needed
    Signing,
    /// Cloudflare, for whoever may write the account's R2
    Api,
}

/// How long temporary keys live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lifetime {
    pub(crate) seconds: u32,
}

impl FromStr for Lifetime {
    type Err = String;

    /// Reads `90s`, `15m`, `12h` or `7d`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a time is written as in 15m, 12h or 7d, which is the longest".to_owned();
        let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
        let unit = match unit {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            _ => return Err(wrong()),
        };
        let number = Some(number).filter(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
        let number = number.and_then(|number| number.parse::<u32>().ok()).ok_or_else(wrong)?;
        let seconds = number.checked_mul(unit).filter(|seconds| (1..=LONGEST_R2_CREDENTIALS).contains(seconds));
        seconds.map(|seconds| Self { seconds }).ok_or_else(wrong)
    }
}

impl fmt::Display for Lifetime {
    /// In the largest unit that leaves no rest: `15m`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")];
        let (size, unit) = units.into_iter().find(|(size, _)| self.seconds.is_multiple_of(*size)).unwrap_or((1, "s"));
        write!(f, "{}{unit}", self.seconds / size)
    }
}

fn permission() -> impl TypedValueParser<Value = R2Permission> {
    PossibleValuesParser::new(R2Permission::ALL.map(R2Permission::as_str)).try_map(|given| {
        let known = R2Permission::ALL.into_iter().find(|one| one.as_str() == given);
        known.ok_or("not one of the permissions")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_bounded() {
        let seconds = |text: &str| text.parse().map(|lifetime: Lifetime| lifetime.seconds);
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("15m"), Ok(900));
        assert_eq!(seconds("7d"), Ok(604_800));
        for (seconds, shown) in [(90, "90s"), (900, "15m"), (5_400, "90m"), (86_400, "1d")] {
            assert_eq!(Lifetime { seconds }.to_string(), shown);
        }
        for wrong in ["", "h", "0h", "8d", "604801s", "1w", "+1h", "-1h", "1.5h", "15", "9é", "99999999999h"] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }
}
