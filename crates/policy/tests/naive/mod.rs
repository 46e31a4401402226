//! A second evaluator, written from the documentation as plainly as can be: it walks every policy, resource and group.
//! It shares the vocabulary of the crate (tokens, requests, causes) and none of its machinery.

use flarekeep_catalogue::{Group, Method, Rule, Scope};
use flarekeep_policy::{Cause, Effect, Grant, Owner, Policy, Request, Resource, Status, Token};

pub(crate) fn decide(token: &Token, request: &Request) -> Cause {
    if token.status == Status::RevokedExposed {
        return Cause::RevokedExposed;
    }
    if matches!(token.status, Status::Disabled | Status::Unknown) {
        return Cause::Disabled;
    }
    if token.status == Status::Expired || token.expires_on.is_some_and(|end| end <= request.at) {
        return Cause::Expired;
    }
    if token.not_before.is_some_and(|start| start > request.at) {
        return Cause::NotYetValid;
    }
    if !address_allowed(token, request) {
        return Cause::AddressNotAllowed;
    }
    let operation = request.operation;
    if operation.rule == Rule::AnyToken {
        return Cause::AnyToken;
    }
    if operation.rule == Rule::Unlabelled {
        return Cause::Unlabelled;
    }
    if let (Owner::Account(owner), Some(account)) = (token.owner, request.account)
        && owner != account
    {
        return Cause::OutsideOwner;
    }
    let accepted: Vec<&Group> = operation.accepts().collect();
    let policies = |effect| token.policies.iter().filter(move |policy| policy.effect == effect);
    if accepted.iter().any(|group| policies(Effect::Deny).any(|policy| covers(policy, group, request))) {
        return Cause::Denied;
    }
    let suffices = |held: &dyn Fn(&Group) -> bool| match operation.rule {
        Rule::AllOf => accepted.iter().all(|group| held(group)),
        _ => accepted.iter().any(|group| held(group)),
    };
    if suffices(&|group| policies(Effect::Allow).any(|policy| covers(policy, group, request))) {
        return Cause::Granted;
    }
    let right_scope = |policy: &Policy, group: &Group| {
        has(policy, group) && policy.resources.iter().any(|resource| scope_of(resource) == Some(group.scope))
    };
    if suffices(&|group| policies(Effect::Allow).any(|policy| right_scope(policy, group))) {
        return Cause::OtherResource;
    }
    let somewhere = |policy: &Policy, group: &Group| has(policy, group) && !policy.resources.is_empty();
    if suffices(&|group| policies(Effect::Allow).any(|policy| somewhere(policy, group))) {
        return Cause::WrongScope;
    }
    Cause::MissingGroup
}

fn address_allowed(token: &Token, request: &Request) -> bool {
    let ip = &token.ip;
    let listed = |list: &flarekeep_policy::IpSet| {
        let address = request.ip.map(|address| address.to_canonical());
        list.0.iter().any(|range| address.is_some_and(|address| range.contains(&address)))
    };
    let restricted = ip.within.is_some() || ip.not_within.as_ref().is_some_and(|list| !list.0.is_empty());
    if restricted && request.ip.is_none() {
        return false;
    }
    ip.within.as_ref().is_none_or(listed) && !ip.not_within.as_ref().is_some_and(listed)
}

fn has(policy: &Policy, group: &Group) -> bool {
    policy.groups.iter().any(|grant| matches!(grant, Grant::Group(held) | Grant::Named(held, _) if *held == group))
}

fn scope_of(resource: &Resource) -> Option<Scope> {
    match resource {
        Resource::User(_) => Some(Scope::User),
        Resource::Account(_) | Resource::AllAccounts => Some(Scope::Account),
        Resource::Zone(_) | Resource::ZoneOf(..) | Resource::AllZonesOf(_) | Resource::AllZones => Some(Scope::Zone),
        Resource::Bucket(_) | Resource::AllBucketsOf(_) => Some(Scope::Bucket),
        Resource::Other(_) => None,
    }
}

fn covers(policy: &Policy, group: &Group, request: &Request) -> bool {
    let place = ["/accounts/{", "/zones/{", "s3://{"];
    let list = !place.iter().any(|place| request.operation.path().starts_with(place));
    let list = list && request.account.is_none() && request.zone.is_none() && policy.effect == Effect::Allow;
    let filtered = list && !(request.operation.path() == "/zones" && request.operation.method == Method::Post);
    has(policy, group)
        && policy.resources.iter().any(|resource| match (group.scope, resource) {
            (Scope::User, Resource::User(user)) => request.user == Some(*user),
            (Scope::Account, Resource::Account(account)) => list || request.account == Some(*account),
            (Scope::Account, Resource::AllAccounts) | (Scope::Zone, Resource::AllZones) => true,
            (Scope::Zone, Resource::Zone(zone)) => filtered || request.zone == Some(*zone),
            (Scope::Zone, Resource::ZoneOf(account, zone)) => {
                filtered || request.zone == Some(*zone) && request.account == Some(*account)
            }
            (Scope::Zone, Resource::AllZonesOf(account)) => list || request.account == Some(*account),
            (Scope::Bucket, Resource::Bucket(bucket)) => request.bucket.as_ref() == Some(bucket),
            (Scope::Bucket, Resource::AllBucketsOf(account)) => {
                request.bucket.as_ref().map(|bucket| bucket.account) == Some(*account)
            }
            _ => false,
        })
}
