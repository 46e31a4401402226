//! Taking groups out of policies that deny: what else they deny stays denied.

use flarekeep_catalogue::{Group, Rule};
use flarekeep_cloudflare as api;
use flarekeep_planner::Choice;
use flarekeep_policy::{Effect, Policy, Request, Resource, Token, explain};

use crate::error::Error;
use crate::translate::{GroupIds, grant_from_wire, policy_from_wire, policy_to_wire};

/// The groups by which policies of the token withhold the call, each at the resource where it does.
pub(super) fn withholding(token: &Token, request: &Request) -> Vec<Choice> {
    if !matches!(request.operation.rule, Rule::AnyOf | Rule::AllOf) {
        return Vec::new();
    }
    let held = explain(token, request).held.into_iter();
    let denied = held.filter(|hold| hold.effect == Effect::Deny && hold.covers);
    denied.map(|hold| Choice { group: hold.group, resource: hold.resource }).collect()
}

/// The policies without these denials. A policy that denies at several resources is parted where it must be.
pub(super) fn lifted(policies: &[api::Policy], denials: &[Choice]) -> Result<Vec<api::Policy>, Error> {
    let mut all = Vec::new();
    for policy in policies {
        let read = policy_from_wire(policy)?;
        let lifts = |group: Option<&'static Group>, resource: &Resource| {
            denials.iter().any(|denial| Some(denial.group) == group && denial.resource == *resource)
        };
        let concerned = read.groups.iter().any(|grant| read.resources.iter().any(|at| lifts(grant.group(), at)));
        if read.effect == Effect::Allow || !concerned {
            all.push(policy.clone());
            continue;
        }
        let mut parts: Vec<(Vec<api::GroupReference>, Vec<Resource>)> = Vec::new();
        for resource in read.resources {
            let stays = |reference: &&api::GroupReference| !lifts(grant_from_wire(reference).group(), &resource);
            let groups: Vec<_> = policy.permission_groups.iter().filter(stays).cloned().collect();
            match parts.iter_mut().find(|(others, _)| *others == groups) {
                Some((_, resources)) => resources.push(resource),
                None => parts.push((groups, vec![resource])),
            }
        }
        for (permission_groups, resources) in parts.into_iter().filter(|(groups, _)| !groups.is_empty()) {
            let bare = Policy { effect: Effect::Deny, resources, groups: Vec::new() };
            let written = policy_to_wire(&bare, &GroupIds::default())?;
            all.extend(
                written.into_iter().map(|part| api::Policy { permission_groups: permission_groups.clone(), ..part }),
            );
        }
    }
    Ok(all)
}
