//! A token narrowed to what it was seen to do.

use flarekeep_catalogue::{Group, groups};
use flarekeep_planner::{Need, Options, Plan, canonical, plan};
use flarekeep_policy::{Effect, Grant, Policy, Request, Resource, Token, UnixSeconds, compare};

use super::facts::facts;
use super::measure::{Measured, as_measured, products};
use super::{Narrower, UsedOperation};
use crate::token::TokenRecord;
use crate::usage::TokenUsage;
use crate::world::World;

/// What the token would be if it were narrowed to what it was seen to do; none where it did nothing, or where that is
/// not narrower.
pub(super) fn narrower(
    record: &TokenRecord,
    measured: &Measured,
    usage: &TokenUsage,
    world: &World,
    now: UnixSeconds,
) -> Option<Narrower> {
    // A call that nobody knows may need anything of what it holds.
    if usage.calls.is_empty() || usage.unknown > 0 {
        return None;
    }
    let used: Vec<UsedOperation> = usage
        .operations()
        .map(|(operation, target, called)| UsedOperation { operation, target: target.clone(), times: called.times })
        .collect();
    let is_complete = usage.is_recorded;
    let planned = planned(record, &used, world);
    let proposals = [planned.map(|plan| (plan.policies(), Some(plan))), Some((exercised(record, &used, now), None))];
    let within = |policies: &[Policy]| {
        let new = Token { policies: policies.to_vec(), ..measured.token.clone() };
        let comparison = compare(&measured.token, &new, &measured.ownership, now);
        comparison.is_no_new_access().then_some((new, comparison))
    };
    let (policies, plan, new, comparison) = proposals.into_iter().flatten().find_map(|(policies, plan)| {
        let kept = if is_complete { Vec::new() } else { reading(record, &policies) };
        let policies = canonical(&[policies, kept].concat());
        let meets = used.iter().all(|one| is_met(&policies, record, one, now));
        let (new, comparison) = within(&policies).filter(|_| meets)?;
        // Audit logs say nothing of reads: what takes one away is no proposal.
        let keeps_reads = is_complete || !comparison.lost.operations().meets(&facts().reads);
        if !keeps_reads {
            return None;
        }
        Some((policies, plan, new, comparison))
    })?;
    let (lost, facts) = (comparison.lost.operations(), facts());
    if comparison.is_same() {
        return None;
    }
    let narrowed = TokenRecord { policies: Some(new.policies), ..record.clone() };
    Some(Narrower {
        used,
        policies,
        plan,
        lost: products(&lost.and(&facts.granted), facts),
        lost_reads: lost.count_in(&facts.reads),
        lost_writes: lost.count_in(&facts.writes),
        score: Measured::of(as_measured(&narrowed, now), world, now).shown.score,
        is_complete,
    })
}

/// The smallest policies for what was used, where they are known to do for all of it.
fn planned(record: &TokenRecord, used: &[UsedOperation], world: &World) -> Option<Plan> {
    let need = |one: &UsedOperation| {
        let mut resource = one.target.clone();
        let owner = resource.zone.and_then(|zone| world.zones.get(&zone)).and_then(|facts| facts.account);
        resource.account = resource.account.or(owner);
        Need { operation: one.operation, resource, why: String::new(), origin: "usage".to_owned() }
    };
    let needs: Vec<Need> = used.iter().map(need).collect();
    Some(plan(&needs, &Options::new(record.engine_owner()))).filter(Plan::meets_all)
}

/// All that the token may read: audit logs do not show whether it does. A group that may change something reads, too: the
/// group for reading takes its place, unless `policies` have the first itself.
fn reading(record: &TokenRecord, policies: &[Policy]) -> Vec<Policy> {
    let is_there = |grant: &Grant, resource: &Resource| {
        policies.iter().any(|policy| {
            let wider = policy.resources.iter().any(|at| at.includes(resource));
            policy.effect == Effect::Allow && wider && policy.groups.contains(grant)
        })
    };
    let of = |policy: &Policy| -> Vec<Policy> {
        if policy.effect == Effect::Deny {
            return vec![policy.clone()];
        }
        let of_group = |grant: &Grant| {
            let resources: Vec<Resource> = policy.resources.iter().filter(|at| !is_there(grant, at)).cloned().collect();
            let groups = vec![for_reading(*grant).unwrap_or(*grant)];
            (!resources.is_empty()).then_some(Policy { groups, resources, effect: Effect::Allow })
        };
        policy.groups.iter().filter_map(of_group).collect()
    };
    record.policies().iter().flat_map(of).collect()
}

/// The group that reads all that this one reads, and does nothing that this one does not; none where there is no such
/// group, or it is not known what this one opens.
fn for_reading(grant: Grant) -> Option<Grant> {
    let group = grant.group().filter(|group| !group.is_named_for_reading())?;
    let opened = group.operation_indexes();
    let fits = |other: &&'static Group| {
        let theirs = other.operation_indexes();
        let mut reads = group.operations().filter(|operation| !operation.mutates());
        !theirs.is_empty()
            && other.id.is_some()
            && theirs.iter().all(|operation| opened.contains(operation))
            && reads.all(|operation| theirs.contains(&operation.index))
    };
    let siblings = groups().iter().filter(|other| other.scope == group.scope && other.is_named_for_reading());
    siblings.into_iter().find(fits).map(Grant::Group)
}

/// Those of the token's own grants that are needed for what it was seen to do, and all that it withholds.
fn exercised(record: &TokenRecord, used: &[UsedOperation], now: UnixSeconds) -> Vec<Policy> {
    kept(record, |policy, grant| {
        policy.effect == Effect::Deny
            || policy.resources.iter().any(|resource| is_exercised(record, *grant, resource, used, now))
    })
}

fn kept(record: &TokenRecord, keep: impl Fn(&Policy, &Grant) -> bool) -> Vec<Policy> {
    let some = |policy: &Policy| {
        let groups: Vec<Grant> = policy.groups.iter().filter(|grant| keep(policy, grant)).copied().collect();
        (!groups.is_empty()).then(|| Policy { groups, ..policy.clone() })
    };
    record.policies().iter().filter_map(some).collect()
}

/// Whether a group at a resource is good for anything that was done: it alone would open it, or is one of those needed.
pub(crate) fn is_exercised(
    record: &TokenRecord,
    grant: Grant,
    resource: &Resource,
    used: &[UsedOperation],
    now: UnixSeconds,
) -> bool {
    let Some(group) = grant.group() else { return true };
    let alone = [Policy::allowing(grant, resource.clone())];
    used.iter().any(|one| {
        one.operation.accepts_group(group)
            && (one.operation.rule == flarekeep_catalogue::Rule::AllOf || is_met(&alone, record, one, now))
    })
}

/// Whether policies allow what was done. A zone whose owner is not known may be of any account.
fn is_met(policies: &[Policy], record: &TokenRecord, one: &UsedOperation, now: UnixSeconds) -> bool {
    let owner = record.engine_owner();
    let token = Token::unconditional(owner, policies.to_vec());
    let need =
        Need { operation: one.operation, resource: one.target.clone(), why: String::new(), origin: String::new() };
    let request: Request = need.request(owner, now);
    if token.decide(&request).allow {
        return true;
    }
    request.account.is_none()
        && policies.iter().flat_map(|policy| &policy.resources).any(|resource| match resource {
            Resource::Account(account) | Resource::AllZonesOf(account) => {
                token.decide(&Request { account: Some(*account), ..request.clone() }).allow
            }
            _ => false,
        })
}
