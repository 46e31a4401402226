//! The options of `flarekeep emulate`, with a switch for each thing that is not known about Cloudflare.

mod steering;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

pub(crate) use self::steering::Steering;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use flarekeep_emulator::{
    BarredAnswer, Ceiling, ErrorStyle, Options, RateLimit, ScopeMismatch, SessionClaims, Unlabelled, VerifyDenied,
    ZoneList,
};

#[derive(Debug, Args)]
pub(crate) struct Emulate {
    /// The address to listen on; port 0 takes any free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8787")]
    pub(crate) listen: SocketAddr,
    /// The port of R2's S3 face, at the same address; 0 takes any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) s3_port: u16,
    /// Keep the state in this folder; without it the state ends with the process
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Users, accounts, zones and what is in them, from a TOML file; docs/emulator/world.md
    #[arg(long, value_name = "FILE")]
    pub(crate) world: Option<PathBuf>,
    /// Append each call to this file, as a line that `plan --recording` reads; docs/recording.md
    #[arg(long, value_name = "FILE")]
    pub(crate) recording: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) steering: Steering,
    #[command(flatten)]
    switches: Switches,
}

/// What is not known about Cloudflare, or changed in 2026. docs/emulator.md says what is known of each.
#[derive(Debug, Args)]
#[command(next_help_heading = "What is not known about Cloudflare")]
struct Switches {
    /// The shape of a refusal: as ever, or as since August 2026
    #[arg(long, default_value = "classic", value_parser = one_of(&[
        ("classic", ErrorStyle::Classic),
        ("enriched", ErrorStyle::Enriched),
    ]))]
    errors: ErrorStyle,
    /// Operations of which nobody has published the groups
    #[arg(long, default_value = "refuse", value_parser = one_of(&[
        ("refuse", Unlabelled::Refuse),
        ("allow", Unlabelled::AllowAuthorised),
    ]))]
    unlabelled: Unlabelled,
    /// 1,200 calls in five minutes, then none for as long; or no limit
    #[arg(long, default_value = "on", action = clap::ArgAction::Set, value_parser = one_of(&[
        ("on", true),
        ("off", false),
    ]))]
    rate_limit: bool,
    /// Whether a token may mint what it does not hold
    #[arg(long, default_value = "observed", value_parser = one_of(&[
        ("observed", Ceiling::Observed),
        ("strict", Ceiling::Strict),
        ("off", Ceiling::Off),
    ]))]
    ceiling: Ceiling,
    /// The answer to a token that is expired, disabled, or not yet valid
    #[arg(long, default_value = "invalid-token", value_parser = one_of(&[
        ("invalid-token", BarredAnswer::InvalidToken),
        ("authentication-error", BarredAnswer::AuthenticationError),
        ("status-on-verify", BarredAnswer::StatusOnVerify),
    ]))]
    barred: BarredAnswer,
    /// What verify answers at an address that the token does not admit
    #[arg(long, default_value = "location", value_parser = one_of(&[
        ("location", VerifyDenied::Location),
        ("invalid-token", VerifyDenied::InvalidToken),
        ("answered", VerifyDenied::Answered),
    ]))]
    verify_denied: VerifyDenied,
    /// A group at a resource where it takes no effect
    #[arg(long, default_value = "accept", value_parser = one_of(&[
        ("accept", ScopeMismatch::Accept),
        ("reject", ScopeMismatch::Reject),
    ]))]
    scope_mismatch: ScopeMismatch,
    /// The list of zones without Zone Read
    #[arg(long, default_value = "refuse", value_parser = one_of(&[
        ("refuse", ZoneList::Refuse),
        ("empty", ZoneList::Empty),
    ]))]
    zone_list: ZoneList,
    /// Who signed a temporary R2 credential, and for which endpoint, as it says itself
    #[arg(long, default_value = "checked", value_parser = one_of(&[
        ("checked", SessionClaims::Checked),
        ("ignored", SessionClaims::Ignored),
    ]))]
    session_claims: SessionClaims,
}

impl Emulate {
    /// The emulator's options as the switches say.
    pub(crate) fn options(&self) -> Options {
        let switches = &self.switches;
        Options {
            error_style: switches.errors,
            unlabelled: switches.unlabelled,
            rate_limit: switches.rate_limit.then_some(RateLimit { calls: 1_200, window: Duration::from_secs(300) }),
            ceiling: switches.ceiling,
            barred: switches.barred,
            verify_when_address_denied: switches.verify_denied,
            scope_mismatch: switches.scope_mismatch,
            zones_without_zone_read: switches.zone_list,
            session_claims: switches.session_claims,
            ..Options::default()
        }
    }
}

/// Reads one of a few words, each of which stands for a value.
fn one_of<T: Copy + Send + Sync + 'static>(choices: &'static [(&'static str, T)]) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(choices.iter().map(|(word, _)| *word)).try_map(|given| {
        let choice = choices.iter().find(|(word, _)| *word == given);
        choice.map(|(_, value)| *value).ok_or("not one of the words")
    })
}
