//! The live list of permission groups beside the catalogue's.

use std::collections::{BTreeMap, HashSet};

use super::names::Names;
use super::{GroupFact, GroupFacts, ListOwner};
use crate::group::{Group, GroupProvenance, Scope, group_by_id, groups};
use crate::id::GroupId;

/// Each entry of a live list with what the catalogue knows of it, ordered by id.
pub fn meetings(facts: &GroupFacts) -> Vec<(&GroupFact, Meeting)> {
    Live::new(facts, &Names::new(Some(facts))).by_id.into_values().collect()
}

/// How an entry of the live list meets the catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meeting {
    /// The catalogue knows the id.
    ById(&'static Group),
    /// The catalogue knows a group of this name at this scope, and no id of it.
    ByName(&'static Group),
    /// The catalogue knows the name at this scope with another id, which the list lacks.
    AnotherId {
        /// The catalogue's group.
        group: &'static Group,
        /// Its id there.
        from: GroupId,
    },
    /// The catalogue knows nothing of it.
    Nobody,
}

/// A live list, matched with the catalogue.
pub(super) struct Live<'a> {
    facts: &'a GroupFacts,
    by_id: BTreeMap<GroupId, (&'a GroupFact, Meeting)>,
    /// The scopes of which the list has most groups that the catalogue knows by id.
    covered: Vec<Scope>,
}

impl<'a> Live<'a> {
    pub(super) fn new(facts: &'a GroupFacts, names: &Names) -> Self {
        let listed: HashSet<GroupId> = facts.groups.iter().map(|fact| fact.id).collect();
        let by_id = facts.groups.iter().map(|fact| (fact.id, (fact, meeting(fact, facts, names, &listed)))).collect();
        Self { facts, by_id, covered: covered(&listed) }
    }

    /// The entries with what they meet.
    pub(super) fn meetings(&self) -> impl Iterator<Item = &(&'a GroupFact, Meeting)> {
        self.by_id.values()
    }

    /// The entry of this id.
    pub(super) fn entry(&self, id: GroupId) -> Option<&'a GroupFact> {
        self.by_id.get(&id).map(|(fact, _)| *fact)
    }

    /// The entry that gives a group without a published id one.
    pub(super) fn id_of(&self, group: &Group) -> Option<&'a GroupFact> {
        let meets = |meeting: &Meeting| matches!(meeting, Meeting::ByName(met) if *met == group);
        self.by_id.values().find(|(_, meeting)| meets(meeting)).map(|(fact, _)| *fact)
    }

    /// The entry of another id that has the group's own name at the group's scope.
    pub(super) fn namesake(&self, group: &Group) -> Option<&'a GroupFact> {
        let same = |fact: &&GroupFact| Some(fact.id) != group.id && fact.name == group.name && has(fact, group.scope);
        self.facts.groups.iter().find(same)
    }

    /// The catalogue's groups that the list lacks, with their ids, though it has most of their scope. A group whose
    /// name has another id now is none of them.
    pub(super) fn gone(&self) -> impl Iterator<Item = (&'static Group, GroupId)> {
        groups().iter().filter_map(|group| Some((group, group.id?))).filter(|(group, id)| self.is_gone(group, *id))
    }

    /// Whether the list lacks the group, and has most of its scope: it shows then that the group is not there.
    pub(super) fn is_gone(&self, group: &Group, id: GroupId) -> bool {
        let moved =
            self.by_id.values().any(|(_, meeting)| matches!(meeting, Meeting::AnotherId { from, .. } if *from == id));
        self.covers(group.scope) && !self.by_id.contains_key(&id) && !moved
    }

    fn covers(&self, scope: Scope) -> bool {
        let of_another_list = self.facts.owner == ListOwner::Account && scope == Scope::User;
        !of_another_list && self.covered.contains(&scope)
    }
}

/// The scopes of which the list has at least half of the groups that the catalogue knows by id. One that has fewer is a
/// part, or is not Cloudflare's: what it lacks says nothing of the group.
fn covered(listed: &HashSet<GroupId>) -> Vec<Scope> {
    let mut scopes: Vec<(Scope, usize, usize)> = Vec::new();
    for (group, id) in groups().iter().filter_map(|group| Some((group, group.id?))) {
        let held = usize::from(listed.contains(&id));
        match scopes.iter_mut().find(|(scope, ..)| *scope == group.scope) {
            Some((_, all, there)) => (*all, *there) = (*all + 1, *there + held),
            None => scopes.push((group.scope, 1, held)),
        }
    }
    scopes.into_iter().filter(|(_, all, there)| there * 2 >= *all).map(|(scope, ..)| scope).collect()
}

fn meeting(fact: &GroupFact, all: &GroupFacts, names: &Names, listed: &HashSet<GroupId>) -> Meeting {
    if let Some(group) = group_by_id(fact.id) {
        return Meeting::ById(group);
    }
    let called = names.called(&fact.name);
    let without_id = || called.iter().copied().filter(|group| group.id.is_none());
    let at_scope = without_id().find(|group| has(fact, group.scope));
    // An inferred scope may be wrong, and some are not known at all; unless the list has the name where it should be.
    let elsewhere = |group: &&Group| !all.groups.iter().any(|other| other.name == fact.name && has(other, group.scope));
    let unsure = || without_id().filter(elsewhere).find(|group| group.provenance != GroupProvenance::Published);
    if let Some(group) = at_scope.or_else(unsure) {
        return Meeting::ByName(group);
    }
    let replaced = called.iter().find(|group| group.name == fact.name && has(fact, group.scope));
    match replaced.and_then(|group| Some((*group, group.id?))) {
        Some((group, from)) if !listed.contains(&from) => Meeting::AnotherId { group, from },
        _ => Meeting::Nobody,
    }
}

fn has(fact: &GroupFact, scope: Scope) -> bool {
    scope != Scope::Unknown && fact.scopes.iter().any(|key| key == scope.key())
}
