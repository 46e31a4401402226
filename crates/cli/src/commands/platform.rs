//! `flarekeep platform`: what has to stand before a site can be served.

mod deploy;
mod deployer;
mod destroy;
mod doctor;
pub(super) mod smoke;
mod status;
pub(super) mod words;

use flarekeep_cloudflare::{Client, Error, Jurisdiction, Objects};
use flarekeep_sites::Platform;
use flarekeep_sites::infrastructure::Wanted;
use flarekeep_sites::layout;

use crate::CommandResult;
use crate::arguments::{self, Parts};
use crate::context::Context;
use crate::environment::{PLATFORM_DOMAIN, WORKER};
use crate::error::{CommandError, Kind};
use crate::output::plain;
use crate::{bucket, lend, place, secret};

/// What the router is called where nobody says otherwise.
const ROUTER: &str = "flarekeep-router";
/// More custom hostnames than a zone can have (docs: cloudflare-for-platforms, plans).
const MOST_HOSTS: usize = 100_000;

pub(crate) fn run(context: &Context, arguments: &arguments::Platform) -> CommandResult {
    match arguments {
        arguments::Platform::Deploy(arguments) => deploy::run(context, arguments),
        arguments::Platform::Status(arguments) => status::run(context, arguments),
        arguments::Platform::Destroy(arguments) => destroy::run(context, arguments),
        arguments::Platform::Doctor(arguments) => doctor::run(context, arguments),
    }
}

/// A client with the token that is lent to this command, else with the one in use, else with the Global API key.
pub(super) async fn client(context: &Context) -> Result<Client, CommandError> {
    if let Some(lent) = lend::borrowed(context).await? {
        return context.client(lent.credential);
    }
    match secret::given_subject(context)? {
        Some(token) => context.client(token),
        None => context.manager(),
    }
}

/// The same place with what was found of it, so that a token which may do the work alone finds it again.
fn placed(context: &Context, wanted: &Wanted) -> Context {
    let jurisdiction = wanted.jurisdiction.as_str().to_owned();
    let place = arguments::Place {
        account: Some(wanted.account.to_string()),
        zone: Some(wanted.zone.to_string()),
        bucket: Some(arguments::Bucket { jurisdiction, name: wanted.bucket.clone() }),
        ..context.place.clone()
    };
    context.placed(place, None)
}

/// What is wanted, with the zone and its account found.
pub(super) async fn wanted(context: &Context, client: &Client, parts: &Parts) -> Result<Wanted, CommandError> {
    let needed = place::Wanted { account: true, zone: true, bucket: false };
    let target = place::find(context, client, needed).await?;
    let (Some(account), Some(zone)) = (target.account, target.zone) else {
        return Err(CommandError::usage("a platform has one zone, and `*` is all").hint("give --zone NAME"));
    };
    let zone_name = client.zones().get(zone).await?.name;
    let environment = &context.environment;
    let domain = parts.domain.as_deref().or(environment.get(PLATFORM_DOMAIN)).unwrap_or(&zone_name);
    let (bucket, jurisdiction) = bucket(context, parts)?;
    let worker = context.place.worker.as_deref().or(environment.get(WORKER)).unwrap_or(ROUTER);
    let wanted = Wanted {
        account,
        zone,
        domain: domain.trim_end_matches('.').to_ascii_lowercase(),
        zone_name: zone_name.clone(),
        bucket,
        jurisdiction,
        location: parts.location.clone(),
        namespace: parts.namespace.clone(),
        worker: worker.to_owned(),
        excluded: parts.excluded.iter().map(|host| host.to_ascii_lowercase()).collect(),
    };
    let checked = wanted.checked().map_err(|bad| {
        CommandError::usage(plain(&bad.to_string()))
            .because("its records and routes are made in the zone")
            .hint(format!("--domain {zone_name}, or a name below it: --domain sites.{zone_name}"))
    })?;
    let outside = checked.excluded.iter().find(|host| !is_below(host, &zone_name));
    match outside {
        Some(host) => Err(CommandError::usage(format!("`{}` is no host of the zone {zone_name}", plain(host)))
            .hint("--exclude takes whole names, as in --exclude api.example.com")),
        None => Ok(checked),
    }
}

fn is_below(host: &str, zone: &str) -> bool {
    host == zone || host.strip_suffix(zone).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
}

fn bucket(context: &Context, parts: &Parts) -> Result<(String, Jurisdiction), CommandError> {
    let bucket = bucket::named(context)?;
    let said = parts.jurisdiction.clone().unwrap_or(bucket.jurisdiction);
    Ok((bucket.name, bucket::jurisdiction(&said)?))
}

fn objects(client: &Client, wanted: &Wanted) -> Objects {
    client.objects(wanted.account, &wanted.bucket, wanted.jurisdiction)
}

/// What the bucket says of the platform; `None` where there is no bucket, or where none was finished.
async fn document(client: &Client, wanted: &Wanted) -> Result<Option<Platform>, CommandError> {
    let Some(bytes) = objects(client, wanted).get(layout::PLATFORM).await? else { return Ok(None) };
    Platform::read(&bytes).map(Some).map_err(|error| {
        CommandError::usage(format!("`{}` in the bucket {} cannot be read: {error}", layout::PLATFORM, wanted.bucket))
            .hint("flarekeep platform deploy writes it anew")
    })
}

/// The tenants' slugs, at most so many.
async fn tenants(client: &Client, wanted: &Wanted, most: usize) -> Result<Vec<String>, Error> {
    let keys = objects(client, wanted).keys(layout::TENANTS, most).await?;
    let slug = |key: &String| key.strip_prefix(layout::TENANTS)?.strip_suffix(".json").map(str::to_owned);
    Ok(keys.iter().filter_map(slug).collect())
}

/// The domains of the tenants, as the registry has them.
async fn hosts(client: &Client, wanted: &Wanted) -> Result<Vec<String>, Error> {
    let keys = objects(client, wanted).keys(layout::HOSTS, MOST_HOSTS).await?;
    let host = |key: &String| key.strip_prefix(layout::HOSTS)?.strip_suffix(".json").map(str::to_owned);
    Ok(keys.iter().filter_map(host).collect())
}

/// The error of a step that failed, after others were taken.
fn stopped(error: Error, done: usize, what: &str) -> CommandError {
    let error = CommandError::from(error);
    if done == 0 {
        return error;
    }
    let mut partial = CommandError::new(Kind::Partial, format!("{what}: {}", error.message));
    partial.reason = error.reason;
    partial.hints = error.hints;
    partial.hint("what is done stays done; the same command takes the rest of the steps")
}
