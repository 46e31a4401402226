//! What an overlay knows that the catalogue does not.

use std::collections::BTreeSet;

use serde::Serialize;

use super::live::{Live, Meeting};
use super::names::{Names, find};
use super::openapi::is_of_schema;
use super::{GroupFact, Overlay, as_text};
use crate::group::Scope;
use crate::id::GroupId;
use crate::operation::{Method, Operation, Provenance};

/// One difference between an overlay and the catalogue. The order is that of the kinds below, then name or path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// The live list has a group of which the catalogue knows neither id nor name.
    NewGroup {
        /// Its name.
        name: String,
        /// Its id.
        #[serde(with = "as_text")]
        id: GroupId,
        /// Its scopes' keys.
        scopes: Vec<String>,
    },
    /// The live list has the id of a group that the catalogue knows by name alone.
    IdLearned {
        /// Its name.
        name: String,
        /// Its id.
        #[serde(with = "as_text")]
        id: GroupId,
        /// Its scopes' keys.
        scopes: Vec<String>,
    },
    /// A name of the catalogue, at the same scope, belongs to an id that the catalogue does not know; the old id is not
    /// listed any more.
    IdChanged {
        /// The name.
        name: String,
        /// The scope's key.
        scope: &'static str,
        /// The catalogue's id.
        #[serde(with = "as_text")]
        from: GroupId,
        /// The live one.
        #[serde(with = "as_text")]
        to: GroupId,
    },
    /// An id has a name that the catalogue does not know, neither as its name nor as another of its spellings.
    Renamed {
        /// The catalogue's name.
        from: &'static str,
        /// The live one.
        to: String,
        /// The id.
        #[serde(with = "as_text")]
        id: GroupId,
    },
    /// A group takes effect elsewhere than the catalogue says.
    ScopeChanged {
        /// The group's live name.
        name: String,
        /// Its id.
        #[serde(with = "as_text")]
        id: GroupId,
        /// The catalogue's scope key; none where it knows none.
        from: Option<&'static str>,
        /// The live scopes' keys.
        to: Vec<String>,
    },
    /// The live list lacks a group whose id the catalogue knows, and has most of its scope.
    GroupGone {
        /// Its name.
        name: &'static str,
        /// Its id.
        #[serde(with = "as_text")]
        id: GroupId,
        /// Its scope's key.
        scope: &'static str,
    },
    /// The document has an operation that the catalogue lacks.
    NewOperation {
        /// Its path.
        path: String,
        /// Its method.
        #[serde(with = "as_text")]
        method: Method,
        /// The groups that it accepts.
        groups: Vec<String>,
    },
    /// The document gives an operation other groups.
    OperationChanged {
        /// Its path.
        path: &'static str,
        /// Its method.
        #[serde(with = "as_text")]
        method: Method,
        /// The groups that only the document names.
        gained: Vec<String>,
        /// The groups that only the catalogue names.
        lost: Vec<String>,
        /// Where the catalogue knows its groups from.
        was: &'static str,
    },
    /// The document gives an operation just the groups that the catalogue infers, or knows from elsewhere.
    OperationConfirmed {
        /// Its path.
        path: &'static str,
        /// Its method.
        #[serde(with = "as_text")]
        method: Method,
        /// Where the catalogue knows its groups from.
        was: &'static str,
    },
    /// The document lacks an operation of the catalogue's schema.
    OperationGone {
        /// Its path.
        path: &'static str,
        /// Its method.
        #[serde(with = "as_text")]
        method: Method,
    },
}

/// All that the overlay knows and the catalogue does not, in the order of [`Change`].
pub fn changes(overlay: &Overlay) -> Vec<Change> {
    let names = Names::new(overlay.groups.as_ref());
    let mut changes = group_changes(overlay, &names);
    changes.extend(operation_changes(overlay, &names));
    changes.sort();
    changes.dedup();
    changes
}

fn group_changes(overlay: &Overlay, names: &Names) -> Vec<Change> {
    let Some(live) = overlay.groups.as_ref().map(|facts| Live::new(facts, names)) else { return Vec::new() };
    let mut changes = Vec::new();
    for (fact, meeting) in live.meetings() {
        let (name, id, scopes) = (fact.name.clone(), fact.id, fact.scopes.clone());
        match meeting {
            Meeting::ById(group) => {
                if fact.name != group.name && !group.former_names().any(|name| name == fact.name) {
                    changes.push(Change::Renamed { from: group.name, to: name, id });
                }
                changes.extend(scope_change(fact, group.scope));
            }
            Meeting::ByName(group) => {
                changes.push(Change::IdLearned { name, id, scopes });
                if group.scope != Scope::Unknown {
                    changes.extend(scope_change(fact, group.scope));
                }
            }
            Meeting::AnotherId { group, from } => {
                changes.push(Change::IdChanged {
                    name: group.name.to_owned(),
                    scope: group.scope.key(),
                    from: *from,
                    to: id,
                });
            }
            Meeting::Nobody => changes.push(Change::NewGroup { name, id, scopes }),
        }
    }
    let gone = live.gone().map(|(group, id)| Change::GroupGone { name: group.name, id, scope: group.scope.key() });
    changes.extend(gone);
    changes
}

fn scope_change(fact: &GroupFact, scope: Scope) -> Option<Change> {
    let from = (scope != Scope::Unknown).then_some(scope.key());
    // A list that names no scope says nothing of it.
    let same = fact.scopes.is_empty() || from.is_some_and(|key| fact.scopes == [key]);
    let (name, to) = (fact.name.clone(), fact.scopes.clone());
    (!same).then_some(Change::ScopeChanged { name, id: fact.id, from, to })
}

fn operation_changes(overlay: &Overlay, names: &Names) -> Vec<Change> {
    let Some(facts) = &overlay.operations else { return Vec::new() };
    let gone = facts.gone.iter().filter_map(|gone| find(gone.method, &gone.path)).filter(|known| is_of_schema(known));
    let gone = gone.map(|known| Change::OperationGone { path: known.path(), method: known.method });
    let differing = facts.operations.iter().filter_map(|fact| {
        let groups = names.of_fact(fact);
        match find(fact.method, &fact.path) {
            Some(known) => difference(names, known, &groups),
            None => Some(Change::NewOperation {
                path: fact.path.clone(),
                method: fact.method,
                groups: groups.into_iter().collect(),
            }),
        }
    });
    differing.chain(gone).collect()
}

/// Whether a document that gives the operation these groups says something new.
pub(super) fn differs(names: &Names, operation: &'static Operation, groups: &BTreeSet<String>) -> bool {
    difference(names, operation, groups).is_some()
}

fn difference(names: &Names, operation: &'static Operation, groups: &BTreeSet<String>) -> Option<Change> {
    let known = names.accepted(operation);
    let (path, method, was) = (operation.path(), operation.method, operation.provenance.word());
    let of_schema = operation.provenance == Provenance::Schema;
    // A document that names no group says something only where one named some before.
    if groups.is_empty() && !of_schema {
        return None;
    }
    if *groups == known {
        return (!of_schema).then_some(Change::OperationConfirmed { path, method, was });
    }
    // Where the catalogue corrects the schema, a schema that differs is what was corrected.
    if corrects_the_schema(operation) && !known.is_empty() {
        return None;
    }
    let gained = groups.difference(&known).cloned().collect();
    let lost = known.difference(groups).cloned().collect();
    Some(Change::OperationChanged { path, method, gained, lost, was })
}

/// Whether the catalogue's groups are there because the schema's are wrong or too few.
fn corrects_the_schema(operation: &Operation) -> bool {
    matches!(operation.provenance, Provenance::Documented | Provenance::Observed)
}
