//! `flarekeep domain`: one file a verb.

mod add;
mod failure;
mod list;
mod remove;
pub(super) mod show;
mod status;

use flarekeep_catalogue::ZoneId;
use flarekeep_cloudflare::{Client, Url};
use flarekeep_sites::Platform;

use super::platform;
use crate::CommandResult;
use crate::arguments::{Bucketed, Domain};
use crate::bucket::{self, Bucket};
use crate::context::Context;
use crate::error::CommandError;
use crate::lend::Wish;

pub(crate) fn run(context: &Context, arguments: &Domain) -> CommandResult {
    match arguments {
        Domain::Add(arguments) => add::run(context, arguments),
        Domain::Status(arguments) => status::run(context, arguments),
        Domain::List(arguments) => list::run(context, arguments),
        Domain::Remove(arguments) => remove::run(context, arguments),
    }
}

/// Which token a verb is lent where none is given.
pub(crate) fn lent(arguments: &Domain) -> Wish {
    Wish::domains(match arguments {
        Domain::Status(_) | Domain::List(_) => true,
        Domain::Remove(remove) => remove.consent.dry_run,
        Domain::Add(_) => false,
    })
}

/// What every verb needs: the bucket with the registry, the zone with the custom hostnames.
pub(super) struct Desk {
    pub(super) bucket: Bucket,
    pub(super) client: Client,
    pub(super) platform: Platform,
    pub(super) zone: ZoneId,
    /// Where a domain's visitors are answered.
    pub(super) visitors: Visitors,
}

/// Where a domain's visitors are answered.
pub(super) enum Visitors {
    /// At the domain itself.
    There,
    /// At this edge.
    At(Url),
    /// Nobody knows: the API is not Cloudflare's own.
    Unknown,
}

pub(super) async fn desk(context: &Context, options: &Bucketed) -> Result<Desk, CommandError> {
    let bucket = bucket::open(context, options).await?;
    let platform = flarekeep_sites::platform(&bucket.store).await?.ok_or_else(|| {
        CommandError::usage("there is no platform in this bucket")
            .because("a domain is a custom hostname of the platform's zone")
            .hint("flarekeep platform deploy --zone NAME")
    })?;
    let zone = platform.zone_id.parse().map_err(|_| {
        CommandError::usage("the platform's own note names no zone").hint("flarekeep platform deploy writes it anew")
    })?;
    let visitors = match platform::smoke::edge(None)? {
        Some(edge) => Visitors::At(edge),
        None if context.is_cloudflares() => Visitors::There,
        None => Visitors::Unknown,
    };
    Ok(Desk { bucket, client: platform::client(context).await?, platform, zone, visitors })
}
