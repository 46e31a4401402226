//! Which Worker takes a request: routes, custom hostnames, custom domains, `workers.dev`.

use flarekeep_catalogue::{AccountId, ZoneId};
use flarekeep_policy::UnixSeconds;
use serde_json::Value;

use super::routing::{self, Asked};
use crate::options::Options;
use crate::products::workers_scripts::{domains, live};
use crate::products::{custom_hostnames, workers_routes};
use crate::state::State;

/// Who answers a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Choice {
    /// An account's Worker, with the metadata of the custom hostname that the request came by.
    Worker(AccountId, String, Option<Value>),
    /// The host is the world's, and no Worker takes this request.
    Nobody,
    /// A custom hostname that is not active.
    Inactive,
    /// No zone has the host.
    Unknown,
}

/// Chooses. Where a host is both in a zone and an active custom hostname of another, the custom hostname wins, which is
/// inferred; one that is not active takes nothing from the zone.
/// A route goes before a custom domain on the same host, which is the origin to it; so it is to a route without a Worker
/// (Cloudflare's page workers/configuration/routing/routes).
pub(super) fn choose(state: &State, asked: Asked, options: &Options, now: UnixSeconds) -> Choice {
    if let Some((account, script)) = on_workers_dev(state, asked.host) {
        return match live::on_workers_dev(state, account, &script) {
            true => Choice::Worker(account, script, None),
            false => Choice::Nobody,
        };
    }
    let hostname = custom_hostnames::serving(state, asked.host, options, now);
    let (zone, metadata) = match (hostname, zone_of(state, asked.host)) {
        (Some(serving), _) if serving.active => (serving.zone, Some(serving.metadata)),
        (_, Some(zone)) => (zone, None),
        (Some(_), None) => return Choice::Inactive,
        (None, None) => return Choice::Unknown,
    };
    let Some(account) = state.world.zone(zone).map(|zone| zone.account) else { return Choice::Unknown };
    let routed = routing::choose(workers_routes::of_zone(state, zone), asked).flatten();
    match routed.or_else(|| domains::service(state, account, asked.host)) {
        Some(script) => Choice::Worker(account, script.to_owned(), metadata),
        None => Choice::Nobody,
    }
}

/// The zone that a host is in: the one with the longest name.
fn zone_of(state: &State, host: &str) -> Option<ZoneId> {
    let holds = |name: &str| host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let zones = state.world.zones.iter().filter(|zone| holds(&zone.name));
    zones.max_by_key(|zone| zone.name.len()).map(|zone| zone.id)
}

/// The account and the name of a Worker that a host below `workers.dev` names.
fn on_workers_dev(state: &State, host: &str) -> Option<(AccountId, String)> {
    let (script, subdomain) = host.strip_suffix(".workers.dev")?.split_once('.')?;
    let mut accounts = state.world.accounts.iter().map(|account| account.id);
    let account = accounts.find(|account| live::subdomain(state, *account) == subdomain)?;
    Some((account, script.to_owned()))
}
