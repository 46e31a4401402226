//! From a token to what it reaches.

use std::collections::BTreeMap;

use flarekeep_catalogue::Widening;
use flarekeep_policy::{
    Effect, IpCondition, OperationSet, Ownership, Place, Reach, Resource, Status, Token, UnixSeconds, reach,
};

use super::facts::{Facts, facts, is_root};
use super::narrow::narrower;
use super::score::score;
use super::{Level, ProductReach, TokenReach, WideningWay};
use crate::settings::Settings;
use crate::token::{TokenRecord, seconds};
use crate::usage::TokenUsage;
use crate::world::World;

/// A token as the policy engine measured it.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The token as it is measured: switched on, and without a condition on addresses.
    pub(crate) token: Token,
    /// What it allows, or would allow if it were switched on.
    pub(crate) reach: Reach,
    /// Which accounts own the zones that it names, as far as that is known.
    pub(crate) ownership: Ownership,
    /// All operations that it allows somewhere and that need a group.
    pub(crate) operations: OperationSet,
}

impl Measured {
    /// Measures a token. One that expired or was revoked allows nothing; one that is switched off or may be used from
    /// nowhere is measured as if it were not, since its owner can change that without making a new one.
    pub(crate) fn of(record: &TokenRecord, world: &World, now: UnixSeconds) -> Self {
        let mut token = record.token();
        if token.status.may_become_active() {
            token.status = Status::Active;
        }
        token.ip = IpCondition::default();
        // A zone that no policy names is like any other: to look at each would cost time and tell nothing.
        let named = token.policies.iter().flat_map(|policy| &policy.resources).filter_map(|resource| match resource {
            Resource::Zone(zone) | Resource::ZoneOf(_, zone) => Some(*zone),
            _ => None,
        });
        let ownership: Ownership = named.filter_map(|zone| Some((zone, world.zones.get(&zone)?.account?))).collect();
        let reach = reach(&token, &ownership, now);
        let facts = facts();
        let operations = reach.operations().and(&facts.reads.or(&facts.writes));
        Self { token, reach, ownership, operations }
    }

    /// What it scores.
    pub(crate) fn score(&self) -> u32 {
        score(&self.reach)
    }
}

/// What a token reaches, for people.
pub(crate) fn measure(
    record: &TokenRecord,
    measured: &Measured,
    usage: Option<&TokenUsage>,
    world: &World,
    settings: &Settings,
) -> TokenReach {
    let facts = facts();
    let locked_out = record.ip.within.as_ref().is_some_and(|set| set.0.is_empty());
    let begun = record.not_before.is_none_or(|start| start <= settings.now);
    TokenReach {
        products: products(&measured.operations, facts),
        resources: resources(record, world),
        reads: measured.operations.count_in(&facts.reads),
        writes: measured.operations.count_in(&facts.writes),
        widening: widening(measured, world),
        unproved: measured.reach.unproved.iter().map(|entry| unproved(entry, world)).collect(),
        score: measured.score(),
        is_usable: record.is_living(settings.now) && begun && !locked_out,
        is_known: record.policies.is_some(),
        narrower: usage.and_then(|usage| narrower(record, measured, usage, world, seconds(settings.now))),
    }
}

pub(super) fn products(operations: &OperationSet, facts: &Facts) -> Vec<ProductReach> {
    let mut found: BTreeMap<&'static str, ProductReach> = BTreeMap::new();
    for operation in operations.iter() {
        let product = facts.family_by_operation.get(usize::from(operation.index)).copied().unwrap_or_default();
        let nothing = ProductReach { product, level: Level::None, reads: 0, writes: 0 };
        let reach = found.entry(product).or_insert(nothing);
        let level = match operation.mutates() {
            false => Level::Read,
            true if facts.widens.contains(operation) => Level::Widen,
            true => Level::Write,
        };
        reach.level = reach.level.max(level);
        *(if operation.mutates() { &mut reach.writes } else { &mut reach.reads }) += 1;
    }
    let mut products: Vec<ProductReach> = found.into_values().collect();
    products.sort_by(|a, b| (b.level, b.writes, b.reads, a.product).cmp(&(a.level, a.writes, a.reads, b.product)));
    products
}

/// The resources at which it is granted something, each once.
fn resources(record: &TokenRecord, world: &World) -> Vec<String> {
    let allows = record.policies().iter().filter(|policy| policy.effect == Effect::Allow && !policy.groups.is_empty());
    let mut all: Vec<&Resource> = allows.flat_map(|policy| &policy.resources).collect();
    // What reaches further comes first.
    let width = |resource: &Resource| match resource {
        Resource::AllAccounts | Resource::AllZones => 0,
        Resource::AllZonesOf(_) | Resource::AllBucketsOf(_) => 1,
        Resource::User(_) | Resource::Account(_) => 2,
        Resource::Zone(_) | Resource::ZoneOf(..) | Resource::Bucket(_) | Resource::Other(_) => 3,
    };
    all.sort_by_key(|resource| (width(resource), (*resource).clone()));
    all.dedup();
    all.into_iter().map(|resource| world.resource_words(resource)).collect()
}

fn widening(measured: &Measured, world: &World) -> Vec<WideningWay> {
    let way = |(widening, opened_by): &(&'static Widening, OperationSet)| {
        // A place that the token names says more than "any other".
        let areas = measured.reach.areas.iter();
        let areas = areas.filter(|area| area.operations.meets(opened_by));
        let opened = areas.filter_map(|area| Some((area.operations.and(opened_by).iter().next()?, area)));
        let (operation, area) = opened.min_by_key(|(_, area)| !area.places.iter().any(Place::is_named))?;
        let place = area.places.iter().find(|place| place.is_named()).or_else(|| area.places.first())?;
        let place = world.place_words(place);
        let is_inferred = widening.is_inferred();
        Some(WideningWay { way: widening.way, gains: widening.gains, operation, place, is_inferred })
    };
    if measured.operations.is_empty() {
        return Vec::new();
    }
    let mut ways: Vec<WideningWay> = facts().ways.iter().filter_map(way).collect();
    ways.sort_by_key(|way| (!is_root(way.way) || way.is_inferred, way.way));
    ways
}

fn unproved(entry: &flarekeep_policy::Unproved, world: &World) -> String {
    let group = match entry.grant {
        flarekeep_policy::Grant::Group(group) => group.name.to_owned(),
        flarekeep_policy::Grant::Named(group, id) => format!("{} ({id})", group.name),
        flarekeep_policy::Grant::Unknown(id) => format!("group {id}"),
    };
    let verb = if entry.effect == Effect::Deny { "without " } else { "" };
    format!("{verb}{group} at {}", world.resource_words(&entry.resource))
}
