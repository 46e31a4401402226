//! The alarm of a plan that rests on what the overlay denies.

use flarekeep_catalogue::overlay::{Contradiction, Fact, Half, Overlay, contradictions};
use flarekeep_planner::Plan;
use flarekeep_policy::Policy;
use serde_json::Value;

use super::{day, heeded, scope_word, scope_words};
use crate::context::Context;
use crate::output::{FAINT, plain, styled};

/// The most warnings of one plan.
const MOST_WARNINGS: usize = 8;

/// Warns of each of the facts that the overlay denies, and gives them as documents. Without an overlay this costs the
/// attempt to open it.
pub(crate) fn alarm(context: &Context, facts: &[Fact]) -> Vec<Value> {
    let Some(overlay) = heeded(context) else {
        return Vec::new();
    };
    let denied = contradictions(&overlay, facts);
    warn(context, &overlay, &denied);
    if !denied.is_empty() {
        context.output.note(styled(
            FAINT,
            "the plan is made from the built-in catalogue; flarekeep permission diff shows all that changed",
        ));
    }
    denied.iter().map(|contradiction| contradicted(&overlay, contradiction)).collect()
}

/// Warns of each of them, with its date and source.
pub(super) fn warn(context: &Context, overlay: &Overlay, denied: &[Contradiction]) {
    for contradiction in denied.iter().take(MOST_WARNINGS) {
        let (as_of, source) = said(overlay, contradiction);
        context.output.warn(format!("{} ({}, {})", sentence(contradiction), plain(source), day(as_of)));
    }
    if denied.len() > MOST_WARNINGS {
        context.output.warn(format!("and {} more facts are contradicted", denied.len() - MOST_WARNINGS));
    }
}

/// Warns of what a plan rests on and the overlay denies.
pub(crate) fn alarm_of(context: &Context, plan: &Plan) -> Vec<Value> {
    alarm(context, &facts_of_plan(plan))
}

/// What a plan rests on: its groups, and that each need is met by its grants.
pub(crate) fn facts_of_plan(plan: &Plan) -> Vec<Fact> {
    let groups = plan.grants.iter().map(|grant| Fact::Group(grant.group));
    let met = plan.needs.iter().enumerate().filter_map(|(at, need)| {
        let grants = plan.grants.iter().filter(|grant| grant.needs.contains(&at));
        let by: Vec<_> = grants.map(|grant| grant.group).collect();
        (!by.is_empty()).then_some(Fact::Accepts(need.operation, by))
    });
    let free = plan.free.iter().filter_map(|at| plan.needs.get(*at)).map(|need| Fact::AnyToken(need.operation));
    groups.chain(met).chain(free).collect()
}

/// What policies that were not planned rest on: their groups.
pub(crate) fn facts_of_policies(policies: &[Policy]) -> Vec<Fact> {
    policies.iter().flat_map(Policy::known_groups).map(Fact::Group).collect()
}

/// When and by what a fact was denied.
fn said<'a>(overlay: &'a Overlay, contradiction: &Contradiction) -> (&'a str, &'a str) {
    let said = match contradiction.half() {
        Half::Groups => overlay.groups.as_ref().map(|facts| (&facts.as_of, &facts.source)),
        Half::Operations => overlay.operations.as_ref().map(|facts| (&facts.as_of, &facts.source)),
    };
    said.map(|(as_of, source)| (as_of.as_str(), source.as_str())).unwrap_or_default()
}

fn contradicted(overlay: &Overlay, contradiction: &Contradiction) -> Value {
    let (as_of, source) = said(overlay, contradiction);
    let mut document = serde_json::to_value(contradiction).unwrap_or_default();
    document["as_of"] = as_of.into();
    document["source"] = source.into();
    document
}

fn sentence(contradiction: &Contradiction) -> String {
    match contradiction {
        Contradiction::GroupGone { group, id, .. } => format!("{group} ({id}) is not listed any more"),
        Contradiction::ScopeMoved { group, scope, now } => {
            format!("{group} takes effect at: {}, not {}", scope_words(now), scope_word(scope))
        }
        Contradiction::NameMoved { group, id, now } => format!("{group} is {now} now, and not {id}"),
        Contradiction::NotAccepted { operation, groups, accepts } if accepts.is_empty() => {
            format!("{operation} names no permission group any more: the plan rests on {}", listed(groups))
        }
        Contradiction::NotAccepted { operation, groups, accepts } => {
            format!("{operation} accepts {} now, and not {}", listed(accepts), listed(groups))
        }
        Contradiction::GroupNeeded { operation, accepts } => {
            format!("{operation} needs a permission now: {}", listed(accepts))
        }
        Contradiction::OperationGone { operation } => format!("{operation} is not there any more"),
    }
}

/// The first few names.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = names.iter().take(SHOWN).map(|name| plain(name)).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
