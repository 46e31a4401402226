//! The arguments of `flarekeep exec`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use jiff::SignedDuration;

use super::{Owner, Work};

/// A token needs a moment until it is known everywhere, and clocks differ: a shorter one would end under its command.
const SHORTEST: SignedDuration = SignedDuration::from_mins(1);
/// The end is the net that catches the token when this process is killed; one that hangs deeper catches nothing.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, Args)]
pub(crate) struct Exec {
    #[command(flatten)]
    pub(crate) work: Work,
    /// A token that is copied for the command: its policies, its conditions, nothing wider
    #[arg(long, help_heading = "Work", value_name = "NAME|ID", conflicts_with_all = [
        "recipes", "operations", "wrangler", "terraform", "workflow", "recording", "har", "log", "plan",
    ])]
    pub(crate) token: Option<String>,
    /// Who is to own the token
    #[arg(long, help_heading = "Token", value_enum, default_value_t)]
    pub(crate) owner: Owner,
    /// After how long the token ends should this process be killed: 1m to 24h
    #[arg(long, help_heading = "Token", value_name = "AGE", default_value = "15m", value_parser = ttl)]
    pub(crate) ttl: SignedDuration,
    /// Addresses that may use the token, as in `flarekeep plan`; those of a plan or of a token hold beside them
    #[arg(long = "allow-ip", help_heading = "Token", value_name = "CIDR|ADDRESS|@FILE")]
    pub(crate) allow_ips: Vec<String>,
    /// One more variable that the command finds the value in, beside CLOUDFLARE_API_TOKEN; can be given again
    #[arg(long = "variable", help_heading = "Command", value_name = "NAME", value_parser = variable)]
    pub(crate) variables: Vec<String>,
    /// A file that gets one JSON document of what was done; standard output is the command's own
    #[arg(long, help_heading = "Command", value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Keep the token from the command: a proxy puts it into the calls that it may make, and refuses the others;
    /// `--guard=log` only tells of those
    #[arg(long, help_heading = "Command", value_enum, value_name = "HOW", num_args = 0..=1, require_equals = true,
          default_missing_value = "refuse")]
    pub(crate) guard: Option<Guard>,
    /// Show the token and the variables, and do nothing
    #[arg(long, help_heading = "Command")]
    pub(crate) dry_run: bool,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// What becomes of calls that the token is not for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Guard {
    /// They are refused on this machine, as Cloudflare would refuse them
    Refuse,
    /// They are told, and made
    Log,
}

fn ttl(text: &str) -> Result<SignedDuration, String> {
    let ttl: SignedDuration = text.parse().map_err(|_| "an age is written as in 90s, 15m or 2h".to_owned())?;
    if (SHORTEST..=LONGEST).contains(&ttl) {
        return Ok(ttl);
    }
    Err("the token of a command lives 1m to 24h: one that ends sooner is not known everywhere in time, and one that ends \
         later is no net for a process that was killed"
        .to_owned())
}

fn variable(text: &str) -> Result<String, String> {
    let mut bytes = text.bytes();
    let begins = bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    match begins && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        true => Ok(text.to_owned()),
        false => Err("a variable's name has letters, digits and `_`, and no digit first".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_lives_a_minute_to_a_day() {
        for (text, seconds) in [("1m", 60), ("15m", 900), ("90s", 90), ("1h30m", 5400), ("24h", 86_400)] {
            assert_eq!(ttl(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
        }
        for wrong in ["59s", "25h", "0m", "-5m", "15", "soon", ""] {
            assert!(ttl(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_variable_has_a_name_that_a_shell_takes() {
        assert!(variable("CF_DNS_API_TOKEN").is_ok() && variable("_x1").is_ok());
        for wrong in ["", "1X", "A=B", "A B", "é"] {
            assert!(variable(wrong).is_err(), "{wrong}");
        }
    }
}
