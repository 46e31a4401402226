//! The document of `permission show`.

use std::collections::BTreeMap;

use flarekeep_catalogue::{Group, Neighbour, Operation, Provenance, Relation, Rule, Scope};
use serde_json::{Value, json};

use super::Facts;
use super::terraform::Needing;
use super::uses::Use;
use crate::commands::permission::{provenance, reference};
use crate::overlay::Entry;

/// All that is said of a group, as a document.
pub(super) fn document(facts: &Facts) -> Value {
    let group = facts.group;
    let mut document = reference(group);
    document["resource"] = json!((group.scope != Scope::Unknown).then(|| group.scope.key()));
    document["category"] = json!((!group.category().is_empty()).then_some(group.category()));
    document["remark"] = json!(facts.remark);
    document["learned"] = facts.learned.iter().map(Entry::document).collect();
    document["spellings"] = json!({
        "dashboard": facts.spellings.dashboard.map(|row| row.to_string()),
        "documented": facts.spellings.on_the_page,
        "api": group.name,
        "others": facts.spellings.others.iter().map(|other| json!({
            "spelling": other.spelling,
            "note": (!other.whose.is_empty()).then_some(other.whose),
        })).collect::<Vec<_>>(),
        "doubt": facts.spellings.doubt.map(|doubt| json!({ "name": doubt.name, "note": doubt.note })),
    });
    document["provenance"] = json!({
        "group": provenance(group),
        "operations": by_provenance(group)
            .into_iter()
            .map(|(provenance, number)| (provenance.word(), number))
            .collect::<BTreeMap<_, _>>(),
    });
    document["reads"] = operations(&facts.opened.reads);
    document["writes"] = operations(&facts.opened.writes);
    document["instead"] = json!({
        "for_all": facts.substitutes.for_all.iter().map(|group| reference(group)).collect::<Vec<_>>(),
        "for_some": facts.substitutes.for_some.iter().map(|(group, number)| {
            let mut document = reference(group);
            document["operations"] = json!(number);
            document
        }).collect::<Vec<_>>(),
    });
    document["neighbours"] = facts.neighbours.iter().map(neighbour).collect();
    document["terraform"] = facts.terraform.iter().map(Needing::document).collect();
    document["recipes"] = json!({
        "planned": names(&facts.uses.planned),
        "accepted": names(&facts.uses.accepted),
        "unplanned": names(&facts.uses.unplanned),
    });
    document
}

/// How many of a group's operations are known from where.
pub(super) fn by_provenance(group: &Group) -> BTreeMap<Provenance, usize> {
    let mut counts = BTreeMap::new();
    for operation in group.operations() {
        *counts.entry(operation.provenance).or_default() += 1;
    }
    counts
}

fn operations(operations: &[&Operation]) -> Value {
    let document = |operation: &&Operation| {
        json!({
            "operation": operation.to_string(),
            "provenance": operation.provenance.word(),
            "inferred": operation.provenance.is_inferred(),
            "alone": operation.rule != Rule::AllOf,
            "deprecated": operation.deprecated,
        })
    };
    operations.iter().map(document).collect()
}

fn neighbour(neighbour: &Neighbour) -> Value {
    let relation = match neighbour.relation {
        Relation::Same => "same",
        Relation::Contains => "contains",
        Relation::Within => "within",
        Relation::Overlaps => "overlaps",
        Relation::Apart => "apart",
        Relation::Unknown => "unknown",
    };
    let mut document = reference(neighbour.group);
    document["reads"] = json!(neighbour.reads);
    document["writes"] = json!(neighbour.writes);
    document["shared"] = json!(neighbour.shared);
    document["relation"] = json!(relation);
    document
}

fn names(uses: &[Use]) -> Vec<&str> {
    uses.iter().map(|by| by.recipe.as_str()).collect()
}
