//! What a Terraform type needs over its whole life.

use std::collections::BTreeSet;

use flarekeep_catalogue::{Group, Life, Phase, TerraformKind, TerraformProvenance, TerraformType, groups};
use flarekeep_planner::{Grant, Need, Options, Plan, Target, plan};
use flarekeep_policy::Owner;
use serde_json::{Value, json};

use super::accepted::{Accepted, group_document};
use crate::commands::plan::{proof, resources};
use crate::output::table::table;
use crate::output::{CARE, FAINT, Output, STRONG, counted, styled};
use crate::place::{self, SOME_USER};

/// How many documented groups are shown without `--verbose`.
const FEW: usize = 8;

pub(super) fn show(output: Output, known: &TerraformType) {
    output.line(format!("{}: a Terraform {}", styled(STRONG, known.name), known.kind));
    let lives = known.lives();
    if lives.is_empty() {
        output.line(format!("\n  {}: what it calls", styled(CARE, "not known")));
    }
    let mut granted = BTreeSet::new();
    for life in &lives {
        if !life.at.is_empty() {
            output.line(format!("\n  at {}:", article(life.at)));
        } else {
            output.line("");
        }
        let rows = life
            .operations
            .iter()
            .map(|(phase, operation)| [phase.to_string(), operation.to_string(), Accepted::by(operation).summary()]);
        output.line(table(4, None, rows));
        let plan = planned(life);
        granted.extend(plan.grants.iter().map(|grant| grant.group.index));
        show_plan(output, known, life, &plan);
    }
    show_documented(output, known, &granted);
}

pub(super) fn document(known: &TerraformType) -> Value {
    let documented: Vec<&Group> = known.documented().collect();
    json!({
        "type": known.name,
        "kind": known.kind.word(),
        "documented": documented.iter().map(|group| group_document(group)).collect::<Vec<_>>(),
        "provenance": known.provenance.word(),
        "lives": known.lives().iter().map(|life| life_document(life, &documented)).collect::<Vec<_>>(),
    })
}

fn life_document(life: &Life, documented: &[&Group]) -> Value {
    let plan = planned(life);
    let granted = |group: &&&Group| plan.grants.iter().any(|grant| grant.group == **group);
    let names = |groups: Vec<&Group>| groups.iter().map(|group| group.name).collect::<Vec<_>>();
    let operations = |needs: Vec<usize>| -> Vec<String> {
        needs.iter().filter_map(|need| plan.needs.get(*need)).map(|need| need.operation.to_string()).collect()
    };
    json!({
        "at": (!life.at.is_empty()).then_some(life.at),
        "calls": life.operations.iter().map(|(phase, operation)| json!({
            "phase": phase.word(),
            "operation": operation.to_string(),
        })).collect::<Vec<_>>(),
        "permissions": plan.grants.iter().map(|grant| json!({
            "group": group_document(grant.group),
            "phases": phases(life, grant).iter().map(|phase| phase.word()).collect::<Vec<_>>(),
            "inferred": grant.inferred,
        })).collect::<Vec<_>>(),
        "smallest": plan.certificate.optimal,
        "caveat": caveat(life),
        "not_known": operations(plan.unproven.clone()),
        "impossible": operations(plan.impossible.iter().map(|impossible| impossible.need).collect()),
        "documented_not_needed": names(documented.iter().filter(|group| !granted(group)).copied().collect()),
        "needed_not_documented": names(
            plan.grants.iter().map(|grant| grant.group).filter(|group| !documented.contains(group)).collect(),
        ),
    })
}

/// The smallest plan for all that happens in a life.
fn planned(life: &Life) -> Plan {
    let anywhere = place::anywhere();
    let needs = life.operations.iter().map(|(phase, operation)| Need {
        operation,
        resource: anywhere.of_operation(operation, &Target::default()),
        why: phase.to_string(),
        origin: String::new(),
    });
    plan(&needs.collect::<Vec<_>>(), &Options::new(Owner::User(SOME_USER)))
}

fn show_plan(output: Output, known: &TerraformType, life: &Life, plan: &Plan) {
    let whole = match known.kind {
        TerraformKind::DataSource => "reading it",
        TerraformKind::Resource => "its whole life",
    };
    let permissions = counted(plan.grants.len(), "permission");
    match (plan.grants.is_empty(), plan.meets_all()) {
        (true, true) => output.line("\n    any valid token does"),
        (true, false) => {}
        (false, true) => output.line(format!("\n    {whole} needs {permissions}: {}", proof(plan))),
        (false, false) => {
            output.line(format!("\n    {whole}, as far as it is known, needs {permissions}: {}", proof(plan)));
        }
    }
    for resource in resources(plan) {
        output.line(format!("      at {}", place::in_words(&resource.to_string())));
        let grants = plan.grants.iter().filter(|grant| grant.resource == *resource);
        output.line(table(
            8,
            None,
            grants.map(|grant| {
                let phases: Vec<_> = phases(life, grant).iter().map(|phase| phase.word()).collect();
                let inferred = if grant.inferred { styled(CARE, "inferred") } else { String::new() };
                [grant.group.name.to_owned(), phases.join(", "), inferred]
            }),
        ));
    }
    if let Some(caveat) = caveat(life) {
        output.line(format!("      {}", styled(CARE, caveat)));
    }
    for need in plan.unproven.iter().filter_map(|at| plan.needs.get(*at)) {
        let (phase, operation) = (&need.why, need.operation);
        output.line(format!(
            "      {}  {phase} {operation}: nobody has published what it accepts",
            styled(CARE, "not known")
        ));
    }
    for impossible in &plan.impossible {
        let Some(need) = plan.needs.get(impossible.need) else { continue };
        let (phase, operation, reason) = (&need.why, need.operation, impossible.reason);
        output.line(format!("      {}  {phase} {operation}: {reason}", styled(CARE, "impossible")));
    }
}

/// What the lists of a life's operations do not tell.
fn caveat(life: &Life) -> Option<String> {
    life.operations.iter().find_map(|(_, operation)| Accepted::by(operation).caveat())
}

/// The phases that a grant is for, in the order of a life.
fn phases(life: &Life, grant: &Grant) -> Vec<Phase> {
    let phases = grant.needs.iter().filter_map(|need| life.operations.get(*need)).map(|(phase, _)| *phase);
    phases.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The groups that the documentation lists, beside those that the plan grants.
fn show_documented(output: Output, known: &TerraformType, granted: &BTreeSet<u16>) {
    let whose = match known.provenance {
        TerraformProvenance::Provider => "the provider's documentation",
        TerraformProvenance::Pulumi => "Pulumi's documentation of it",
        TerraformProvenance::Undocumented => {
            output.line(styled(FAINT, "\n  no documentation lists permissions for it"));
            return;
        }
    };
    let documented: Vec<&Group> = known.documented().collect();
    output.line(format!("\n  {whose} lists {}:", counted(documented.len(), "permission")));
    // Where nothing is planned there is nothing to compare with.
    let planned = !granted.is_empty();
    let (needed, other): (Vec<&Group>, Vec<&Group>) =
        documented.iter().copied().partition(|group| !planned || granted.contains(&group.index));
    let is_forgotten = |group: &&Group| granted.contains(&group.index) && !documented.contains(group);
    let mut rows = named(output, if planned { "needed" } else { "listed" }, &needed);
    rows.extend(named(output, "not needed", &other));
    rows.extend(named(output, "needed, not listed", &groups().iter().filter(is_forgotten).collect::<Vec<_>>()));
    output.line(table(4, None, rows));
}

/// Groups behind a word, some of them.
fn named(output: Output, word: &str, groups: &[&Group]) -> Vec<[String; 3]> {
    let shown = if output.verbose || groups.len() <= FEW + 1 { groups.len() } else { FEW };
    let mut rows: Vec<_> = groups
        .iter()
        .take(shown)
        .map(|group| [word.to_owned(), group.name.to_owned(), group.scope.to_string()])
        .collect();
    if shown < groups.len() {
        let more = format!("and {} more: --verbose shows them", groups.len() - shown);
        rows.push([word.to_owned(), styled(FAINT, more), String::new()]);
    }
    rows
}

fn article(noun: &str) -> String {
    format!("{} {noun}", if noun.starts_with('a') { "an" } else { "a" })
}
