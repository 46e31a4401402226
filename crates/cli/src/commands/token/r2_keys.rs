//! `flarekeep token r2-keys`: the S3 credentials of the token in use, of a new one, or temporary ones, in a sink.

mod create;
mod endpoint;
mod own;
pub(crate) mod pairs;
pub(crate) mod temporary;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::Client;
use flarekeep_planner::Target;
use flarekeep_tokens::{Identity, Sink, identify};

use crate::CommandResult;
use crate::arguments::R2Keys;
use crate::consent;
use crate::context::Context;
use crate::error::CommandError;
use crate::output::plain;

pub(crate) fn run(context: &Context, arguments: &R2Keys) -> CommandResult {
    let limits = &arguments.limits;
    if !arguments.create && (!limits.allow_ips.is_empty() || limits.expires.is_some() || limits.not_before.is_some()) {
        return Err(CommandError::usage("--allow-ip, --expires and --not-before are for a new token")
            .because("the keys of a token live as long as it does, and are used from where it may be")
            .hint("--create makes a token; --temporary 1h makes keys that end sooner"));
    }
    match arguments.temporary {
        _ if arguments.create => create::run(context, arguments),
        Some(lifetime) => temporary::run(context, arguments, lifetime),
        None => own::run(context, arguments),
    }
}

/// Where the keys go, tried before anything is made; none where only the showing was asked for.
fn sinks(context: &Context, arguments: &R2Keys) -> Result<Option<Vec<Sink>>, CommandError> {
    let shape = endpoint::shape(arguments);
    let sinks = consent::sinks_for(context, &arguments.delivery, &shape)?;
    if let Some(sinks) = &sinks {
        pairs::prove(sinks, &shape)?;
    }
    Ok(sinks)
}

/// The token that the client calls with, which must be alive.
async fn alive(client: &Client, target: &Target) -> Result<Identity, CommandError> {
    let identity = identify(client, target.account).await?;
    if identity.is_active() {
        return Ok(identity);
    }
    Err(CommandError::usage(format!("token {} is {}", identity.id, plain(&identity.status)))
        .because("its keys are dead with it")
        .hint("flarekeep token r2-keys --create --bucket NAME --to env:.env makes a new one"))
}

/// The id that is an access key: as given, or of the token that the client calls with.
async fn key_id(client: &Client, target: &Target, given: Option<TokenId>) -> Result<TokenId, CommandError> {
    match given {
        Some(id) => Ok(id),
        None => Ok(alive(client, target).await?.id),
    }
}
