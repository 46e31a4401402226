//! `flarekeep plan --separate`: a plan for each purpose, and what that buys.

use flarekeep_planner::{Plan, Reached, Target, reached};
use serde_json::{Value, json};

use super::{document, form, show, show_unread, unread_into};
use crate::arguments::{self, PlanForm};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::{FAINT, GOOD, Output, STRONG, counted, styled};
use crate::work::Work;
use crate::{CommandResult, Verdict, overlay};

pub(super) fn run(
    context: &Context,
    arguments: &arguments::Plan,
    work: &Work,
    target: &Target,
    output: Output,
) -> CommandResult {
    if !matches!(arguments.output, PlanForm::Table | PlanForm::Json) {
        return Err(CommandError::usage("several plans are printed as a table or as JSON")
            .hint("for another form, name the purposes one by one: --recipe NAME -o terraform"));
    }
    let owner = work.owner(arguments.owner);
    let together = work.plan(target, owner)?;
    let mut apart: Vec<(String, Work, Plan)> = Vec::new();
    for (purpose, work) in work.purposes() {
        let plan = work.plan(target, owner)?;
        apart.push((purpose, work, plan));
    }
    let contradicted = overlay::alarm_of(context, &together);
    let mut documents = Vec::new();
    for (purpose, work, plan) in &apart {
        let draft = form::draft(context, arguments, work, target, plan.policies())?;
        let mut document = document(plan, work.recipe(), target)?;
        form::limits_into(&mut document, &draft);
        document["purpose"] = json!(purpose);
        document["reach"] = reach_document(&reached(plan));
        document["left_out"] = work.left_out(owner).iter().map(ToString::to_string).collect();
        unread_into(&mut document, work);
        documents.push(document);
        output.line(format!("{} {}", styled(STRONG, purpose), styled(FAINT, "─".repeat(8))));
        show(output.part(), plan, work.recipe(), target)?;
        show_unread(output, work);
        output.line("");
    }
    output.document(&json!({
        "plans": documents,
        "together": { "permissions": together.grants.len(), "reach": reach_document(&reached(&together)) },
        "contradicted": contradicted,
    }));
    show_gain(output, &together, &apart);
    if let Some((_, work, plan)) = apart.first() {
        form::show_limits(output, &form::draft(context, arguments, work, target, plan.policies())?);
    }
    Ok(Verdict::yes_if(apart.iter().all(|(_, _, plan)| plan.impossible.is_empty())))
}

/// What a leak of one token gives away, together and apart.
fn show_gain(output: Output, together: &Plan, apart: &[(String, Work, Plan)]) {
    let whole = reached(together);
    output.line(format!("together: 1 token, {}", in_words(&whole)));
    let widest = apart
        .iter()
        .map(|(purpose, _, plan)| (purpose, reached(plan)))
        .max_by_key(|(_, reached)| (reached.writes, reached.reads));
    let Some((purpose, widest)) = widest else { return };
    let tokens = counted(apart.len(), "token");
    output.line(format!("apart: {tokens}; the widest, {}, {}", styled(STRONG, purpose), in_words(&widest)));
    let gain = whole.writes.saturating_sub(widest.writes);
    if gain > 0 {
        let less = format!("a leak of one gives away at least {} fewer", counted(gain, "write"));
        output.line(styled(GOOD, less));
    } else {
        output.line(styled(
            FAINT,
            "one of them reaches as many writes as all together: what it buys is that each can be revoked alone",
        ));
    }
}

fn in_words(reached: &Reached) -> String {
    format!("reaches {} and {}", counted(reached.writes, "write"), counted(reached.reads, "read"))
}

fn reach_document(reached: &Reached) -> Value {
    json!({ "writes": reached.writes, "reads": reached.reads })
}
