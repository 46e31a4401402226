//! The filters of the list of records.

use super::draft::Draft;
use crate::http::Call;

/// What a list asks for. All filters must hold, or any where `match=any`.
pub(super) struct Filter {
    tests: Vec<(Field, Test, String)>,
    any: bool,
}

#[derive(Clone, Copy)]
enum Field {
    Name,
    Content,
    Comment,
    Kind,
    Proxied,
    All,
}

#[derive(Clone, Copy)]
enum Test {
    Exact,
    Contains,
    Starts,
    Ends,
}

impl Filter {
    pub(super) fn of(call: &Call) -> Self {
        const FIELDS: [(&str, Field); 3] =
            [("name", Field::Name), ("content", Field::Content), ("comment", Field::Comment)];
        const TESTS: [(&str, Test); 5] = [
            ("", Test::Exact),
            (".exact", Test::Exact),
            (".contains", Test::Contains),
            (".startswith", Test::Starts),
            (".endswith", Test::Ends),
        ];
        let mut tests = Vec::new();
        let mut add = |name: &str, field, test| {
            if let Some(text) = call.query(name) {
                tests.push((field, test, text.to_ascii_lowercase()));
            }
        };
        for (name, field) in FIELDS {
            for (suffix, test) in TESTS {
                add(&format!("{name}{suffix}"), field, test);
            }
        }
        add("type", Field::Kind, Test::Exact);
        add("proxied", Field::Proxied, Test::Exact);
        add("search", Field::All, Test::Contains);
        Self { tests, any: call.query("match").as_deref() == Some("any") }
    }

    pub(super) fn admits(&self, record: &Draft) -> bool {
        let holds = |(field, test, text): &(Field, Test, String)| meets(record, *field, *test, text);
        if self.any && !self.tests.is_empty() { self.tests.iter().any(holds) } else { self.tests.iter().all(holds) }
    }
}

fn meets(record: &Draft, field: Field, test: Test, text: &str) -> bool {
    let meets = |value: &str| {
        let value = value.to_ascii_lowercase();
        match test {
            Test::Exact => value == text,
            Test::Contains => value.contains(text),
            Test::Starts => value.starts_with(text),
            Test::Ends => value.ends_with(text),
        }
    };
    let comment = record.comment.as_deref().unwrap_or_default();
    match field {
        Field::Name => meets(&record.name),
        Field::Content => meets(&record.content),
        Field::Comment => meets(comment),
        Field::Kind => meets(&record.kind),
        Field::Proxied => meets(if record.proxied { "true" } else { "false" }),
        Field::All => [&record.name, &record.content, comment].into_iter().any(meets),
    }
}
