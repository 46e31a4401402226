//! What stands behind a decision: which policies, which groups, and what would mend it.

use flarekeep_catalogue::{Group, Rule, Scope};

use crate::decision::Decision;
use crate::request::Request;
use crate::resource::Resource;
use crate::token::{Effect, Policy, Token};
use crate::walk::covers;

/// A decision with its grounds. It costs a walk over all policies; [`crate::CompiledToken::decide`] does not.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// Every accepted group that some policy holds, where, and whether it takes effect on this call.
    pub held: Vec<Hold>,
    /// The groups of which the call needs one (or all, where the operation says so), each at the narrowest resource
    /// that would do; empty where none is known.
    pub lacking: Vec<(&'static Group, Resource)>,
}

/// One accepted group in one policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Hold {
    /// The policy's position in the token.
    pub policy: usize,
    /// Its effect.
    pub effect: Effect,
    /// The group.
    pub group: &'static Group,
    /// The resource.
    pub resource: Resource,
    /// Whether it covers the call.
    pub covers: bool,
}

/// Explains the decision on one call.
#[must_use]
pub fn explain(token: &Token, request: &Request) -> Explanation {
    let decision = token.compile().decide(request);
    let held = token.policies.iter().enumerate().flat_map(|(at, policy)| holds(at, policy, request)).collect();
    let lacking =
        if decision.allow || request.operation.rule == Rule::AnyToken { Vec::new() } else { lacking(request) };
    Explanation { decision, held, lacking }
}

fn holds(at: usize, policy: &Policy, request: &Request) -> Vec<Hold> {
    let accepted = policy.known_groups().filter(|group| request.operation.accepts_group(group));
    accepted
        .flat_map(|group| {
            policy.resources.iter().map(move |resource| Hold {
                policy: at,
                effect: policy.effect,
                group,
                resource: resource.clone(),
                covers: resource.scope() == group.scope && covers(resource, request, policy.effect),
            })
        })
        .collect()
}

fn lacking(request: &Request) -> Vec<(&'static Group, Resource)> {
    request
        .operation
        .accepts()
        .filter_map(|group| {
            let resource = match group.scope {
                Scope::User => Resource::User(request.user?),
                Scope::Account => Resource::Account(request.account?),
                Scope::Zone => match (request.zone, request.account) {
                    (Some(zone), _) => Resource::Zone(zone),
                    (None, Some(account)) => Resource::AllZonesOf(account),
                    (None, None) => Resource::AllZones,
                },
                Scope::Bucket => Resource::Bucket(request.bucket.clone()?),
                Scope::FlagshipApp | Scope::Unknown => return None,
            };
            Some((group, resource))
        })
        .collect()
}
