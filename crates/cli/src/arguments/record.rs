//! The arguments of `flarekeep record`.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::Owner;

#[derive(Debug, Args)]
#[command(subcommand_negates_reqs = true, args_conflicts_with_subcommands = true)]
pub(crate) struct Record {
    #[command(subcommand)]
    pub(crate) verb: Option<RecordVerb>,
    /// Keep the recording in this file: a line for each call, appended; `plan --recording` reads it
    #[arg(long, help_heading = "Recording", value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write the plan to this file, as `plan -o json` prints it; `token create --plan` and `exec --plan` take it
    #[arg(long, help_heading = "Recording", value_name = "FILE")]
    pub(crate) plan_out: Option<PathBuf>,
    /// Only calls that failed are needs: what a token lacks
    #[arg(long, help_heading = "Recording")]
    pub(crate) fails_only: bool,
    /// Where the calls are sent on: `emulator` starts one for the run, so that no account is needed [default: --api-url]
    #[arg(long, help_heading = "Calls", value_name = "emulator|URL")]
    pub(crate) to: Option<To>,
    /// Where R2's S3 face is, beside --to URL [env: R2_ENDPOINT]
    #[arg(long, help_heading = "Calls", value_name = "URL")]
    pub(crate) r2: Option<String>,
    /// Give clients the API's address at the proxy, too (CLOUDFLARE_API_BASE_URL, CLOUDFLARE_BASE_URL): those that ask for
    /// no proxy are seen then
    #[arg(long, help_heading = "Calls")]
    pub(crate) base_url: bool,
    /// What is in the emulator of the run, from a TOML file; docs/emulator/world.md
    #[arg(long, help_heading = "Calls", value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,
    /// Who is to own the token that is planned [default: an account where the command showed an account's token]
    #[arg(long, help_heading = "Token", value_enum)]
    pub(crate) owner: Option<Owner>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RecordVerb {
    /// Make the calls of a recording again on a local Cloudflare, under its plan or a token, and under that less any one
    /// permission
    Replay(Replay),
    /// What two recordings call, how it ends, and what that changes in the plan; exit status 1 if they differ
    Diff(RecordDiff),
}

#[derive(Debug, Args)]
pub(crate) struct Replay {
    /// The recording
    #[arg(value_name = "FILE|-")]
    pub(crate) file: PathBuf,
    /// A plan that `flarekeep plan -o json` wrote, in the place of the recording's own
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// A token in the plan's place: as JSON in a file, or its id or name
    #[arg(long, value_name = "TOKEN", conflicts_with = "plan")]
    pub(crate) token: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RecordDiff {
    /// The recording of before
    #[arg(value_name = "OLD")]
    pub(crate) old: PathBuf,
    /// The one that is compared with it
    #[arg(value_name = "NEW|-")]
    pub(crate) new: PathBuf,
}

/// Where calls are sent on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum To {
    /// To a local Cloudflare that is started for the run.
    Emulator,
    /// To an API that is there.
    Url(String),
}

impl FromStr for To {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "emulator" { Self::Emulator } else { Self::Url(text.to_owned()) })
    }
}
