//! A checker for plans that shares no code with the solver.
//!
//! It reads from the solver's side the definitions only: what a need is, what a grant weighs, how a witness is
//! written. Which grants there are to choose from it finds out on its own, by asking the policy engine about one group
//! at one resource at a time; whether the plan meets its needs, by asking about the plan's policies; whether anything
//! lighter would do, from the witness.

mod facts;
mod fault;
mod file;
mod reading;
#[cfg(test)]
mod tests;
mod witness;

pub use fault::{Fault, WitnessFault};
pub use file::{Change, FileFault, FileReport, verify_file};
#[cfg(test)]
pub(crate) use witness::bound;

use std::collections::{BTreeMap, BTreeSet};

use flarekeep_catalogue::Rule;
use flarekeep_policy::{Cause, Token};

use crate::candidate::Choice;
use crate::check::reading::Reading;
use crate::need::Need;
use crate::options::Options;
use crate::plan::{Grant, Plan};
use crate::weight::weight;
use crate::witness::Demand;

/// Checks that a plan meets these needs, that no grant can be left out, and that its certificate proves what it says.
///
/// # Errors
/// Every fault that was found.
pub fn verify(needs: &[Need], options: &Options, plan: &Plan) -> Result<(), Vec<Fault>> {
    if plan.needs != needs || plan.owner != options.owner {
        return Err(vec![Fault::OtherQuestion]);
    }
    let faults = faults(needs, plan, &Reading::new(needs, options));
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn faults(needs: &[Need], plan: &Plan, reading: &Reading) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_lists(needs, plan, reading, &mut faults);
    check_grants(needs, plan, reading, &mut faults);
    check_decisions(needs, plan, reading, &mut faults);
    check_certificate(plan, reading, &mut faults);
    faults
}

/// Each need is in the list that it belongs to, and in no other.
fn check_lists(needs: &[Need], plan: &Plan, reading: &Reading, faults: &mut Vec<Fault>) {
    let impossible: Vec<usize> = plan.impossible.iter().map(|entry| entry.need).collect();
    for (at, need) in needs.iter().enumerate() {
        let rule = need.operation.rule;
        let lists = [
            ("free", &plan.free, rule == Rule::AnyToken && !reading.impossible.contains(&at)),
            ("unproven", &plan.unproven, rule == Rule::Unlabelled),
            ("impossible", &impossible, reading.impossible.contains(&at)),
        ];
        for (list, entries, expected) in lists {
            if entries.iter().filter(|entry| **entry == at).count() != usize::from(expected) {
                faults.push(Fault::Listed { need: at, list });
            }
        }
    }
    let entries = plan.free.iter().chain(&plan.unproven).chain(&impossible);
    faults.extend(entries.filter(|need| **need >= needs.len()).map(|need| Fault::NoSuchNeed { need: *need }));
}

/// Each grant is one to choose from, is there once, and says truly what it is for and what it weighs.
fn check_grants(needs: &[Need], plan: &Plan, reading: &Reading, faults: &mut Vec<Fault>) {
    let columns: Vec<Option<usize>> = plan.grants.iter().map(|grant| reading.column(&grant.choice())).collect();
    let chosen: BTreeSet<usize> = columns.iter().copied().flatten().collect();
    // For each of the plan's columns the needs that it meets, and those that no other of them meets.
    let mut work: BTreeMap<usize, (BTreeSet<usize>, BTreeSet<usize>)> = BTreeMap::new();
    for (demand, columns) in &reading.rows {
        let hits: Vec<&usize> = columns.intersection(&chosen).collect();
        for column in &hits {
            let (met, sole) = work.entry(**column).or_default();
            met.insert(demand.need);
            if hits.len() == 1 {
                sole.insert(demand.need);
            }
        }
    }
    let mut seen = BTreeSet::new();
    for (grant, column) in plan.grants.iter().zip(columns) {
        let Some(column) = column else {
            faults.push(Fault::NoCandidate { grant: grant.choice().to_string() });
            continue;
        };
        if !seen.insert(column) {
            faults.push(Fault::Twice { grant: grant.choice().to_string() });
        }
        let (met, sole) = work.entry(column).or_default();
        check_grant(needs, grant, met, sole, faults);
    }
    let actual = plan.grants.iter().map(|grant| weight(grant.group, &grant.resource)).fold(0, u64::saturating_add);
    if plan.weight != actual {
        faults.push(Fault::Weight { stated: plan.weight, actual });
    }
}

/// A grant that meets the needs in `met`, and alone those in `sole`, says so.
fn check_grant(needs: &[Need], grant: &Grant, met: &BTreeSet<usize>, sole: &BTreeSet<usize>, faults: &mut Vec<Fault>) {
    let name = || grant.choice().to_string();
    if grant.weight != weight(grant.group, &grant.resource) {
        faults.push(Fault::GrantWeight { grant: name(), stated: grant.weight });
    }
    if !grant.needs.iter().eq(met) {
        faults.push(Fault::GrantNeeds { grant: name() });
    }
    if !grant.sole.iter().eq(sole) {
        faults.push(Fault::GrantSole { grant: name() });
    }
    if sole.is_empty() {
        faults.push(Fault::Spare { grant: name() });
    }
    let inferred = |need: &usize| needs.get(*need).is_some_and(|need| need.operation.provenance.is_inferred());
    if grant.inferred != (grant.group.id.is_none() || met.iter().all(inferred)) {
        faults.push(Fault::Inferred { grant: name() });
    }
}

/// Under the plan's policies, the engine grants every need that can be granted.
fn check_decisions(needs: &[Need], plan: &Plan, reading: &Reading, faults: &mut Vec<Fault>) {
    let token = Token::unconditional(plan.owner, plan.policies()).compile();
    let chosen: BTreeSet<usize> = plan.grants.iter().filter_map(|grant| reading.column(&grant.choice())).collect();
    for (at, need) in needs.iter().enumerate() {
        let cause = token.decide(&need.request(plan.owner, reading::NOW)).cause;
        let expected = match need.operation.rule {
            Rule::AnyToken => Cause::AnyToken,
            Rule::Unlabelled => Cause::Unlabelled,
            Rule::AnyOf | Rule::AllOf if reading.impossible.contains(&at) => continue,
            Rule::AnyOf | Rule::AllOf => Cause::Granted,
        };
        if cause != expected {
            faults.push(Fault::NotGranted { need: at, cause });
        }
    }
    for (Demand { need, .. }, columns) in &reading.rows {
        if columns.is_disjoint(&chosen) {
            faults.push(Fault::Unmet { need: *need });
        }
    }
}

/// The witness proves the bound, and the bound is the weight where the plan says so.
fn check_certificate(plan: &Plan, reading: &Reading, faults: &mut Vec<Fault>) {
    let certificate = &plan.certificate;
    let rows: Vec<BTreeSet<usize>> = reading.rows.iter().map(|(_, columns)| columns.clone()).collect();
    let weights: Vec<u64> = reading.choices.iter().map(|choice| weight(choice.group, &choice.resource)).collect();
    let key = |demand: &Demand| (demand.need, demand.group.map(|group| group.index));
    let known: BTreeMap<_, usize> =
        reading.rows.iter().enumerate().map(|(at, (demand, _))| (key(demand), at)).collect();
    let row = |demand: &Demand| known.get(&key(demand)).copied();
    let column = |choice: &Choice| reading.column(choice);
    let Some(abstracted) = certificate.witness.try_map(&row, &column) else {
        faults.push(Fault::Witness(WitnessFault::Unknown));
        return;
    };
    match witness::bound(&rows, &weights, &abstracted) {
        Err(fault) => faults.push(Fault::Witness(fault)),
        Ok(proved) if proved < certificate.bound => {
            faults.push(Fault::Bound { stated: certificate.bound, proved });
        }
        Ok(_) => {}
    }
    if certificate.optimal != (certificate.bound == plan.weight) || certificate.bound > plan.weight {
        faults.push(Fault::Optimal { bound: certificate.bound, weight: plan.weight });
    }
}
