//! The facts of a certificate against the catalogue.

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::{Group, Operation};

use super::file::{Change, FileFault, FileReport};
use super::reading::Reading;
use crate::document::{
    BasisDocument, FactsDocument, OperationFact, PlanFile, group, provenance_word, rule_word, shown,
};

/// The facts are those of the needs' operations and of the groups that these accept, and the catalogue says the same.
pub(super) fn check(file: &PlanFile, reading: &Reading, report: &mut FileReport) {
    let facts = &file.document.certificate.facts;
    let operations: BTreeMap<String, &'static Operation> =
        file.plan.needs.iter().map(|need| (need.operation.to_string(), need.operation)).collect();
    check_operations(facts, &operations, report);
    check_groups(facts, &operations, report);
    for fact in &facts.operations {
        if let Some(operation) = operations.get(&fact.operation) {
            check_operation(facts, fact, operation, report);
            check_passed_over(facts, fact, operation, reading, report);
        }
    }
}

/// Each operation of the needs is there once, in order, and no other.
fn check_operations(facts: &FactsDocument, operations: &BTreeMap<String, &Operation>, report: &mut FileReport) {
    let mut indexes = Vec::new();
    for fact in &facts.operations {
        match operations.get(&fact.operation) {
            Some(operation) => indexes.push(operation.index),
            None => wrong(report, format!("`{}` is no operation of a need", shown(&fact.operation))),
        }
    }
    let known: BTreeSet<u16> = operations.values().map(|operation| operation.index).collect();
    if !indexes.iter().eq(&known) {
        wrong(report, "the operations of the needs are not all there, each once and in order".to_owned());
    }
}

/// Each group is there once, in order, is accepted by one of the operations, and is what the catalogue knows.
fn check_groups(facts: &FactsDocument, operations: &BTreeMap<String, &Operation>, report: &mut FileReport) {
    let accepted: BTreeSet<u16> = facts
        .operations
        .iter()
        .flat_map(|fact| &fact.accepts)
        .filter_map(|at| {
            let fact = facts.groups.get(*at)?;
            group(&fact.group, &fact.scope).map(|group| group.index)
        })
        .collect();
    let mut seen = Vec::new();
    for fact in &facts.groups {
        let Some(group) = group(&fact.group, &fact.scope) else {
            report.changes.push(Change {
                what: format!("the group {}", shown(&fact.group)),
                stated: format!("of scope {}", shown(&fact.scope)),
                known: "unknown".to_owned(),
            });
            continue;
        };
        seen.push((group.name, group.index));
        if !accepted.contains(&group.index) {
            wrong(report, format!("no operation accepts `{}`", group.name));
        }
        let id = |id: Option<String>| id.unwrap_or_else(|| "not published".to_owned());
        let known = id(group.id.map(|id| id.to_string()));
        compare(format!("the id of {}", group.name), &id(fact.id.clone()), &known, &mut report.changes);
        let known = provenance_word(group.provenance);
        compare(format!("the provenance of {}", group.name), &fact.provenance, known, &mut report.changes);
    }
    let needed: BTreeSet<(&str, u16)> =
        operations.values().flat_map(|operation| operation.accepts()).map(|group| (group.name, group.index)).collect();
    if !seen.is_sorted() || seen.windows(2).any(|two| matches!(two, [one, next] if one == next)) {
        wrong(report, "the groups are not in order, each once".to_owned());
    }
    for (name, _) in needed.difference(&seen.into_iter().collect()) {
        report.changes.push(Change {
            what: format!("the group {name}"),
            stated: "not accepted".to_owned(),
            known: "accepted".to_owned(),
        });
    }
}

fn check_operation(facts: &FactsDocument, fact: &OperationFact, operation: &Operation, report: &mut FileReport) {
    let what = |part: &str| format!("{part} of {operation}");
    compare(what("the rule"), &fact.rule, rule_word(operation.rule), &mut report.changes);
    compare(what("the provenance"), &fact.provenance, operation.provenance.word(), &mut report.changes);
    let known = operation
        .basis()
        .map(|basis| BasisDocument { confidence: basis.confidence.to_string(), evidence: basis.text.to_owned() });
    compare_basis(what("the basis"), fact.basis.as_ref(), known.as_ref(), &mut report.changes);
    let stated: Vec<String> = fact.accepts.iter().map(|at| name(facts, *at)).collect();
    let known: Vec<String> = operation.accepts().map(|group| called(group.name, group.scope.word())).collect();
    compare(what("what is accepted"), &stated.join(", "), &known.join(", "), &mut report.changes);
}

/// What was passed over is what was no candidate of any need, for the reason that is given.
fn check_passed_over(
    facts: &FactsDocument,
    fact: &OperationFact,
    operation: &Operation,
    reading: &Reading,
    report: &mut FileReport,
) {
    let eligible = reading.eligible.get(&operation.index);
    let is_eligible = |group: &Group| eligible.is_some_and(|eligible| eligible.contains(&group.index));
    let published = operation.accepts().any(|group| is_eligible(group) && group.id.is_some());
    let known: Vec<(String, &str)> = operation
        .accepts()
        .filter(|group| !is_eligible(group))
        .map(|group| {
            let unpublished = group.id.is_none() && published;
            (called(group.name, group.scope.word()), if unpublished { "no-published-id" } else { "no-place" })
        })
        .collect();
    let stated = fact.passed_over.iter().map(|passed| (name(facts, passed.group), passed.because.as_str()));
    if !stated.eq(known) {
        wrong(report, format!("what was passed over for `{operation}` is not what is stated"));
    }
}

/// Notes a fact that is another than stated.
pub(super) fn compare(what: String, stated: &str, known: &str, changes: &mut Vec<Change>) {
    if stated != known {
        changes.push(Change { what, stated: shown(stated), known: known.to_owned() });
    }
}

/// The same for what an inference rests on.
pub(super) fn compare_basis(
    what: String,
    stated: Option<&BasisDocument>,
    known: Option<&BasisDocument>,
    changes: &mut Vec<Change>,
) {
    let words = |basis: Option<&BasisDocument>| {
        basis.map_or_else(|| "none".to_owned(), |basis| format!("{}: {}", basis.confidence, basis.evidence))
    };
    compare(what, &words(stated), &words(known), changes);
}

fn name(facts: &FactsDocument, at: usize) -> String {
    match facts.groups.get(at) {
        Some(fact) => called(&fact.group, &fact.scope),
        None => format!("group {at}, which there is not"),
    }
}

fn called(name: &str, scope: &str) -> String {
    format!("{name} ({scope})")
}

fn wrong(report: &mut FileReport, what: String) {
    report.faults.push(FileFault::Facts(what));
}
