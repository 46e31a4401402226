//! From a token to what it reaches.

use flarekeep_catalogue::Widening;
use flarekeep_policy::{
    Effect, IpCondition, OperationSet, Ownership, Place, Policy, Reach, Resource, Status, Token, UnixSeconds, Window,
    reach,
};

use super::facts::{Facts, facts, is_root};
use super::narrow::narrower;
use super::score::score;
use super::{Level, ProductReach, TokenReach, WideningWay};
use crate::settings::Settings;
use crate::token::{TokenRecord, seconds};
use crate::usage::TokenUsage;
use crate::world::World;

/// A token as the policy engine measured it: the same for all tokens of the same owner and policies, in one world.
#[derive(Debug)]
pub(crate) struct Measured {
    /// The token as it is measured; see [`as_measured`].
    pub(crate) token: Token,
    /// What it allows, or would allow if it were switched on.
    pub(crate) reach: Reach,
    /// Which accounts own the zones that it names, as far as that is known.
    pub(crate) ownership: Ownership,
    /// All operations that it allows somewhere and that need a group.
    pub(crate) operations: OperationSet,
    /// The same for people, but for what is of the one token alone.
    pub(crate) shown: TokenReach,
}

/// The token as it is measured. One that expired or was revoked allows nothing; one that is switched off, may be used from
/// nowhere or has not begun is measured as if it were not so, since that may change without a new token.
pub(super) fn as_measured(record: &TokenRecord, now: UnixSeconds) -> Token {
    let mut token = record.token();
    if token.status.may_become_active() {
        token.status = Status::Active;
    }
    token.ip = IpCondition::default();
    if !Window::of(&token, now).is_never() {
        (token.not_before, token.expires_on) = (None, None);
    }
    token
}

impl Measured {
    /// Measures a token that [`as_measured`] made.
    pub(super) fn of(token: Token, world: &World, now: UnixSeconds) -> Self {
        // A zone that no policy names is like any other: to look at each would cost time and tell nothing.
        let named = token.policies.iter().flat_map(|policy| &policy.resources).filter_map(|resource| match resource {
            Resource::Zone(zone) | Resource::ZoneOf(_, zone) => Some(*zone),
            _ => None,
        });
        let ownership: Ownership = named.filter_map(|zone| Some((zone, world.zones.get(&zone)?.account?))).collect();
        let reach = reach(&token, &ownership, now);
        let facts = facts();
        let operations = reach.operations().and(&facts.granted);
        let shown = TokenReach {
            products: products(&operations, facts),
            resources: resources(&token.policies, world),
            reads: operations.count_in(&facts.reads),
            writes: operations.count_in(&facts.writes),
            widening: widening(&reach, &operations, world),
            unproved: reach.unproved.iter().map(|entry| unproved(entry, world)).collect(),
            score: score(&reach),
            is_usable: false,
            is_known: false,
            narrower: None,
        };
        Self { token, reach, ownership, operations, shown }
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
    let locked_out = record.ip.within.as_ref().is_some_and(|set| set.0.is_empty());
    let begun = record.not_before.is_none_or(|start| start <= settings.now);
    TokenReach {
        is_usable: record.is_living(settings.now) && begun && !locked_out,
        is_known: record.policies.is_some(),
        narrower: usage.and_then(|usage| narrower(record, measured, usage, world, seconds(settings.now))),
        ..measured.shown.clone()
    }
}

/// What operations come to by family of products, the widest first.
pub(super) fn products(operations: &OperationSet, facts: &Facts) -> Vec<ProductReach> {
    let nothing = |product: &&'static str| ProductReach { product, level: Level::None, reads: 0, writes: 0 };
    let mut products: Vec<ProductReach> = facts.families.iter().map(nothing).collect();
    for operation in operations.iter() {
        let family = facts.family_by_operation.get(usize::from(operation.index));
        let Some(reach) = family.and_then(|family| products.get_mut(*family)) else { continue };
        let level = match operation.mutates() {
            false => Level::Read,
            true if facts.makes_tokens.contains(operation) || facts.makes_members.contains(operation) => Level::Widen,
            true => Level::Write,
        };
        reach.level = reach.level.max(level);
        *(if operation.mutates() { &mut reach.writes } else { &mut reach.reads }) += 1;
    }
    products.retain(|reach| reach.level > Level::None);
    products.sort_by(|a, b| (b.level, b.writes, b.reads, a.product).cmp(&(a.level, a.writes, a.reads, b.product)));
    products
}

/// The resources at which it is granted something, each once.
fn resources(policies: &[Policy], world: &World) -> Vec<String> {
    let allows = policies.iter().filter(|policy| policy.effect == Effect::Allow && !policy.groups.is_empty());
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

fn widening(reach: &Reach, operations: &OperationSet, world: &World) -> Vec<WideningWay> {
    let way = |(widening, opened_by): &(&'static Widening, OperationSet)| {
        // A place that the token names says more than "any other".
        let areas = reach.areas.iter();
        let areas = areas.filter(|area| area.operations.meets(opened_by));
        let opened = areas.filter_map(|area| Some((area.operations.and(opened_by).iter().next()?, area)));
        let (operation, area) = opened.min_by_key(|(_, area)| !area.places.iter().any(Place::is_named))?;
        let place = area.places.iter().find(|place| place.is_named()).or_else(|| area.places.first())?;
        let place = world.place_words(place);
        let is_inferred = widening.is_inferred();
        Some(WideningWay { way: widening.way, gains: widening.gains, operation, place, is_inferred })
    };
    // Nearly every token has none.
    if !operations.meets(&facts().opens_a_way) {
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
