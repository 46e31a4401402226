//! `flarekeep permission search`.

use flarekeep_catalogue::{Hit, Matched, search};
use serde_json::{Value, json};

use super::{counts, id, reference};
use crate::context::Context;
use crate::output::table::table;
use crate::output::{FAINT, counted, plain, styled};
use crate::{CommandResult, Verdict};

/// How many are shown before `--verbose` is asked for.
const SHOWN: usize = 10;

pub(crate) fn run(context: &Context, words: &str) -> CommandResult {
    let hits = search(words);
    let output = context.output;
    output.document(&json!({ "words": words, "found": hits.iter().map(document).collect::<Vec<_>>() }));
    if hits.is_empty() {
        output.line(format!("no permission is found by `{}`", plain(words)));
        output.note(styled(FAINT, "flarekeep permission list shows all of them"));
        return Ok(Verdict::No);
    }
    let shown = if output.verbose { hits.len() } else { SHOWN };
    let by = if hits.iter().take(shown).all(|hit| hit.matched == Matched::Name) { "" } else { "FOUND BY" };
    let header = ["NAME", "SCOPE", "READS", "WRITES", "ID", by];
    output.line(table(0, Some(header), hits.iter().take(shown).map(row)));
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

fn row(hit: &Hit) -> [String; 6] {
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
    [group.name.to_owned(), scope, reads.to_string(), writes.to_string(), id(group), by]
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
