//! Where in a JSON text a value stands.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::read::Step;

/// The line and the column, from 1, at which the value begins to which the steps lead; those of the last one that is
/// there.
pub(super) fn of(text: &str, path: &[Step]) -> (usize, usize) {
    let mut value = text;
    for step in path {
        match below(value, *step) {
            Some(inner) => value = inner,
            None => break,
        }
    }
    // INVARIANT: each value is a part of the text.
    let offset = value.as_ptr() as usize - text.as_ptr() as usize;
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1) + 1;
    (line, column)
}

fn below(text: &str, step: Step) -> Option<&str> {
    match step {
        Step::Key(key) => {
            let fields: BTreeMap<Key<'_>, &RawValue> = serde_json::from_str(text).ok()?;
            fields.get(&Key(Cow::Borrowed(key))).map(|value| value.get())
        }
        Step::At(at) => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            elements.get(at).map(|value| value.get())
        }
    }
}

/// A key, which may hold escapes.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_by_its_line_and_column() {
        let text = "{\n  \"a\": [1, {\"b\\u0020\": 2,\n \"c\": 3}]\n}";
        assert_eq!(of(text, &[]), (1, 1));
        assert_eq!(of(text, &[Step::Key("a"), Step::At(0)]), (2, 9));
        assert_eq!(of(text, &[Step::Key("a"), Step::At(1), Step::Key("c")]), (3, 7));
        assert_eq!(of(text, &[Step::Key("a"), Step::At(7)]), (2, 8));
        assert_eq!(of("no JSON", &[Step::Key("a")]), (1, 1));
    }
}
