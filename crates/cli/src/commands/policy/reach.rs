//! `flarekeep policy reach`: what a token may do, and how it could give itself more.

use flarekeep_catalogue::{Operation, Rule, Way};
use flarekeep_policy::{Area, OperationSet, Place, Reach, WideningPath, reach};
use serde_json::{Value, json};

use super::source::{Source, ownership, read};
use super::words;
use crate::arguments::PolicyReach;
use crate::context::{Context, now};
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, counted, styled};
use crate::place::in_words;
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &PolicyReach) -> CommandResult {
    let ownership = ownership(&arguments.reading)?;
    let sources = read(context, &arguments.reading, &[&arguments.token])?;
    for source in &sources {
        let reach = reach(&source.token, &ownership, now());
        context.output.document(&document(source, &reach));
        show(context.output, source, &reach);
    }
    Ok(Verdict::Yes)
}

fn show(output: Output, source: &Source, reach: &Reach) {
    output.line(styled(STRONG, &source.name));
    let conditions = words::conditions(&source.token).into_iter().map(|(what, value)| {
        let endless = what == "until" && source.token.expires_on.is_none();
        [what.to_owned(), if endless { styled(CARE, value) } else { value }]
    });
    output.line(table(2, None, conditions));
    if reach.window.is_never() {
        output.line(format!("\n{}", styled(GOOD, "it can never be used: nothing is allowed")));
        return;
    }
    let granted = granted(reach);
    output.line(format!("\nallows {}", words::counts(&granted)));
    words::by_product(output, &granted);
    words::not_known(output, &reach.unproved);
    let paths = reach.widening_paths();
    let lists = if paths.is_empty() { "no known way to give itself more" } else { "ways to give itself more:" };
    output.line(format!("\n{}", styled(if paths.is_empty() { GOOD } else { BAD }, lists)));
    let mut told: Option<Way> = None;
    for path in &paths {
        let is_first = told != Some(path.widening.way);
        told = Some(path.widening.way);
        if is_first || output.verbose {
            let others = paths.iter().filter(|other| other.widening.way == path.widening.way).count() - 1;
            show_way(output, path, if output.verbose { 0 } else { others });
        }
    }
    output.note(styled(
        FAINT,
        format!("\nnot counted: {} operations of which nobody has published what opens them", words::unlabelled()),
    ));
}

/// A way, and how many more of its kind there are that are not shown.
fn show_way(output: Output, path: &WideningPath<'_>, others: usize) {
    let widening = path.widening;
    output.line(format!("  {:<8} {}", widening.way.word(), widening.gains));
    let operations = operations(path);
    let more = operations.len().saturating_sub(1);
    let mut call = operations.first().map(ToString::to_string).unwrap_or_default();
    if more > 0 {
        call.push_str(&format!(", and {}", counted(more, "more operation")));
    }
    output.line(styled(FAINT, format!("           {call}")));
    if output.verbose {
        output.line(styled(FAINT, format!("           {}", widening.source)));
    } else if others > 0 {
        output.line(styled(FAINT, format!("           {} of this kind (--verbose)", counted(others, "more way"))));
    }
}

/// Each operation of a way once.
fn operations(path: &WideningPath<'_>) -> Vec<&'static Operation> {
    let all: OperationSet = path.operations.iter().map(|(operation, _)| *operation).collect();
    all.iter().collect()
}

/// The areas without what any valid token may call.
fn granted(reach: &Reach) -> Vec<Area> {
    let is_granted = |operation: &&'static Operation| operation.rule != Rule::AnyToken;
    let area = |area: &Area| Area {
        places: area.places.clone(),
        operations: area.operations.iter().filter(is_granted).collect(),
    };
    reach.areas.iter().map(area).filter(|area| !area.operations.is_empty()).collect()
}

fn document(source: &Source, reach: &Reach) -> Value {
    let all = reach.operations();
    let writes = all.iter().filter(|operation| operation.mutates()).count();
    let conditions = words::conditions(&source.token).into_iter();
    let places = |path: &WideningPath<'_>| {
        let mut places: Vec<&Place> = path.operations.iter().flat_map(|(_, area)| &area.places).collect();
        places.sort();
        places.dedup();
        places.iter().map(|place| in_words(&place.to_string())).collect::<Vec<_>>()
    };
    let path = |path: &WideningPath<'_>| {
        json!({
            "way": path.widening.way.word(),
            "gains": path.widening.gains,
            "source": path.widening.source,
            "operations": operations(path).iter().map(ToString::to_string).collect::<Vec<_>>(),
            "places": places(path),
        })
    };
    json!({
        "token": source.name,
        "conditions": conditions.map(|(what, value)| (what.to_owned(), json!(value))).collect::<serde_json::Map<_, _>>(),
        "addresses": reach.window.addresses.to_string(),
        "usable": !reach.window.is_never(),
        "operations": all.len(),
        "writes": writes,
        "reads": all.len() - writes,
        "areas": words::areas_document(&reach.areas),
        "unproved": words::unproved_document(&reach.unproved),
        "widening": reach.widening_paths().iter().map(path).collect::<Vec<_>>(),
        "not_counted": words::unlabelled(),
    })
}
