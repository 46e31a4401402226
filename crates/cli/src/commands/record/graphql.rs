//! What a GraphQL query needs: told by its text, since nothing else of the call tells it.

use flarekeep_catalogue::{Operation, operation};
use serde_json::Value;

/// The parts of `POST /graphql` that a body asks for, one query or a list of them; none where it cannot be read, or asks for
/// neither.
pub(super) fn asked(body: &[u8]) -> Vec<&'static Operation> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let all = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let names: Vec<&str> = all.iter().flat_map(|one| names(one["query"].as_str().unwrap_or_default())).collect();
    let parts = [("accounts", "POST /graphql#account"), ("zones", "POST /graphql#zone")];
    let asked = parts.iter().filter(|(name, _)| names.contains(name));
    asked.filter_map(|(_, part)| operation(part).ok()).collect()
}

/// The names of a query, without what stands in strings and comments (GraphQL specification, 2.1).
fn names(query: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' if rest.starts_with("\"\"\"") => {
                rest.get(3..).and_then(|inside| inside.find("\"\"\"")).map_or(rest.len(), |end| end + 6)
            }
            '"' => string(rest),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                names.extend(rest.get(..end));
                end
            }
            other => other.len_utf8(),
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    names
}

/// The length of a string with its quotes.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(query: &str) -> Vec<String> {
        let body = serde_json::json!({ "query": query }).to_string();
        asked(body.as_bytes()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_query_says_what_it_needs() {
        assert_eq!(parts("query { viewer { zones(filter: {zoneTag: \"accounts\"}) { x } } }"), ["POST /graphql#zone"]);
        assert_eq!(parts("{ viewer { accounts { x } } } # zones"), ["POST /graphql#account"]);
        assert_eq!(parts("{viewer{a:accounts{x} zones{y}}}").len(), 2);
        for query in
            ["", "{ viewer { budget } }", r#""\" zones""#, r#""""zones " zones""""#, "# zones", "\"zones", "é zonés"]
        {
            assert!(parts(query).is_empty(), "{query}");
        }
        assert_eq!(asked(br#"[{"query":"{viewer{zones{x}}}"},{"query":"{viewer{accounts{x}}}"}]"#).len(), 2);
        assert!(asked(b"").is_empty() && asked(b"[1]").is_empty() && asked(b"{\"query\":7}").is_empty());
    }
}
