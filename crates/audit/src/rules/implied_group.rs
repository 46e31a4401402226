//! A group that opens nothing which another at the same place does not open as well.

use std::collections::BTreeSet;

use flarekeep_catalogue::{Group, Provenance, Rule as GroupRule};
use flarekeep_policy::{Effect, Grant, Policy, Resource};

use super::{REPLAN, Subject, fixing, tidy};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "implied-group",
    title: "A group that another implies",
    severity: Severity::Info,
    why: "It adds nothing but length: whoever reads the token takes it for something of its own.",
    check: Check::Token(check),
};

/// A group at all the resources of its policy.
#[derive(Clone, Copy)]
struct Held<'a> {
    group: &'static Group,
    policy: &'a Policy,
}

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let policies = subject.token.policies();
    let all: Vec<Held<'_>> = policies
        .iter()
        .filter(|policy| policy.effect == Effect::Allow)
        .flat_map(|policy| policy.groups.iter().filter_map(known).map(move |group| Held { group, policy }))
        .collect();
    let pairs: Vec<(Held<'_>, Held<'_>)> =
        all.iter().filter_map(|held| Some((*held, *all.iter().find(|by| implies(by, held))?))).collect();
    if pairs.is_empty() {
        return Vec::new();
    }
    let is_implied = |policy: &Policy, grant: &Grant| {
        pairs.iter().any(|(held, _)| std::ptr::eq(held.policy, policy) && grant.group() == Some(held.group))
    };
    let kept: Vec<Policy> = policies
        .iter()
        .map(|policy| {
            let groups = policy.groups.iter().filter(|grant| !is_implied(policy, grant)).copied().collect();
            Policy { groups, ..policy.clone() }
        })
        .filter(|policy| !policy.groups.is_empty())
        .collect();
    // What looks implied group by group is so in the whole only if the engine finds no difference.
    let Some(safe) = tidy(subject, kept, settings) else { return Vec::new() };
    let lines: BTreeSet<String> =
        pairs.iter().map(|(held, by)| format!("{}: {} opens all of it", held.group.name, by.group.name)).collect();
    let summary = match pairs.as_slice() {
        [(held, by)] => format!("{} is implied by {}", held.group.name, by.group.name),
        more => format!("{} groups are implied by others", more.len()),
    };
    let published = pairs.iter().all(|(held, _)| is_published(held.group));
    let words = "take it out: the token may do the same without it, as far as is published";
    let mend = match published {
        true => Mend::command(words, fixing(&RULE)).safe(safe),
        false => Mend::command(format!("{words}; {REPLAN}"), subject.replan("")),
    };
    let confidence = if published { Confidence::High } else { Confidence::Medium };
    vec![Found::new(confidence, summary).details(lines).mend(mend)]
}

fn known(grant: &Grant) -> Option<&'static Group> {
    match grant {
        Grant::Group(group) if !group.operation_indexes().is_empty() => Some(group),
        _ => None,
    }
}

/// Whether `by` opens all that `held` opens, wherever that does. Of two that open the same the first stays.
fn implies(by: &Held<'_>, held: &Held<'_>) -> bool {
    if by.group == held.group || by.group.scope != held.group.scope {
        return false;
    }
    let (ours, theirs) = (held.group.operation_indexes(), by.group.operation_indexes());
    let opens_more = theirs.len() > ours.len() || theirs.len() == ours.len() && by.group.index < held.group.index;
    let effective = |resource: &&Resource| resource.scope() == held.group.scope;
    let mut here = held.policy.resources.iter().filter(effective).peekable();
    let covered = |resource: &Resource| by.policy.resources.iter().any(|wider| wider.includes(resource));
    opens_more
        && here.peek().is_some()
        && ours.iter().all(|operation| theirs.contains(operation))
        // What needs all of its groups needs this one, too.
        && held.group.operations().all(|operation| operation.rule == GroupRule::AnyOf)
        && here.all(covered)
}

/// Whether nothing about the group is inferred, and nothing near it is unknown: then an update takes nothing away.
fn is_published(group: &Group) -> bool {
    let families: BTreeSet<&str> = group.operations().map(flarekeep_catalogue::Operation::family).collect();
    let unknown = |operation: &flarekeep_catalogue::Operation| {
        matches!(operation.provenance, Provenance::Unlabelled | Provenance::Unknown)
            && families.contains(operation.family())
    };
    let inferred = group.operations().any(|operation| operation.provenance.is_inferred());
    !inferred && !super::unlabelled().iter().copied().any(unknown)
}
