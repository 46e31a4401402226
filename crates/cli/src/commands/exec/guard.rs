//! `exec --guard`: the command has a stand-in, and the token itself stays in this process.

mod kept;
mod policy;

use std::ffi::OsString;
use std::fmt::Display;
use std::io;
use std::process::Command;
use std::sync::Arc;

use flarekeep_catalogue::{TokenId, Way, operations, widenings};
use flarekeep_cloudflare::DEFAULT_BASE_URL;
use flarekeep_policy::{Effect, Policy, Resource};
use flarekeep_proxy::{Authority, Dial, Exchange, Held, Keeper, Options, Proxy, Upstream};
use flarekeep_tokens::{Ended, KeyPair, Program, Signals, Surroundings, Variables, close_to_others, endpoint_of};
use secrecy::{ExposeSecret, SecretString};

pub(super) use self::kept::keep_back;
use self::policy::ByPolicies;
use super::lent::{Lent, account_of, only};
use super::not_started;
use crate::arguments::Guard;
use crate::around::{Around, RunFiles};
use crate::context::Context;
use crate::environment;
use crate::error::{CommandError, Kind};
use crate::output::Output;

/// Characters of a stand-in, as the older form of a token has them: no scanner for leaks takes it for one of the newer.
const LENGTH: usize = 40;

/// What a guard needs before there is a token to keep.
pub(super) struct Ready {
    how: Guard,
    upstream: Upstream,
    authority: Authority,
    files: RunFiles,
}

/// A command that is to be run with a guard around it.
pub(super) struct Guarded<'a> {
    pub(super) context: &'a Context,
    pub(super) lent: &'a Lent,
    pub(super) variables: &'a Variables,
}

/// The command calls Cloudflare's own addresses, wherever the calls are sent on.
pub(super) fn through_proxy(around: &mut Surroundings, policies: &[Policy]) {
    around.api = None;
    let resources = || policies.iter().flat_map(|policy| &policy.resources);
    let account = around.account.or_else(|| only(resources().filter_map(account_of)));
    let jurisdictions = resources().filter_map(|resource| match resource {
        Resource::Bucket(bucket) => Some(bucket.jurisdiction.clone()),
        _ => None,
    });
    let jurisdiction = only(jurisdictions).unwrap_or_else(|| "default".to_owned());
    around.s3_endpoint = account.filter(|_| around.s3).map(|account| endpoint_of(account, &jurisdiction));
}

/// Says where the answers of Cloudflare hold what no guard keeps: a token that makes tokens can give itself a new value, too.
pub(super) fn warn(output: Output, policies: &[Policy]) {
    let granted: Vec<_> =
        policies.iter().filter(|policy| policy.effect == Effect::Allow).flat_map(Policy::known_groups).collect();
    let ways = || widenings().iter().filter(|widening| widening.way == Way::Tokens);
    let makes_tokens = operations().iter().any(|operation| {
        ways().any(|way| way.is_opened_by(operation)) && granted.iter().any(|group| operation.accepts_group(group))
    });
    if makes_tokens {
        output.warn(
            "the token may make tokens and give them new values, its own among them: those are in the answers, and the \
             guard keeps none from the command",
        );
    }
}

impl Ready {
    pub(super) fn new(context: &Context, how: Guard) -> Result<Self, CommandError> {
        let base = context.base_url();
        let upstream = match base.trim_end_matches('/') {
            DEFAULT_BASE_URL => Upstream::cloudflare(),
            _ => Upstream::elsewhere(base, environment::r2_endpoint().as_deref()).map_err(|error| {
                CommandError::usage(format!("calls cannot be sent on to where the API and R2 are: {error}"))
                    .hint("--api-url or CLOUDFLARE_API_BASE_URL, and R2_ENDPOINT, say where")
            })?,
        };
        // The authority's key is in this process's memory from here on.
        close_to_others();
        let authority = Authority::generated().map_err(failed)?;
        let files = RunFiles::new(&authority)?;
        Ok(Self { how, upstream, authority, files })
    }
}

impl Guarded<'_> {
    /// Runs it: its variables hold the stand-in.
    pub(super) async fn run(
        &self,
        Ready { how, upstream, authority, files }: Ready,
        (program, rest): (&Program, &[OsString]),
        (id, value): (TokenId, &SecretString),
        signals: &mut Signals,
    ) -> Result<Ended, CommandError> {
        let (other_id, other) = stand_in().map_err(failed)?;
        let policy = Arc::new(ByPolicies::new(self.context.output, self.lent, how));
        let keeper =
            Keeper { stand_in: held(other_id, &other), real: held(id, value), policy, only_tells: how == Guard::Log };
        let observer = Arc::new(|_: Exchange| {});
        let options =
            Options { upstream, dial: Dial::as_environment_says(), roots: Vec::new(), observer, keeper: Some(keeper) };
        let proxy = Proxy::start(authority, options).await.map_err(failed)?;
        let around = Around::new(&files, &proxy, false);
        around.tell(self.context.output);
        let prepare = |command: &mut Command| {
            self.variables.put_into(command, other_id, &other);
            around.put_into(command);
        };
        let ended = program.run(rest, prepare, signals).await;
        proxy.end().await;
        ended.map_err(|error| not_started(program, &error))
    }
}

fn failed(error: impl Display) -> CommandError {
    CommandError::new(Kind::Unreachable, format!("the guard cannot be set up: {error}"))
}

/// An id and a value that are nobody's.
fn stand_in() -> io::Result<(TokenId, SecretString)> {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bytes = [0u8; 16 + LENGTH];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    let (id, letters) = bytes.split_at(16);
    let id = id.iter().fold(0_u128, |id, byte| id << 8 | u128::from(*byte));
    let letter = |byte: &u8| LETTERS.get(usize::from(*byte) % LETTERS.len()).map_or('x', |letter| char::from(*letter));
    let value: String = letters.iter().map(letter).collect();
    Ok((TokenId::from_u128(id), SecretString::from(value)))
}

fn held(id: TokenId, value: &SecretString) -> Held {
    let key_secret = KeyPair::derived(id, value).secret_access_key;
    Held { token: SecretString::from(value.expose_secret()), key_id: id.to_string(), key_secret }
}
