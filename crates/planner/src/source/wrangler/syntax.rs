//! TOML and JSON with comments, each into the one tree.
//!
//! Both parsers bound how deep a text may nest, and their messages quote nothing of it.

use flarekeep_catalogue::is_hostile;
use jsonc_parser::ast;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::SourceError;
use super::located::{Entry, Located, Value};

/// Reads a configuration; the ending of the name says in which language, and where it says nothing the text does.
pub(super) fn parse(name: &str, text: &str) -> Result<Located, SourceError> {
    // A mark that some editors put first, and that neither language has.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if is_json(name, text) { parse_json(name, text) } else { parse_toml(name, text) }
}

fn is_json(name: &str, text: &str) -> bool {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("json" | "jsonc") => true,
        Some("toml") => false,
        // A TOML begins with neither.
        _ => text.trim_start().starts_with(['{', '/']),
    }
}

fn parse_toml(name: &str, text: &str) -> Result<Located, SourceError> {
    let lines = Lines::new(text);
    let table = DeTable::parse(text).map_err(|error| {
        let reason = error.message().lines().next().unwrap_or_default();
        lines.error(name, error.span().map_or(text.len(), |span| span.start), reason)
    })?;
    Ok(Located { line: 1, value: toml_table(table.get_ref(), &lines) })
}

fn toml_table(table: &DeTable<'_>, lines: &Lines<'_>) -> Value {
    let entries = table.iter().map(|(key, value)| Entry {
        key: key.get_ref().to_string(),
        line: lines.of(key.span().start),
        value: toml_value(value, lines),
    });
    let mut entries: Vec<Entry> = entries.collect();
    entries.sort_by_key(|entry| entry.line);
    Value::Table(entries)
}

fn toml_value(value: &Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Located {
    let line = lines.of(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Array(items) => Value::List(items.iter().map(|item| toml_value(item, lines)).collect()),
        DeValue::Table(table) => toml_table(table, lines),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
    };
    Located { line, value }
}

fn parse_json(name: &str, text: &str) -> Result<Located, SourceError> {
    let lines = Lines::new(text);
    let options = ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    };
    let parsed = parse_to_ast(text, &CollectOptions::default(), &options).map_err(|error| {
        let reason = error.kind().to_string();
        let mut letters = reason.chars();
        let first = letters.next().map(|first| first.to_ascii_lowercase());
        let reason: String = first.into_iter().chain(letters).collect();
        lines.error(name, error.range().start, &reason)
    })?;
    let Some(root) = parsed.value else {
        return Err(lines.error(name, text.len(), "it is empty"));
    };
    Ok(json_value(root, &lines))
}

fn json_value(value: ast::Value<'_>, lines: &Lines<'_>) -> Located {
    use jsonc_parser::common::Ranged as _;
    let line = lines.of(value.range().start);
    let value = match value {
        ast::Value::StringLit(text) => Value::Text(text.value.into_owned()),
        ast::Value::BooleanLit(truth) => Value::Truth(truth.value),
        ast::Value::NumberLit(_) => Value::Other,
        ast::Value::NullKeyword(_) => Value::Null,
        ast::Value::Array(array) => {
            Value::List(array.elements.into_iter().map(|item| json_value(item, lines)).collect())
        }
        ast::Value::Object(object) => {
            let entry = |property: ast::ObjectProp<'_>| Entry {
                line: lines.of(property.range.start),
                key: property.name.into_string(),
                value: json_value(property.value, lines),
            };
            Value::Table(object.properties.into_iter().map(entry).collect())
        }
    };
    Located { line, value }
}

/// Where the lines of a text begin.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// The line of a place, both from the start: a byte from 0, a line from 1.
    fn of(&self, byte: usize) -> usize {
        self.starts.partition_point(|start| *start <= byte).max(1)
    }

    fn error(&self, name: &str, byte: usize, reason: &str) -> SourceError {
        let reason = reason.chars().filter(|c| !is_hostile(*c)).collect();
        let line = self.of(byte);
        let start = self.starts.get(line - 1).copied().unwrap_or_default();
        let before = self.text.get(start..byte).unwrap_or_default();
        SourceError { source: name.to_owned(), line: Some(line), column: Some(before.chars().count() + 1), reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find<'a>(root: &'a Located, path: &[&str]) -> &'a Entry {
        let (last, tables) = path.split_last().unwrap();
        tables.iter().fold(root, |at, key| &at.find(key).unwrap().value).find(last).unwrap()
    }

    #[test]
    fn both_languages_give_one_tree_with_the_lines_of_each() {
        let toml =
            parse("wrangler.toml", "name = 'a'\n\n[triggers]\ncrons = [\n  'x',\n]\n[[r2_buckets]]\nbinding = 'B'\n");
        let toml = toml.unwrap();
        let json = "// a\n{\n \"name\": \"a\", /* b */\n \"triggers\": {\"crons\": [\n  \"x\",\n ]},\n \"r2_buckets\":\n [{\"binding\": \"B\"}],\n}";
        let json = parse("wrangler.json", json).unwrap();
        for (root, name, crons, cron, bucket) in [(&toml, 1, 4, 5, 7), (&json, 3, 4, 5, 8)] {
            assert_eq!((find(root, &["name"]).line, root.text_of("name")), (name, Some("a")));
            let entry = find(root, &["triggers", "crons"]);
            assert_eq!(entry.line, crons);
            assert_eq!(entry.value.items().unwrap()[0], Located { line: cron, value: Value::Text("x".into()) });
            let buckets = find(root, &["r2_buckets"]).value.items().unwrap();
            assert_eq!((buckets[0].line, buckets[0].text_of("binding")), (bucket, Some("B")));
        }
    }

    #[test]
    fn a_fault_has_a_line_and_a_column_and_quotes_nothing() {
        let error = |name: &str, text: &str| parse(name, text).unwrap_err().to_string();
        let secret = "sw0rdfish";
        for (name, text, at) in [
            ("a.toml", "a = 1\nb = sw0rdfish\n", "line 2, column 5"),
            ("a.toml", "a = 'sw0rdfish\n", "line 1, column"),
            ("a.json", "{\n  \"a\": sw0rdfish\n}", "line 2, column 8"),
            ("a.json", "{\"a\": 'sw0rdfish'}", "line 1, column 7"),
            ("a.json", "{\"a\": 1 \"sw0rdfish\": 2}", "line 1, column"),
            ("a.json", "", "line 1, column 1: it is empty"),
        ] {
            let shown = error(name, text);
            assert!(shown.contains(at) && !shown.contains(secret), "{shown}");
        }
    }

    #[test]
    fn the_text_tells_where_the_name_does_not() {
        for text in ["{\"name\": \"a\"}", "// c\n{\"name\": \"a\"}", "name = 'a'", "\u{feff}{\"name\": \"a\"}"] {
            assert_eq!(parse("-", text).unwrap().text_of("name"), Some("a"), "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let deep = 200_000;
        for (name, text) in [
            ("a.json", "[".repeat(deep)),
            ("a.json", "{\"a\":".repeat(deep)),
            ("a.toml", format!("a = {}", "[".repeat(deep))),
            ("a.toml", format!("a = {}", "{a=".repeat(deep))),
            ("a.toml", format!("a{} = 1", ".a".repeat(deep))),
            ("a.toml", format!("[a{}]", ".a".repeat(deep))),
        ] {
            assert!(parse(name, &text).is_err(), "{}", &text[..20]);
        }
    }
}
