//! The difference in words, and as a document.

use std::path::Path;

use flarekeep_policy::Effect;
use flarekeep_tokens::Sink;
use flarekeep_tokens::declared::{Change, End, Entry, Kind, Wanted};
use serde_json::{Value, json};

use super::act::Outcome;
use crate::output::{BAD, CARE, FAINT, GOOD, Output, STRONG, counted, plain, styled};
use crate::place;
use crate::sources::file;

/// How many permissions are listed of one token before the rest is counted.
const LISTED: usize = 12;

/// Prints what differs, and the counts. Files in `folder` go by their names there. With `keeps`, what is not declared any
/// more is left alone.
pub(super) fn changes(output: Output, changes: &[Change], folder: &Path, keeps: bool) {
    let near = |text: &str| plain(&text.replace(&format!("{}/", folder.display()), ""));
    for change in changes {
        let difference = &change.difference;
        if difference.is_drift() {
            one(output, change, &near);
            if difference.kind == Kind::Revoke {
                let how = if keeps { ": --prune revokes it" } else { "" };
                output.line(format!("        it is not declared any more{how}"));
            }
        }
        for remark in &difference.remarks {
            output.note(format!("{}: {}", plain(change.name()), near(remark)));
        }
    }
    output.line(counts(changes));
}

fn one(output: Output, change: &Change, near: &dyn Fn(&str) -> String) {
    let difference = &change.difference;
    let (style, sign) = match difference.kind {
        Kind::Create => (GOOD, "  +"),
        Kind::Narrow | Kind::Rename | Kind::Unchanged => (CARE, "  ~"),
        Kind::Widen | Kind::Change => (BAD, "  ~"),
        Kind::Replace => (CARE, "-/+"),
        Kind::Revoke => (BAD, "  -"),
    };
    let id = change.living.as_ref().map(|(token, _)| styled(FAINT, format!("  {}", token.id))).unwrap_or_default();
    let loud = match difference.widens {
        true => format!("  {}", styled(BAD, "WIDENS: it will be allowed more")),
        false => String::new(),
    };
    output.line(format!(
        "{} {} {}{id}{loud}",
        styled(style, sign),
        styled(style, format!("{:<7}", difference.kind.word())),
        styled(STRONG, plain(change.name()))
    ));
    for reason in &difference.reasons {
        output.line(format!("        {}", near(&reason.to_string())));
    }
    entries(output, &difference.gained, '+');
    entries(output, &difference.lost, '-');
    for term in &difference.terms {
        output.line(format!("      ~ {}: {} -> {}", term.what, plain(&term.from), plain(&term.to)));
    }
    if let (true, Some(example)) = (difference.kind != Kind::Create, &difference.example) {
        output.line(styled(FAINT, format!("        for example {}", plain(&place::in_words(example)))));
    }
    if matches!(difference.kind, Kind::Create | Kind::Replace) {
        change.wanted.iter().for_each(|wanted| terms(output, wanted));
        for sink in &change.sinks {
            let goes = match sink {
                Sink::R2Keys(keys) => format!("its R2 keys go to {}", keys.place()),
                sink => format!("its value goes to {sink}"),
            };
            output.line(styled(FAINT, format!("        {}", near(&goes))));
        }
    }
}

/// What a new token is held to.
fn terms(output: Output, wanted: &Wanted) {
    let list = |ranges: &[ipnet::IpNet]| ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !wanted.allow_ips.is_empty() {
        output.line(format!("        from {}", list(&wanted.allow_ips)));
    }
    if !wanted.deny_ips.is_empty() {
        output.line(format!("        not from {}", list(&wanted.deny_ips)));
    }
    if let Some(time) = wanted.not_before {
        output.line(format!("        not before {time}"));
    }
    match wanted.end {
        End::After(age) => output.line(format!("        for {age}")),
        End::At(time) => output.line(format!("        until {time}")),
        End::Never => output.line(styled(CARE, "        without an end: expires = \"90d\" gives it one")),
    }
}

fn entries(output: Output, entries: &[Entry], sign: char) {
    for entry in entries.iter().take(LISTED) {
        let denied = if entry.effect == Effect::Deny { "deny " } else { "" };
        let place = plain(&place::in_words(&entry.place));
        output.line(format!("      {sign} {denied}{} at {place}", plain(&entry.group)));
    }
    let more = entries.len().saturating_sub(LISTED);
    if more > 0 {
        output.line(format!("      {sign} {} more", counted(more, "permission")));
    }
}

/// The last line: how many of each kind.
fn counts(changes: &[Change]) -> String {
    let kinds = [Kind::Create, Kind::Narrow, Kind::Widen, Kind::Change, Kind::Rename, Kind::Replace, Kind::Revoke];
    let count = |kind| changes.iter().filter(|change| change.difference.kind == kind).count();
    let mut parts: Vec<String> = kinds
        .into_iter()
        .filter(|kind| count(*kind) > 0)
        .map(|kind| format!("{} to {}", count(kind), kind.word()))
        .collect();
    let unchanged = count(Kind::Unchanged);
    if parts.is_empty() {
        return format!("No changes: {} as declared.", counted(unchanged, "token"));
    }
    parts.push(format!("{unchanged} unchanged"));
    format!("Plan: {}.", parts.join(", "))
}

/// The one document: what differs, and what became of it.
pub(super) fn document(path: &Path, changes: &[Change], answer: &str, outcomes: &[Outcome]) -> Value {
    let outcome_of = |change: &Change| {
        let key = change.wanted.as_ref().map(|wanted| wanted.key.as_str());
        outcomes.iter().find(|outcome| outcome.name == change.name() && outcome.key.as_deref() == key)
    };
    let is_done = |change: &Change| outcome_of(change).is_some_and(|outcome| outcome.error.is_none());
    let each = changes.iter().map(|change| {
        let difference = &change.difference;
        let entries = |entries: &[Entry]| {
            let entry = |entry: &Entry| {
                let effect = if entry.effect == Effect::Deny { "deny" } else { "allow" };
                json!({ "effect": effect, "group": entry.group, "place": entry.place })
            };
            entries.iter().map(entry).collect::<Vec<_>>()
        };
        let outcome = outcome_of(change);
        let id = outcome.and_then(|outcome| outcome.id).or(change.living.as_ref().map(|(token, _)| token.id));
        json!({
            "key": change.wanted.as_ref().map(|wanted| wanted.key.clone()),
            "name": change.name(),
            "id": id.map(|id| id.to_string()),
            "change": difference.kind.word(),
            "widens": difference.widens,
            "narrows": difference.narrows,
            "reasons": difference.reasons.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "gained": entries(&difference.gained),
            "lost": entries(&difference.lost),
            "terms": difference.terms.iter().map(|term| json!({ "what": term.what, "from": term.from, "to": term.to })).collect::<Vec<_>>(),
            "example": difference.example,
            "remarks": difference.remarks,
            "done": outcome.map(|outcome| outcome.error.is_none()),
            "error": outcome.and_then(|outcome| outcome.error.as_ref()).map(|error| error.document()["error"].clone()),
        })
    });
    json!({
        "file": file::name(path),
        "answer": answer,
        "in_sync": changes.iter().all(|change| !change.difference.is_drift() || is_done(change)),
        "tokens": each.collect::<Vec<_>>(),
    })
}
