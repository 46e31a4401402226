//! The differences between an overlay and the catalogue, in words.

use flarekeep_catalogue::overlay::{Change, ListOwner, Overlay};

use crate::output::table::table;
use crate::output::{BAD, CARE, GOOD, counted, plain, styled};
use crate::overlay::{day, scope_word, scope_words};

/// What the overlay was made from, a line for each half.
pub(super) fn parts(overlay: &Overlay) -> String {
    let groups = overlay.groups.iter().map(|facts| {
        let whose = match facts.owner {
            ListOwner::User => "the user",
            ListOwner::Account => "the account",
        };
        let (listed, source) = (counted(facts.groups.len(), "permission group"), plain(&facts.source));
        format!("{listed} listed for {whose} on {}\n  {source}", day(&facts.as_of))
    });
    let operations = overlay.operations.iter().map(|facts| {
        let part = if facts.whole { "" } else { ", a part of the API: what it lacks is not taken for gone" };
        let (looked_at, source) = (counted(facts.looked_at, "operation"), plain(&facts.source));
        format!("{looked_at} looked at on {}{part}\n  {source}", day(&facts.as_of))
    });
    groups.chain(operations).collect::<Vec<_>>().join("\n")
}

/// How many differences of each kind there are.
pub(super) fn found(changes: &[Change]) -> String {
    if changes.is_empty() {
        return styled(GOOD, "nothing differs from the built-in catalogue");
    }
    let mut counts: Vec<((&str, &str), usize)> = Vec::new();
    for words in changes.iter().map(words) {
        match counts.last_mut() {
            Some((last, count)) if *last == words => *count += 1,
            _ => counts.push((words, 1)),
        }
    }
    let counts = counts.iter().map(|((one, many), count)| format!("{count} {}", if *count == 1 { one } else { many }));
    format!("against the built-in catalogue: {}", counts.collect::<Vec<_>>().join(", "))
}

/// A line for each difference.
pub(super) fn rows(changes: &[Change]) -> String {
    table(
        2,
        None,
        changes.iter().map(|change| [styled(style(change), words(change).0), subject(change), detail(change)]),
    )
}

/// The kind of difference: one, and many.
fn words(change: &Change) -> (&'static str, &'static str) {
    match change {
        Change::NewGroup { .. } => ("new group", "new groups"),
        Change::IdLearned { .. } => ("id learned", "ids learned"),
        Change::IdChanged { .. } => ("id changed", "ids changed"),
        Change::Renamed { .. } => ("group renamed", "groups renamed"),
        Change::ScopeChanged { .. } => ("scope changed", "scopes changed"),
        Change::GroupGone { .. } => ("group gone", "groups gone"),
        Change::NewOperation { .. } => ("new operation", "new operations"),
        Change::OperationChanged { .. } => ("operation changed", "operations changed"),
        Change::OperationConfirmed { .. } => ("operation confirmed", "operations confirmed"),
        Change::OperationGone { .. } => ("operation gone", "operations gone"),
    }
}

fn style(change: &Change) -> anstyle::Style {
    match change {
        Change::NewGroup { .. }
        | Change::IdLearned { .. }
        | Change::NewOperation { .. }
        | Change::OperationConfirmed { .. } => GOOD,
        Change::GroupGone { .. } | Change::OperationGone { .. } => BAD,
        _ => CARE,
    }
}

fn subject(change: &Change) -> String {
    match change {
        Change::NewGroup { name, .. }
        | Change::IdLearned { name, .. }
        | Change::IdChanged { name, .. }
        | Change::ScopeChanged { name, .. } => plain(name),
        Change::Renamed { from: name, .. } | Change::GroupGone { name, .. } => (*name).to_owned(),
        Change::NewOperation { method, path, .. } => format!("{method} {}", plain(path)),
        Change::OperationChanged { method, path, .. }
        | Change::OperationConfirmed { method, path, .. }
        | Change::OperationGone { method, path } => format!("{method} {path}"),
    }
}

fn detail(change: &Change) -> String {
    match change {
        Change::NewGroup { id, scopes, .. } | Change::IdLearned { id, scopes, .. } => {
            format!("{id} ({})", scope_words(scopes))
        }
        Change::IdChanged { from, to, scope, .. } => format!("{to}, not {from} ({})", scope_word(scope)),
        Change::Renamed { to, id, .. } => format!("now {} ({id})", plain(to)),
        Change::ScopeChanged { from, to, id, .. } => {
            format!("{}, not {} ({id})", scope_words(to), from.map_or("unknown".to_owned(), scope_word))
        }
        Change::GroupGone { id, scope, .. } => format!("{id} ({})", scope_word(scope)),
        Change::NewOperation { groups, .. } if groups.is_empty() => "names no permission group".to_owned(),
        Change::NewOperation { groups, .. } => format!("accepts {}", plain(&groups.join(", "))),
        Change::OperationChanged { gained, lost, was, .. } => difference(gained, lost, was),
        Change::OperationConfirmed { was, .. } => format!("as the catalogue has it ({was})"),
        Change::OperationGone { .. } => String::new(),
    }
}

fn difference(gained: &[String], lost: &[String], was: &str) -> String {
    let signed = |sign: &'static str, names: &[String]| {
        names.iter().map(|name| format!("{sign} {}", plain(name))).collect::<Vec<_>>()
    };
    let parts = [signed("+", gained), signed("-", lost)].concat().join(", ");
    if was == "schema" { parts } else { format!("{parts} (was {was})") }
}
