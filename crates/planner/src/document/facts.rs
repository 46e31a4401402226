//! The facts that a plan rests on, as the catalogue has them.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{Group, GroupProvenance, Operation, Rule};
use serde::{Deserialize, Serialize};

use super::BasisDocument;
use crate::candidate::candidates;
use crate::options::Options;
use crate::plan::Plan;

/// What the plan takes from the catalogue: whoever doubts the plan may doubt these.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "facts: {\"operations\", \"groups\"}")]
pub struct FactsDocument {
    /// Each operation of the needs once, by path and method.
    pub operations: Vec<OperationFact>,
    /// Each group that one of them accepts, by name. The operations name a group by its position here.
    pub groups: Vec<GroupFact>,
}

/// Which groups an operation accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "what is known of an operation")]
pub struct OperationFact {
    /// The operation, as in `POST /zones/{zone_id}/dns_records`.
    pub operation: String,
    /// How its groups are read: `any-of`, `all-of`, `any-token`, or `unlabelled`, where nobody has published them.
    pub rule: String,
    /// The groups, by their positions in `groups`.
    pub accepts: Vec<usize>,
    /// Where that is known from: `schema`, `documented`, `terraform`, `observed`, `derived-high`, …; `derived-…` is an
    /// inference.
    pub provenance: String,
    /// What an inference rests on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<BasisDocument>,
    /// The groups that were not among the candidates of any need.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<PassedOver>,
}

/// A group that an operation accepts and no need of the plan could be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "a group that was passed over: {\"group\", \"because\"}")]
pub struct PassedOver {
    /// Its position in `groups`.
    pub group: usize,
    /// `no-published-id`, where another group has one; `no-place`, where the needs name nothing of its scope.
    pub because: String,
}

/// What is known of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(expecting = "what is known of a group")]
pub struct GroupFact {
    /// The name.
    pub group: String,
    /// The id; none where it must be asked of the API.
    pub id: Option<String>,
    /// Where it takes effect: `user`, `account`, `zone`, `bucket`, …
    pub scope: String,
    /// `published` (id and scope), `scope-inferred` or `name-only`.
    pub provenance: String,
}

/// The facts that a plan rests on.
pub(super) fn facts(plan: &Plan) -> FactsDocument {
    let operations: BTreeMap<u16, &'static Operation> =
        plan.needs.iter().map(|need| (need.operation.index, need.operation)).collect();
    let groups: BTreeMap<(&str, u16), &'static Group> = operations
        .values()
        .flat_map(|operation| operation.accepts())
        .map(|group| ((group.name, group.index), group))
        .collect();
    let positions: BTreeMap<u16, usize> = groups.values().enumerate().map(|(at, group)| (group.index, at)).collect();
    let eligible = eligible(plan);
    let nobody = BTreeSet::new();
    let operations = operations
        .values()
        .map(|operation| operation_fact(operation, &positions, eligible.get(&operation.index).unwrap_or(&nobody)));
    FactsDocument { operations: operations.collect(), groups: groups.values().map(|group| group_fact(group)).collect() }
}

/// The groups that were candidates, by operation.
fn eligible(plan: &Plan) -> BTreeMap<u16, BTreeSet<u16>> {
    let options = Options::new(plan.owner);
    let mut eligible: BTreeMap<u16, BTreeSet<u16>> = BTreeMap::new();
    for need in &plan.needs {
        let choices = candidates(need, &options).unwrap_or_default();
        eligible.entry(need.operation.index).or_default().extend(choices.iter().map(|choice| choice.group.index));
    }
    eligible
}

fn operation_fact(operation: &Operation, positions: &BTreeMap<u16, usize>, eligible: &BTreeSet<u16>) -> OperationFact {
    let position = |group: &Group| positions.get(&group.index).copied();
    let published = operation.accepts().any(|group| eligible.contains(&group.index) && group.id.is_some());
    let because = |group: &Group| match group.id {
        None if published => "no-published-id",
        _ => "no-place",
    };
    let passed_over = operation.accepts().filter(|group| !eligible.contains(&group.index));
    OperationFact {
        operation: operation.to_string(),
        rule: rule_word(operation.rule).to_owned(),
        accepts: operation.accepts().filter_map(position).collect(),
        provenance: operation.provenance.to_string(),
        basis: basis(operation),
        passed_over: passed_over
            .filter_map(|group| Some(PassedOver { group: position(group)?, because: because(group).to_owned() }))
            .collect(),
    }
}

/// What an operation's groups are inferred from, where they are.
pub(super) fn basis(operation: &Operation) -> Option<BasisDocument> {
    let basis = operation.basis()?;
    Some(BasisDocument { confidence: basis.confidence.to_string(), evidence: basis.text.to_owned() })
}

/// The word for how an operation's groups are read.
pub(crate) const fn rule_word(rule: Rule) -> &'static str {
    match rule {
        Rule::AnyOf => "any-of",
        Rule::AllOf => "all-of",
        Rule::AnyToken => "any-token",
        Rule::Unlabelled => "unlabelled",
    }
}

fn group_fact(group: &Group) -> GroupFact {
    GroupFact {
        group: group.name.to_owned(),
        id: group.id.map(|id| id.to_string()),
        scope: group.scope.to_string(),
        provenance: provenance_word(group.provenance).to_owned(),
    }
}

/// The word for how much is known about a group.
pub(crate) const fn provenance_word(provenance: GroupProvenance) -> &'static str {
    match provenance {
        GroupProvenance::Published => "published",
        GroupProvenance::ScopeInferred => "scope-inferred",
        GroupProvenance::NameOnly => "name-only",
    }
}
