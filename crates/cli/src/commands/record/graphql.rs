//! What a GraphQL query needs: told by its text, since nothing else of the call tells it.

use flarekeep_catalogue::{Operation, operation};
use serde_json::Value;

/// The parts of `POST /graphql` that a body asks for, one query or a list of them; none where it cannot be read, or asks for
/// neither.
pub(super) fn asked(body: &[u8]) -> Vec<&'static Operation> {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let all = body.as_array().map_or(std::slice::from_ref(&body), Vec::as_slice);
    let fields: Vec<&str> = all.iter().flat_map(|one| fields(one["query"].as_str().unwrap_or_default())).collect();
    let parts = [("accounts", "POST /graphql#account"), ("zones", "POST /graphql#zone")];
    let asked = parts.iter().filter(|(name, _)| fields.contains(name));
    asked.filter_map(|(_, part)| operation(part).ok()).collect()
}

/// The fields that a query asks for, of all levels: without aliases and arguments, and without the names of operations, of
/// variables and of fragments (GraphQL specification, 2).
fn fields(query: &str) -> Vec<&str> {
    let tokens = tokens(query);
    let (mut braces, mut parentheses, mut before) = (0_usize, 0_usize, "");
    let mut fields = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        match *token {
            "{" => braces += 1,
            "}" => braces = braces.saturating_sub(1),
            "(" => parentheses += 1,
            ")" => parentheses = parentheses.saturating_sub(1),
            name if name.starts_with(is_in_name) => {
                let is_alias = tokens.get(at + 1) == Some(&":");
                if braces > 0 && parentheses == 0 && !is_alias && !matches!(before, "$" | "@" | ".") {
                    fields.push(name);
                }
            }
            _ => {}
        }
        before = token;
    }
    fields
}

/// The names and marks of a query, without strings and comments.
fn tokens(query: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = query;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' if rest.starts_with("\"\"\"") => {
                rest.get(3..).and_then(|inside| inside.find("\"\"\"")).map_or(rest.len(), |end| end + 6)
            }
            '"' => string(rest),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            c if is_in_name(c) => rest.find(|c| !is_in_name(c)).unwrap_or(rest.len()),
            other => other.len_utf8(),
        };
        let (token, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        // Commas are as good as spaces.
        if !(first == '"' || first == '#' || first == ',' || first.is_whitespace()) {
            tokens.push(token);
        }
        rest = behind;
    }
    tokens
}

fn is_in_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
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
        let accounts = [
            "query zones { viewer { accounts { x } } }",
            "query ($zones: [string!]) { viewer { accounts(filter: {a_in: $zones, zones: 1}) { x } } }",
            "{ viewer { zones: accounts { x } } }",
            "{ viewer { ...zones @zones } } fragment zones on Viewer { accounts { x } }",
            "{ viewer { accounts(orderBy: [zones]) { x } } }",
        ];
        for query in accounts {
            assert_eq!(parts(query), ["POST /graphql#account"], "{query}");
        }
        assert_eq!(parts("{ viewer { a : zones { x } } }"), ["POST /graphql#zone"]);
        assert_eq!(asked(br#"[{"query":"{viewer{zones{x}}}"},{"query":"{viewer{accounts{x}}}"}]"#).len(), 2);
        assert!(asked(b"").is_empty() && asked(b"[1]").is_empty() && asked(b"{\"query\":7}").is_empty());
    }
}
