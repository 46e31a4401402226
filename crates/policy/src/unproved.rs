//! What a token holds of which nobody has published what it opens.

use flarekeep_catalogue::Scope;

use crate::resource::Resource;
use crate::token::{Effect, Grant, Token};

/// A grant of which it is not known what it opens: a group that the catalogue does not have or has without operations,
/// or a resource of a kind that it does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unproved {
    /// Whether it grants or withholds.
    pub effect: Effect,
    /// The group.
    pub grant: Grant,
    /// Where.
    pub resource: Resource,
}

/// What `token` holds of that kind, in the order of its policies.
#[must_use]
pub(crate) fn unproved(token: &Token) -> Vec<Unproved> {
    let mut all: Vec<Unproved> = Vec::new();
    for policy in &token.policies {
        for grant in policy.groups.iter().filter(|grant| !policy.resources.is_empty() || is_unknown(grant)) {
            for resource in &policy.resources {
                if is_unknown(grant) || matches!(resource, Resource::Other(_)) {
                    all.push(Unproved { effect: policy.effect, grant: *grant, resource: resource.clone() });
                }
            }
        }
    }
    all.dedup();
    all
}

/// What `new` may allow beyond `old`, for all that is known: what it holds more of, and what it withholds less of.
#[must_use]
pub(crate) fn unproved_beyond(new: &Token, old: &Token) -> Vec<Unproved> {
    let (ours, theirs) = (unproved(new), unproved(old));
    let beyond = |all: &[Unproved], others: &[Unproved], effect: Effect| {
        all.iter().filter(|one| one.effect == effect && !others.contains(one)).cloned().collect::<Vec<_>>()
    };
    let mut all = beyond(&ours, &theirs, Effect::Allow);
    all.extend(beyond(&theirs, &ours, Effect::Deny));
    all
}

fn is_unknown(grant: &Grant) -> bool {
    match grant {
        Grant::Unknown(_) => true,
        Grant::Group(group) => {
            group.operation_indexes().is_empty() || matches!(group.scope, Scope::Unknown | Scope::FlagshipApp)
        }
    }
}
