//! `flarekeep policy diff`: what a token may do more and less than another.

use flarekeep_catalogue::widenings;
use flarekeep_policy::{Area, Comparison, Gain, compare};
use serde_json::{Value, json};

use super::source::{Source, ownership, read};
use super::words;
use crate::arguments::PolicyDiff;
use crate::context::{Context, now};
use crate::output::table::table;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &PolicyDiff) -> CommandResult {
    let ownership = ownership(&arguments.reading)?;
    let sources = read(context, &arguments.reading, &[&arguments.old, &arguments.new])?;
    let [old, new] = sources.as_slice() else { return Ok(Verdict::No) };
    let comparison = compare(&old.token, &new.token, &ownership, now());
    context.output.document(&document(old, new, &comparison));
    show(context.output, old, new, &comparison);
    Ok(Verdict::yes_if(comparison.is_same()))
}

fn show(output: Output, old: &Source, new: &Source, comparison: &Comparison) {
    output.line(format!("old  {}\nnew  {}", styled(STRONG, &old.name), styled(STRONG, &new.name)));
    show_changes(output, old, new, comparison);
    words::ask_for_owners(output, &comparison.gained.areas);
    output.note(styled(
        FAINT,
        format!("\nnot compared: {} operations of which nobody has published what opens them", words::unlabelled()),
    ));
}

/// What changed: the conditions, what is gained, what is lost.
pub(crate) fn show_changes(output: Output, old: &Source, new: &Source, comparison: &Comparison) {
    let conditions = changes(old, new);
    if !conditions.is_empty() {
        output.line("");
        output.line(table(
            0,
            None,
            conditions.into_iter().map(|(what, old, new)| [what.to_owned(), format!("{old} → {new}")]),
        ));
    }
    if comparison.is_status_unknown {
        output.line(format!("\n{}: the status of a token is one that nobody knows", styled(CARE, "not known")));
    }
    if comparison.is_same() {
        output.line(format!("\n{}", styled(GOOD, "both allow the same")));
    }
    show_gain(output, "gained", &comparison.gained, "the new token");
    show_gain(output, "lost", &comparison.lost, "the old token");
}

fn show_gain(output: Output, word: &str, gain: &Gain, whose: &str) {
    if gain.is_nothing() {
        return;
    }
    let style = if word == "gained" { BAD } else { CARE };
    output.line(format!("\n{}: {}", styled(style, word), words::counts(&gain.areas)));
    if let Some(at) = gain.longer {
        output.line(format!("  all that {whose} allows, at {}: the other is not valid then", words::time(at)));
    }
    if let Some(ip) = gain.wider {
        output.line(format!("  all that {whose} allows, from {ip}: the other is not valid there"));
    }
    words::by_product(output, &gain.areas);
    if !output.verbose {
        let writes = words::first_writes(&gain.areas);
        if !writes.is_empty() {
            output.line(styled(FAINT, "  among them"));
        }
        writes.iter().for_each(|operation| output.line(format!("    {operation}")));
    }
    words::not_known(output, &gain.unproved);
    for (way, gains) in ways(&gain.areas) {
        output.line(format!("  {} {way}: {gains}", styled(style, "a way to give itself more,")));
    }
    if let Some(example) = &gain.example {
        let by_conditions = gain.longer.is_some() || gain.wider.is_some();
        output.line(format!("  {} {}", styled(FAINT, "for instance"), words::example(example, by_conditions)));
    }
}

/// The ways to widen itself that stand open in the areas; the first of each kind speaks for it.
fn ways(areas: &[Area]) -> Vec<(&'static str, &'static str)> {
    let opens = |widening: &&flarekeep_catalogue::Widening| {
        areas.iter().flat_map(|area| area.operations.iter()).any(|operation| widening.is_opened_by(operation))
    };
    let mut ways: Vec<_> =
        widenings().iter().filter(opens).map(|widening| (widening.way.word(), widening.gains)).collect();
    ways.dedup_by_key(|(way, _)| *way);
    ways
}

/// The conditions that differ.
fn changes(old: &Source, new: &Source) -> Vec<(&'static str, String, String)> {
    let pairs = words::conditions(&old.token).into_iter().zip(words::conditions(&new.token));
    pairs.filter(|((_, old), (_, new))| old != new).map(|((what, old), (_, new))| (what, old, new)).collect()
}

/// The same as a document.
pub(crate) fn document(old: &Source, new: &Source, comparison: &Comparison) -> Value {
    let changes = changes(old, new).into_iter();
    json!({
        "same": comparison.is_same(),
        "status_unknown": comparison.is_status_unknown,
        "old": old.name,
        "new": new.name,
        "conditions": changes.map(|(what, old, new)| json!({"condition": what, "old": old, "new": new})).collect::<Vec<_>>(),
        "gained": gain_document(&comparison.gained),
        "lost": gain_document(&comparison.lost),
        "not_compared": words::unlabelled(),
    })
}

/// What one token allows beyond another, as a document.
pub(super) fn gain_document(gain: &Gain) -> Value {
    json!({
        "operations": gain.operations().len(),
        "areas": words::areas_document(&gain.areas),
        "longer": gain.longer.map(words::time),
        "wider": gain.wider.map(|ip| ip.to_string()),
        "unproved": words::unproved_document(&gain.unproved),
        "ways": ways(&gain.areas).iter().map(|(way, gains)| json!({"way": way, "gains": gains})).collect::<Vec<_>>(),
        "example": gain.example.as_ref().map(|example| words::request_document(&example.request, &example.place)),
    })
}
