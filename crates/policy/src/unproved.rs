//! What a token holds of which nobody has published what it opens.

use std::collections::BTreeMap;

use flarekeep_catalogue::{Group, GroupId, GroupProvenance, Scope};

use crate::resource::Resource;
use crate::token::{Effect, Grant, Owner, Policy, Token};

/// A grant of which it is not known what it opens: a group that the catalogue does not have or has without operations,
/// a group of an inferred scope at another scope, or a resource of a kind that the engine does not know. In a comparison
/// it is as well a group withheld of which it is not known what its loss opens.
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
    let mut all: Vec<Unproved> =
        token.policies.iter().flat_map(entries).filter(Entry::is_unproved).map(Unproved::from).collect();
    all.dedup();
    all
}

/// What `new` may allow beyond `old`, for all that is known: what it holds more of, and what it withholds less of.
///
/// What is not known may open any operation. So a token that an account owns, which reaches nothing outside, has less of
/// it than any other that holds the same; and while `new` holds any of it, all that `old` withholds has to be withheld.
#[must_use]
pub(crate) fn unproved_beyond(new: &Token, old: &Token) -> Vec<Unproved> {
    let (ours, theirs) = (unproved(new), unproved(old));
    let (ours, theirs) = (allowed(&ours), allowed(&theirs));
    let kept_inside = matches!(old.owner, Owner::Account(_)) && new.owner != old.owner;
    let beyond = ours.iter().filter(|one| kept_inside || !theirs.contains(one));
    let mut all: Vec<Unproved> = beyond.map(|one| (*one).clone()).collect();
    let mut withheld: BTreeMap<(Option<u16>, Option<GroupId>), Vec<&Resource>> = BTreeMap::new();
    denied(new).for_each(|entry| withheld.entry(number(&entry.grant)).or_default().push(entry.resource));
    let still = |entry: &Entry<'_>| {
        let at = withheld.get(&number(&entry.grant)).map(Vec::as_slice).unwrap_or_default();
        at.iter().any(|resource| resource.includes(entry.resource))
    };
    let matters = |entry: &Entry<'_>| !ours.is_empty() || entry.is_unproved();
    all.extend(denied(old).filter(|entry| matters(entry) && !still(entry)).map(Unproved::from));
    all.dedup();
    all
}

fn allowed(all: &[Unproved]) -> Vec<&Unproved> {
    all.iter().filter(|one| one.effect == Effect::Allow).collect()
}

/// What a token withholds, for all that is known.
fn denied(token: &Token) -> impl Iterator<Item = Entry<'_>> {
    let policies = token.policies.iter().filter(|policy| policy.effect == Effect::Deny);
    policies.flat_map(entries).filter(|entry| match entry.grant {
        Grant::Group(group) => group.scope == entry.resource.scope() || entry.is_unproved(),
        Grant::Named(..) | Grant::Unknown(_) => true,
    })
}

/// One group of a policy at one of its resources.
struct Entry<'a> {
    effect: Effect,
    grant: Grant,
    resource: &'a Resource,
}

fn entries(policy: &Policy) -> impl Iterator<Item = Entry<'_>> {
    let effect = policy.effect;
    let at = move |grant: Grant| policy.resources.iter().map(move |resource| Entry { effect, grant, resource });
    policy.groups.iter().copied().flat_map(at)
}

impl Entry<'_> {
    fn is_unproved(&self) -> bool {
        // Where the scope of a group is inferred, it is not known that the group opens nothing at another.
        let is_misplaced =
            |group: &Group| group.provenance == GroupProvenance::ScopeInferred && group.scope != self.resource.scope();
        is_unknown(&self.grant)
            || matches!(self.resource, Resource::Other(_))
            || matches!(self.grant, Grant::Group(group) if is_misplaced(group))
    }
}

impl From<Entry<'_>> for Unproved {
    fn from(entry: Entry<'_>) -> Self {
        Self { effect: entry.effect, grant: entry.grant, resource: entry.resource.clone() }
    }
}

fn number(grant: &Grant) -> (Option<u16>, Option<GroupId>) {
    match grant {
        Grant::Group(group) => (Some(group.index), None),
        Grant::Named(group, id) => (Some(group.index), Some(*id)),
        Grant::Unknown(id) => (None, Some(*id)),
    }
}

fn is_unknown(grant: &Grant) -> bool {
    match grant {
        Grant::Unknown(_) | Grant::Named(..) => true,
        Grant::Group(group) => {
            group.operation_indexes().is_empty() || matches!(group.scope, Scope::Unknown | Scope::FlagshipApp)
        }
    }
}
