//! What two tokens mean: when, from where and for what each may be used, whatever its spelling.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::GroupId;
use flarekeep_cloudflare as api;
use flarekeep_policy::{
    AddressSet, Effect, Grant, IpCondition, IpSet, Owner, Ownership, Policy, Resource, Token, UnixSeconds, canonical,
    compare, document,
};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use super::document::End;
use super::wanted::Wanted;
use crate::error::Error;
use crate::translate::{UNNAMED_USER, policy_from_wire};

/// Two clocks of one minute may differ by so much, and a token is made a little after its end is reckoned.
const SLACK: SignedDuration = SignedDuration::from_mins(10);

/// A group at a resource, granted or withheld: all that policies say, whatever their order and division.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Saying {
    pub(super) denies: bool,
    pub(super) group: GroupId,
    pub(super) resource: Resource,
}

/// What the policies of two tokens allow beyond each other.
#[derive(Debug, Default)]
pub(super) struct Grants {
    /// What only the new one says, and what each group is called.
    pub(super) added: Vec<(Saying, Grant)>,
    /// What only the old one says.
    pub(super) removed: Vec<(Saying, Grant)>,
    /// Whether the new one may allow anything that the old one does not.
    pub(super) is_wider: bool,
    /// The reverse.
    pub(super) is_narrower: bool,
    /// A call that only the new one allows.
    pub(super) example: Option<String>,
}

/// Compares what policies grant, by what every operation makes of them.
pub(super) fn grants(
    new: (&[api::Policy], api::Owner),
    old: (&[api::Policy], api::Owner),
    ownership: &Ownership,
    now: UnixSeconds,
) -> Result<Grants, Error> {
    let read = |policies: &[api::Policy]| policies.iter().map(policy_from_wire).collect::<Result<Vec<_>, _>>();
    let (mut new_policies, mut old_policies) = (read(new.0)?, read(old.0)?);
    // The API drops names: what one of them knows by name, the other holds, too.
    let mut known: BTreeMap<GroupId, Grant> = BTreeMap::new();
    for (wire, read) in new.0.iter().zip(&new_policies).chain(old.0.iter().zip(&old_policies)) {
        for (reference, grant) in wire.permission_groups.iter().zip(&read.groups) {
            let better = grant.group().is_some() || !known.contains_key(&reference.id);
            if better {
                known.insert(reference.id, *grant);
            }
        }
    }
    for (wire, read) in new.0.iter().zip(&mut new_policies).chain(old.0.iter().zip(&mut old_policies)) {
        for (reference, grant) in wire.permission_groups.iter().zip(&mut read.groups) {
            *grant = known.get(&reference.id).copied().unwrap_or(*grant);
        }
    }
    let (new_says, old_says) = (sayings(new.0, &new_policies), sayings(old.0, &old_policies));
    let beyond = |these: &BTreeSet<Saying>, those: &BTreeSet<Saying>| {
        let only = these.difference(those).cloned();
        only.map(|saying| {
            let grant = known.get(&saying.group).copied().unwrap_or(Grant::Unknown(saying.group));
            (saying, grant)
        })
        .collect::<Vec<_>>()
    };
    let (added, removed) = (beyond(&new_says, &old_says), beyond(&old_says, &new_says));
    if added.is_empty() && removed.is_empty() && new.1 == old.1 {
        return Ok(Grants::default());
    }
    let user = document::user_in(&new_policies).or(document::user_in(&old_policies)).unwrap_or(UNNAMED_USER);
    let token = |policies: Vec<Policy>, owner| {
        let owner = match owner {
            api::Owner::User => Owner::User(user),
            api::Owner::Account(account) => Owner::Account(account),
        };
        Token::unconditional(owner, policies)
    };
    let compared = compare(&token(old_policies, old.1), &token(new_policies, new.1), ownership, now);
    let example =
        compared.gained.example.as_ref().map(|example| format!("{} at {}", example.request.operation, example.place));
    Ok(Grants {
        added,
        removed,
        is_wider: !compared.gained.is_nothing(),
        is_narrower: !compared.lost.is_nothing(),
        example,
    })
}

/// All that policies say, one group at one resource at a time.
pub(super) fn sayings(wire: &[api::Policy], read: &[Policy]) -> BTreeSet<Saying> {
    let of_policy = |(wire, read): (&api::Policy, &Policy)| {
        let denies = read.effect == Effect::Deny;
        let groups = wire.permission_groups.iter().map(|reference| reference.id);
        let resources = read.resources.clone();
        groups
            .flat_map(move |group| {
                resources.clone().into_iter().map(move |resource| Saying { denies, group, resource })
            })
            .collect::<Vec<_>>()
    };
    wire.iter().zip(read).flat_map(of_policy).collect()
}

/// The end that a living token is to have: its own, where it agrees with the declaration.
///
/// A declared age counts from the making, so that an end comes nearer by itself and that is no drift. It is drift where
/// there is no end, where it is further away than the age allows from now on, or where the token was made for a shorter
/// life than the declared one.
pub(super) fn end(declared: End, living: &api::Token, now: Timestamp) -> Option<Timestamp> {
    let age = match declared {
        End::Never => return None,
        End::At(end) => return Some(end),
        End::After(age) => age,
    };
    let slack = slack(age.duration());
    let Some(end) = living.expires_on.map(whole) else { return Some(age.after(now)) };
    if end.duration_since(age.after(now)) > slack {
        return Some(age.after(now));
    }
    match living.issued_on.map(whole) {
        // A longer life than the declared one is one that was moved on the way, and ends in time.
        Some(made) if age.after(made).duration_since(end) > slack => Some(age.after(made)),
        _ => Some(end),
    }
}

/// A tenth of a short age is much of it.
pub(super) fn slack(age: SignedDuration) -> SignedDuration {
    SLACK.min(age / 10)
}

/// In whole seconds, as Cloudflare keeps it.
pub(super) fn whole(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// From where a declared token may be used.
pub(super) fn wanted_addresses(wanted: &Wanted) -> IpCondition {
    let set = |ranges: &[IpNet]| (!ranges.is_empty()).then(|| IpSet(ranges.to_vec()));
    IpCondition { within: set(&wanted.allow_ips), not_within: set(&wanted.deny_ips) }
}

/// From where a living token may be used.
pub(super) fn living_addresses(token: &api::Token) -> IpCondition {
    let ip = token.condition.as_ref().and_then(|condition| condition.request_ip.clone()).unwrap_or_default();
    let set = |ranges: Vec<IpNet>| IpSet(ranges.into_iter().map(canonical).collect());
    IpCondition { within: ip.within.map(set), not_within: ip.not_within.map(set) }
}

/// The addresses of a condition as people write them.
pub(super) fn addresses_in_words(condition: &IpCondition) -> String {
    let list = |set: &IpSet| {
        let whole: Vec<IpNet> = set.0.iter().map(IpNet::trunc).collect();
        IpNet::aggregate(&whole).iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let within = match &condition.within {
        None => "any address".to_owned(),
        Some(set) if set.0.is_empty() => "no address".to_owned(),
        Some(set) => list(set),
    };
    match condition.not_within.as_ref().filter(|set| !set.0.is_empty()) {
        Some(set) => format!("{within} but {}", list(set)),
        None => within,
    }
}

/// Whether the first condition admits an address that the second does not.
pub(super) fn admits_more(one: &IpCondition, other: &IpCondition) -> bool {
    !AddressSet::admitted(one).minus(&AddressSet::admitted(other)).is_empty()
}
