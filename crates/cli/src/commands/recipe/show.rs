//! `flarekeep recipe show`: what a piece of work calls, the permissions that follow, and what a template grants beyond.

use flarekeep_catalogue::{Documented, Need, Operation, Recipe};
use flarekeep_planner::{Comparison, Grant, LeftOut, Options, Plan, compare_documented, needs_of_recipe, plan};
use flarekeep_policy::Owner;
use serde_json::{Value, json};

use crate::context::Context;
use crate::error::CommandError;
use crate::inferred;
use crate::output::table::table;
use crate::output::{CARE, FAINT, Output, STRONG, counted, plain, styled};
use crate::place::{self, SOME_USER};
use crate::recipes;
use crate::work::kind;
use crate::{CommandResult, Verdict};

/// How many needs are listed before `--verbose` is asked for.
const SHOWN: usize = 60;

pub(crate) fn run(context: &Context, name: &str) -> CommandResult {
    let recipe = recipes::find(name)?;
    let (target, owner) = (place::anywhere(), Owner::User(SOME_USER));
    let planned =
        |recipe: &Recipe| Ok::<_, CommandError>(plan(&needs_of_recipe(recipe, &target, owner)?, &Options::new(owner)));
    // A document lists what every option needs: it is compared with all of them.
    let options: Vec<String> = recipe.options.iter().map(|(option, _)| option.clone()).collect();
    let whole = recipe.clone().with(&options)?;
    let (plan, all) = (planned(&recipe)?, planned(&whole)?);
    let beside = recipe.documented.is_some().then(|| compare_documented(&all, &whole, &target)).transpose()?;
    let output = context.output;
    output.document(&document(&recipe, &plan, beside.as_ref())?);
    output.line(format!("{}: {}", styled(STRONG, &recipe.name), plain(&recipe.title)));
    output.line(format!("{}\n", styled(FAINT, format!("from {}", long(&recipe.source)))));
    show_terms(output, &recipe);
    show_needs(output, &recipe);
    show_plan(output, &plan, &all, &whole);
    inferred::show(output, recipe.all_needs.iter().map(|need| need.operation));
    if let (Some(documented), Some(beside)) = (&recipe.documented, &beside) {
        output.line(format!("\nbeside {}", long(&documented.source)));
        show_beyond(output, documented, beside);
    }
    let options: String = recipe.parameters.iter().map(|(parameter, _)| format!(" --{parameter} …")).collect();
    output.note(styled(FAINT, format!("\nflarekeep plan --recipe {}{options}", plain(name))));
    Ok(Verdict::Yes)
}

/// A sentence of a recipe's file, which may be long and somebody else's.
fn long(text: &str) -> String {
    text.split_whitespace().map(plain).collect::<Vec<_>>().join(" ")
}

fn show_terms(output: Output, recipe: &Recipe) {
    let parameters = recipe.parameters.iter().map(|(parameter, what)| [format!("--{parameter}"), long(what)]);
    let options = recipe.options.iter().map(|(option, what)| [format!("--with {}", plain(option)), long(what)]);
    let rows: Vec<_> = parameters.chain(options).collect();
    if !rows.is_empty() {
        output.line(format!("{}\n", table(2, None, rows)));
    }
}

fn show_needs(output: Output, recipe: &Recipe) {
    let shown = if output.verbose { usize::MAX } else { SHOWN };
    output.line("it calls");
    output.line(table(2, None, recipe.all_needs.iter().take(shown).map(row)));
    let more = recipe.all_needs.len().saturating_sub(shown);
    if more > 0 {
        output.line(styled(FAINT, format!("  and {more} more (--verbose)")));
    }
}

fn row(need: &Need) -> [String; 3] {
    let operation = need.operation;
    let inferred = if operation.provenance.is_inferred() { styled(CARE, " (inferred)") } else { String::new() };
    let option = need.option.as_ref().map(|option| styled(FAINT, format!(" (with {})", plain(option))));
    let why = format!("{}{}{inferred}", long(&need.why), option.unwrap_or_default());
    [kind(operation).to_owned(), operation.to_string(), why]
}

/// The grants of the plan, and behind them what all options together add.
fn show_plan(output: Output, plan: &Plan, all: &Plan, whole: &Recipe) {
    output.line("\nthe least that it needs");
    let row = |grant: &Grant, note: String| {
        let inferred = if grant.inferred { styled(CARE, "inferred") } else { String::new() };
        [grant.group.name.to_owned(), grant.group.scope.to_string(), note, inferred]
    };
    let always = plan.grants.iter().map(|grant| row(grant, String::new()));
    let added = all.grants.iter().filter(|grant| plan.grants.iter().all(|other| other.choice() != grant.choice()));
    let added = added.map(|grant| row(grant, styled(FAINT, asking(all, grant, whole))));
    let rows: Vec<_> = always.chain(added).collect();
    match rows.is_empty() {
        true => output.line("  no permission group: any valid token will do"),
        false => output.line(table(2, None, rows)),
    }
    for need in plan.unproven.iter().filter_map(|at| plan.needs.get(*at)) {
        let unproven = styled(CARE, "unproven");
        output.line(format!("  {unproven}  {}: nobody has published what it accepts", need.operation));
    }
    for impossible in &plan.impossible {
        let operation = plan.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        output.line(format!("  {}  {operation}: {}", styled(CARE, "impossible"), impossible.reason));
    }
}

/// The options that ask for a grant: `with routes, custom-domains`.
fn asking(plan: &Plan, grant: &Grant, recipe: &Recipe) -> String {
    let operations: Vec<_> = grant.sole.iter().filter_map(|at| Some(plan.needs.get(*at)?.operation)).collect();
    let asked = recipe.all_needs.iter().filter(|need| operations.contains(&need.operation));
    let mut options: Vec<&str> = asked.filter_map(|need| need.option.as_deref()).collect();
    options.dedup();
    format!("with {}", options.iter().map(|option| plain(option)).collect::<Vec<_>>().join(", "))
}

/// What the documented list grants beyond the plan, group by group, and what it forgets.
fn show_beyond(output: Output, documented: &Documented, beside: &Comparison) {
    const GROUPS: usize = 12;
    const OPERATIONS: usize = 3;
    let shown = if output.verbose { usize::MAX } else { GROUPS };
    if let Some(places) = documented.every_place() {
        output.line(format!("  {} on {places}, not only the one that is named", styled(CARE, "more")));
    }
    for left in beside.left_out.iter().take(shown) {
        output.line(format!("  {} {}: {}", styled(CARE, "more"), left.choice.group.name, opened(left)));
        let listed = if output.verbose { usize::MAX } else { OPERATIONS };
        let rows = left.opens.iter().take(listed).map(|operation| [kind(operation).to_owned(), operation.to_string()]);
        if !left.opens.is_empty() {
            output.line(table(9, None, rows));
        }
        let more = left.opens.len().saturating_sub(listed);
        if more > 0 {
            output.line(styled(FAINT, format!("         and {more} more (--verbose)")));
        }
    }
    let more = beside.left_out.len().saturating_sub(shown);
    if more > 0 {
        output.line(styled(FAINT, format!("  and {} more (--verbose)", counted(more, "group"))));
    }
    for forgotten in &beside.forgotten {
        let needs = counted(forgotten.needs.len(), "need");
        output.line(format!("  {} {}: for {needs}", styled(CARE, "forgotten"), forgotten.choice.group.name));
    }
    if documented.every_place().is_none() && beside.left_out.is_empty() && beside.forgotten.is_empty() {
        output.line("  just the same");
    }
}

fn opened(left: &LeftOut) -> String {
    let writes = left.opens.iter().filter(|operation| operation.mutates()).count();
    match left.opens.len() {
        0 => "opens nothing beyond".to_owned(),
        all => format!("opens {} and {} beyond", counted(all - writes, "read"), counted(writes, "write")),
    }
}

fn document(recipe: &Recipe, plan: &Plan, beside: Option<&Comparison>) -> Result<Value, CommandError> {
    let named = |operation: &Operation| operation.to_string();
    let needs = recipe.all_needs.iter().map(|need| {
        json!({
            "operation": need.operation.to_string(),
            "why": need.why,
            "option": need.option,
            "accepts": need.operation.accepts().map(|group| group.name).collect::<Vec<_>>(),
            "provenance": need.operation.provenance.word(),
            "basis": inferred::document(need.operation),
        })
    });
    let grants = plan.grants.iter().map(
        |grant| json!({ "group": grant.group.name, "scope": grant.group.scope.word(), "inferred": grant.inferred }),
    );
    let documented = recipe.documented.as_ref().zip(beside).map(|(documented, beside)| {
        json!({
            "source": documented.source,
            "groups": documented.groups.iter().map(|group| group.name).collect::<Vec<_>>(),
            "everywhere": documented.everywhere,
            "more": beside.left_out.iter().map(|left| json!({
                "group": left.choice.group.name,
                "because": left.to_string(),
                "opens": left.opens.iter().map(|operation| named(operation)).collect::<Vec<_>>(),
            })).collect::<Vec<_>>(),
            "forgotten": beside.forgotten.iter().map(|entry| entry.choice.group.name).collect::<Vec<_>>(),
        })
    });
    Ok(json!({
        "name": recipe.name,
        "title": recipe.title,
        "kind": recipe.kind.word(),
        "source": recipe.source,
        "run": recipe.command.as_ref().map(ToString::to_string),
        "parameters": recipe.parameters.iter().map(|(parameter, what)| json!({
            "name": parameter.word(), "what": what,
        })).collect::<Vec<_>>(),
        "options": recipe.options.iter().map(|(option, what)| json!({ "name": option, "what": what })).collect::<Vec<_>>(),
        "needs": needs.collect::<Vec<_>>(),
        "grants": grants.collect::<Vec<_>>(),
        "documented": documented,
    }))
}
