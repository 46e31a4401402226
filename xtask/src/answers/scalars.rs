//! Texts and numbers that a schema's limits may accept, the plainest first.

use std::collections::BTreeMap;

use regex::Regex;
use serde_json::{Map, Value, json};

const HEX: &str = "0123456789abcdef0123456789abcdef";
const UUID: &str = "01234567-89ab-4cde-8f01-23456789abcd";
const TIME: &str = "2026-01-01T00:00:00Z";
/// What a pattern may want. They are tried in this order.
const TEXTS: [&str; 24] = [
    "example",
    "0",
    HEX,
    UUID,
    "example.com",
    "/",
    "https://example.com",
    "a",
    "1h",
    "2026-01-01",
    TIME,
    "192.0.2.1",
    "192.0.2.0/24",
    "2001:db8::1",
    "2001:db8::/32",
    "user@example.com",
    "AAAA",
    "AA==",
    "production",
    "beta",
    "en",
    "http.request.cookies[\"example\"][0]",
    "http.request.headers[\"example\"][0]",
    "01234567-89ab-4cde-8f01-23456789abcd:$.example",
];

/// Compiled patterns; none where one cannot be compiled.
#[derive(Default)]
pub(super) struct Patterns(BTreeMap<String, Option<Regex>>);

impl Patterns {
    fn matches(&mut self, pattern: &str, text: &str) -> bool {
        let compiled = self.0.entry(pattern.to_owned()).or_insert_with(|| Regex::new(pattern).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

/// Texts for a member of this name.
pub(super) fn texts(name: &str, limits: &[&Map<String, Value>], patterns: &mut Patterns) -> Vec<String> {
    let length = |keyword: &'static str| limits.iter().filter_map(move |schema| schema.get(keyword)?.as_u64());
    let least = usize::try_from(length("minLength").max().unwrap_or(0)).unwrap_or(0);
    let most = usize::try_from(length("maxLength").min().unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    let asked: Vec<&str> = limits.iter().filter_map(|schema| schema.get("pattern")?.as_str()).collect();
    let format = limits.iter().find_map(|schema| schema.get("format")?.as_str());
    let first = format.and_then(of_format).unwrap_or_else(|| of_name(name));
    let mut found = Vec::new();
    for text in std::iter::once(first).chain(TEXTS) {
        for text in [text.to_owned(), fitted(text, least, most)] {
            let fits =
                (least..=most).contains(&text.len()) && asked.iter().all(|pattern| patterns.matches(pattern, &text));
            if fits && !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

/// Numbers within the limits.
pub(super) fn numbers(limits: &[&Map<String, Value>]) -> Vec<Value> {
    let limit = |keyword: &str| limits.iter().find_map(|schema| schema.get(keyword));
    let mut found = vec![json!(0)];
    found.extend(limit("minimum").cloned());
    for (keyword, away) in [("exclusiveMinimum", 1), ("exclusiveMaximum", -1)] {
        found.extend(limit(keyword).and_then(Value::as_i64).map(|limit| json!(limit + away)));
    }
    found.extend(limit("maximum").cloned());
    found.extend(limit("multipleOf").cloned());
    found.extend([json!(1), json!(0.5)]);
    found
}

fn of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => TIME,
        "date" => "2026-01-01",
        "uuid" => UUID,
        "uri" | "URI" | "uri-reference" | "uri-template" => "https://example.com",
        "hostname" => "example.com",
        "email" => "user@example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "cidr" | "A.B.C.D/N" => "192.0.2.0/24",
        "byte" => "AAAA",
        _ => return None,
    })
}

fn of_name(name: &str) -> &'static str {
    if name == "id" || name.ends_with("_id") || name.ends_with("_tag") { HEX } else { "example" }
}

/// A text made longer by repeating it, or cut.
fn fitted(text: &str, least: usize, most: usize) -> String {
    let repeated = text.chars().cycle().take(text.len().clamp(least, most.max(least)).min(4096));
    repeated.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_to_length_and_pattern() {
        let of = |schema: Value| texts("name", &[schema.as_object().unwrap()], &mut Patterns::default())[0].clone();
        assert_eq!(of(json!({"maxLength": 3})), "exa");
        assert_eq!(of(json!({"minLength": 9})), "exampleex");
        assert_eq!(of(json!({"pattern": "^[0-9a-f]{32}$"})), HEX);
        assert_eq!(of(json!({"pattern": "^\\d+(d|h|m|s)$"})), "1h");
        assert_eq!(of(json!({"format": "uuid"})), UUID);
    }
}
