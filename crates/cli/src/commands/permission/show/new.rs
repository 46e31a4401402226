//! A permission group that only the overlay has.

use serde_json::{Value, json};

use crate::Verdict;
use crate::context::Context;
use crate::output::table::table;
use crate::output::{CARE, STRONG, plain, styled};
use crate::overlay::{Entry, Learned, scope_words};

/// Shows what is known of it.
pub(super) fn show(context: &Context, entry: &Entry) -> Verdict {
    let output = context.output;
    let accepting = Learned::read(context).map(|learned| learned.accepting(&entry.fact.name)).unwrap_or_default();
    output.document(&document(entry, &accepting));
    output.line(styled(STRONG, plain(&entry.fact.name)));
    let origin = styled(CARE, format!("the list alone, not the catalogue ({})", entry.origin()));
    let rows = [
        ("id", entry.fact.id.to_string()),
        ("API", plain(&entry.fact.name)),
        ("takes effect at", scope_words(&entry.fact.scopes)),
        ("category", entry.fact.category.as_deref().map(plain).unwrap_or_default()),
        ("known from", origin),
    ];
    let rows = rows.into_iter().filter(|(_, text)| !text.is_empty());
    output.line(table(2, None, rows.map(|(name, text)| [name.to_owned(), text])));
    if accepting.is_empty() {
        output.line("\nno operation is known that accepts it: no plan can rest on it");
    } else {
        output.line("\nby the newer schema of the overlay it is accepted by; no plan rests on that");
        output.line(table(2, None, accepting.into_iter().map(|operation| [operation])));
    }
    Verdict::Yes
}

fn document(entry: &Entry, accepting: &[String]) -> Value {
    json!({
        "id": null,
        "name": entry.fact.name,
        "category": entry.fact.category,
        "learned": [entry.document()],
        "operations": accepting,
    })
}
