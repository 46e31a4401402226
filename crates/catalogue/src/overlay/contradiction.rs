//! Which facts of the catalogue an overlay denies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::change::differs;
use super::live::Live;
use super::names::{Names, find};
use super::openapi::is_of_schema;
use super::{GroupFact, OperationFact, Overlay, as_text};
use crate::group::{Group, Scope};
use crate::id::GroupId;
use crate::operation::{Operation, Rule};

/// A fact of the catalogue that a plan rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// The group is there, under its id, its name and its scope.
    Group(&'static Group),
    /// The operation accepts one of these groups; all of them where it needs all.
    Accepts(&'static Operation, Vec<&'static Group>),
    /// Any valid token may call the operation.
    AnyToken(&'static Operation),
}

/// Which half of an overlay is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Half {
    /// [`Overlay::groups`].
    Groups,
    /// [`Overlay::operations`].
    Operations,
}

/// A fact that an overlay denies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "contradiction", rename_all = "kebab-case")]
pub enum Contradiction {
    /// The live list lacks the group's id, and has most of its scope.
    GroupGone {
        /// The group's name.
        group: &'static str,
        /// Its scope's key.
        scope: &'static str,
        /// Its id.
        #[serde(with = "as_text")]
        id: GroupId,
    },
    /// The group takes effect at resources of another scope.
    ScopeMoved {
        /// The group's name.
        group: &'static str,
        /// The catalogue's scope key.
        scope: &'static str,
        /// The live scopes' keys.
        now: Vec<String>,
    },
    /// The group's name belongs to another id.
    NameMoved {
        /// The group's name.
        group: &'static str,
        /// The catalogue's id.
        #[serde(with = "as_text")]
        id: GroupId,
        /// The id that has the name in the live list.
        #[serde(with = "as_text")]
        now: GroupId,
    },
    /// The operation does not accept these groups any more.
    NotAccepted {
        /// The operation.
        operation: String,
        /// The groups that the plan rests on.
        groups: Vec<String>,
        /// What the document names; empty where it names nothing any more.
        accepts: Vec<String>,
    },
    /// The operation needs a group, and not only a valid token.
    GroupNeeded {
        /// The operation.
        operation: String,
        /// What the document names.
        accepts: Vec<String>,
    },
    /// The document lacks the operation.
    OperationGone {
        /// The operation.
        operation: String,
    },
}

impl Contradiction {
    /// The half of the overlay that denies the fact: it has the date and the source.
    pub fn half(&self) -> Half {
        match self {
            Self::GroupGone { .. } | Self::ScopeMoved { .. } | Self::NameMoved { .. } => Half::Groups,
            Self::NotAccepted { .. } | Self::GroupNeeded { .. } | Self::OperationGone { .. } => Half::Operations,
        }
    }
}

/// Those of the facts that the overlay denies, in the order of [`Contradiction`], none twice. A group that was only
/// renamed is none: its id is what counts.
pub fn contradictions(overlay: &Overlay, facts: &[Fact]) -> Vec<Contradiction> {
    let names = Names::new(overlay.groups.as_ref());
    let live = overlay.groups.as_ref().map(|facts| Live::new(facts, &names));
    let news = News::new(overlay);
    let mut found = BTreeSet::new();
    for fact in facts {
        match fact {
            Fact::Group(group) => found.extend(live.as_ref().and_then(|live| of_group(live, group))),
            Fact::Accepts(operation, by) => found.extend(news.of(&names, operation, by)),
            Fact::AnyToken(operation) => found.extend(news.of(&names, operation, &[])),
        }
    }
    found.into_iter().collect()
}

fn of_group(live: &Live, group: &'static Group) -> Option<Contradiction> {
    let Some(id) = group.id else { return of_nameless_id(live, group) };
    let moved = |fact: &GroupFact| !fact.scopes.is_empty() && !fact.scopes.iter().any(|key| key == group.scope.key());
    if let Some(fact) = live.entry(id).filter(|fact| moved(fact)) {
        return Some(scope_moved(group, fact));
    }
    let kept = live.entry(id).is_some_and(|fact| fact.name == group.name);
    if let Some(namesake) = live.namesake(group).filter(|_| !kept) {
        return Some(Contradiction::NameMoved { group: group.name, id, now: namesake.id });
    }
    live.is_gone(group, id).then_some(Contradiction::GroupGone { group: group.name, scope: group.scope.key(), id })
}

/// A group without a published id is asked for by name and scope: an inferred scope may turn out wrong.
fn of_nameless_id(live: &Live, group: &'static Group) -> Option<Contradiction> {
    let fact = live.id_of(group)?;
    let there = group.scope == Scope::Unknown
        || fact.scopes.is_empty()
        || fact.scopes.iter().any(|key| key == group.scope.key());
    (!there).then(|| scope_moved(group, fact))
}

fn scope_moved(group: &'static Group, fact: &GroupFact) -> Contradiction {
    Contradiction::ScopeMoved { group: group.name, scope: group.scope.key(), now: fact.scopes.clone() }
}

/// What a document says of the catalogue's operations, by their positions.
struct News<'a> {
    differing: BTreeMap<u16, &'a OperationFact>,
    gone: BTreeSet<u16>,
}

impl<'a> News<'a> {
    fn new(overlay: &'a Overlay) -> Self {
        let facts = || overlay.operations.iter();
        let differing = facts().flat_map(|facts| &facts.operations);
        let gone = facts().flat_map(|facts| &facts.gone).filter_map(|gone| find(gone.method, &gone.path));
        Self {
            differing: differing.filter_map(|fact| Some((find(fact.method, &fact.path)?.index, fact))).collect(),
            gone: gone.filter(|known| is_of_schema(known)).map(|known| known.index).collect(),
        }
    }

    /// `by` are the groups that the plan rests on; none where it takes any token to do.
    fn of(&self, names: &Names, operation: &'static Operation, by: &[&'static Group]) -> Option<Contradiction> {
        if self.gone.contains(&operation.index) {
            return Some(Contradiction::OperationGone { operation: operation.to_string() });
        }
        let accepted = names.of_fact(self.differing.get(&operation.index)?);
        if !differs(names, operation, &accepted) {
            return None;
        }
        let accepts: Vec<String> = accepted.iter().cloned().collect();
        let (operation, rule) = (operation.to_string(), operation.rule);
        if by.is_empty() {
            return (!accepts.is_empty()).then_some(Contradiction::GroupNeeded { operation, accepts });
        }
        let (kept, lost): (Vec<String>, Vec<String>) =
            by.iter().map(|group| names.of(group)).partition(|name| accepted.contains(name));
        let holds = if rule == Rule::AllOf { lost.is_empty() } else { !kept.is_empty() };
        (!holds).then_some(Contradiction::NotAccepted { operation, groups: lost, accepts })
    }
}
