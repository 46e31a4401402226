//! `flarekeep permission search`.

use flarekeep_catalogue::{Hit, Matched, search};
use serde_json::{Value, json};

use super::{counts, known_id, reference};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{CARE, FAINT, counted, plain, styled};
use crate::overlay::{Entry, Learned, scope_words};
use crate::{CommandResult, Verdict};

/// How many are shown before `--verbose` is asked for.
const SHOWN: usize = 10;

pub(crate) fn run(context: &Context, words: &str) -> CommandResult {
    if !words.contains(char::is_alphanumeric) {
        return Err(CommandError::usage("no word to search for is given")
            .hint("flarekeep permission search dns edit")
            .hint("flarekeep permission list shows all of them"));
    }
    let hits = search(words);
    let output = context.output;
    let learned = Learned::read(context).map(|learned| learned.entries()).unwrap_or_default();
    let (named, learned): (Vec<Entry>, Vec<Entry>) = learned.into_iter().partition(|entry| is_found(entry, words));
    let found: Vec<Value> = hits.iter().map(document).chain(named.iter().map(learned_document)).collect();
    output.document(&json!({ "words": words, "found": found }));
    if found.is_empty() {
        output.line(format!("no permission is found by `{}`", plain(words)));
        output.note(styled(FAINT, "flarekeep permission list shows all of them"));
        return Ok(Verdict::No);
    }
    let shown = if output.verbose { hits.len() } else { SHOWN };
    let by_name = named.is_empty() && hits.iter().take(shown).all(|hit| hit.matched == Matched::Name);
    let header = ["NAME", "SCOPE", "READS", "WRITES", "ID", if by_name { "" } else { "FOUND BY" }];
    let rows = hits.iter().take(shown).map(|hit| row(hit, &[&named[..], &learned].concat()));
    output.line(table(0, Some(header), rows.chain(named.iter().map(learned_row))));
    let more = hits.len().saturating_sub(shown);
    if more > 0 {
        output.line(styled(FAINT, format!("and {more} more (--verbose)")));
    }
    if let Some(best) = hits.first() {
        let name = flarekeep_catalogue::unmistakable(best.group);
        output.note(styled(FAINT, format!("\nflarekeep permission show '{name}'")));
    }
    Ok(Verdict::Yes)
}

/// Whether the overlay alone knows the name.
fn is_found(entry: &Entry, words: &str) -> bool {
    (entry.group.is_none() || entry.new_name().is_some()) && entry.holds(words)
}

/// A group that is found by a name that only the overlay has.
fn learned_row(entry: &Entry) -> [String; 6] {
    let count = |number: fn((usize, usize)) -> usize| {
        entry.group.map_or_else(|| "?".to_owned(), |group| number(counts(group)).to_string())
    };
    let (name, by) = match entry.group {
        Some(group) => (group.name.to_owned(), format!("`{}` ({})", plain(&entry.fact.name), entry.origin())),
        None => (plain(&entry.fact.name), format!("new ({})", entry.origin())),
    };
    let id = entry.fact.id.to_string();
    [name, scope_words(&entry.fact.scopes), count(|it| it.0), count(|it| it.1), id, styled(CARE, by)]
}

fn learned_document(entry: &Entry) -> Value {
    let mut document =
        entry.group.map_or_else(|| json!({ "id": null, "name": entry.fact.name, "scope": null }), reference);
    document["score"] = Value::Null;
    document["by"] = json!("overlay");
    document["text"] = json!(entry.fact.name);
    document["learned"] = entry.document();
    document
}

fn row(hit: &Hit, learned: &[Entry]) -> [String; 6] {
    let group = hit.group;
    let (reads, writes) = counts(group);
    let by = match hit.matched {
        Matched::Id => "its id".to_owned(),
        Matched::Name => String::new(),
        Matched::OtherName(name) => format!("`{name}`"),
        Matched::Synonym(word) => format!("`{word}`"),
        Matched::Category => group.category().to_owned(),
        Matched::Operations(number) => counted(number as usize, "operation"),
    };
    let scope = group.scope.to_string();
    let by = if by.is_empty() { by } else { styled(FAINT, by) };
    [group.name.to_owned(), scope, reads.to_string(), writes.to_string(), known_id(group, learned), by]
}

fn document(hit: &Hit) -> Value {
    let (by, text) = match hit.matched {
        Matched::Id => ("id", None),
        Matched::Name => ("name", None),
        Matched::OtherName(name) => ("other-name", Some(name.to_owned())),
        Matched::Synonym(word) => ("synonym", Some(word.to_owned())),
        Matched::Category => ("category", Some(hit.group.category().to_owned())),
        Matched::Operations(number) => ("operations", Some(number.to_string())),
    };
    let mut document = reference(hit.group);
    document["score"] = json!(hit.score);
    document["by"] = json!(by);
    document["text"] = json!(text);
    document
}
