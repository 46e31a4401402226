//! `flarekeep plan verify`: the separate checker on a plan file.

use std::path::Path;

use flarekeep_planner::{FileReport, Plan, verify_file};
use serde_json::{Value, json};

use crate::context::Context;
use crate::output::{BAD, CARE, GOOD, Output, counted, plain, styled};
use crate::place;
use crate::plan_file::{self, Stated, in_words, no_plan};
use crate::sources::file;
use crate::{CommandResult, Verdict};

pub(super) fn run(context: &Context, path: &Path) -> CommandResult {
    let output = context.output;
    let stated = match plan_file::read(path)? {
        Ok(stated) => stated,
        // What another version of the catalogue has is a question with an answer; what is no plan is bad input.
        Err(error) if error.problem.is_of_the_catalogue() => {
            let fault = plain(&place::in_words(&error.to_string()));
            output.document(&json!({ "holds": false, "faults": [fault], "changes": [] }));
            output.line(format!("{} does not hold", file::name(path)));
            output.line(format!("  {} {fault}", styled(BAD, "fault")));
            return Ok(Verdict::No);
        }
        Err(error) => return Err(no_plan(path, &error)),
    };
    let report = verify_file(&stated.file);
    output.document(&document(&stated.file.plan, &report));
    show(output, &stated, &report);
    Ok(Verdict::yes_if(report.faults.is_empty()))
}

fn document(plan: &Plan, report: &FileReport) -> Value {
    json!({
        "holds": report.faults.is_empty(),
        "smallest": report.faults.is_empty() && plan.certificate.optimal,
        "needs": plan.needs.len(),
        "grants": plan.grants.len(),
        "unproven": plan.unproven,
        "impossible": plan.impossible.iter().map(|entry| entry.need).collect::<Vec<_>>(),
        "faults": report.faults.iter().map(in_words).collect::<Vec<_>>(),
        "changes": report.changes.iter().map(in_words).collect::<Vec<_>>(),
    })
}

fn show(output: Output, stated: &Stated, report: &FileReport) {
    const SHOWN: usize = 20;
    let plan = &stated.file.plan;
    let most = if output.verbose { usize::MAX } else { SHOWN };
    for change in report.changes.iter().take(most) {
        output.line(format!("  {} {}", styled(CARE, "changed"), in_words(change)));
    }
    for fault in report.faults.iter().take(most) {
        output.line(format!("  {} {}", styled(BAD, "fault"), in_words(fault)));
    }
    let more = report.changes.len().saturating_sub(most) + report.faults.len().saturating_sub(most);
    if more > 0 {
        output.line(format!("  and {more} more (--verbose)"));
    }
    if !report.faults.is_empty() {
        output.line(format!("{} {}", stated.name, styled(BAD, "does not hold")));
        return;
    }
    let met = plan.needs.len() - plan.impossible.len() - plan.unproven.len();
    output.line(format!(
        "{} {}: {} of {} met by {}, and none of these can be left out",
        stated.name,
        styled(GOOD, "holds"),
        met,
        counted(plan.needs.len(), "need"),
        counted(plan.grants.len(), "permission"),
    ));
    match plan.certificate.optimal {
        true => output.line("no smaller set does: the certificate proves it"),
        false => output.line(styled(CARE, "that no smaller set does is not proved")),
    }
    if !plan.unproven.is_empty() {
        let needs = counted(plan.unproven.len(), "need");
        output.line(format!("{}: nobody has published what {needs} accept", styled(CARE, "unproven")));
    }
    if !plan.impossible.is_empty() {
        output.line(format!("{}: {}", styled(CARE, "impossible"), counted(plan.impossible.len(), "need")));
    }
    if !report.changes.is_empty() {
        output.note("the facts have changed since the plan was made, and it holds by those that are known now");
    }
}
