//! Where a result is.

use serde_json::{Value, json};

use crate::finding::TokenRef;
use crate::report::order::Tokens;
use crate::world::Place;

/// Stands for what lies in no file: GitHub shows no result without a file and a line. It is where tokens are declared.
const STAND_IN: &str = "flarekeep.toml";

/// The place of a finding: the file and the line where its token was read, else the stand-in; and the token itself as a
/// logical location.
pub(super) fn location(token: Option<&TokenRef>, tokens: &Tokens<'_>) -> Value {
    let (uri, line) = match token.map(|token| &token.place) {
        Some(Place::File { name, line }) => (uri(name), (*line).max(1)),
        Some(Place::Live) | None => (STAND_IN.to_owned(), 1),
    };
    let logical = token.map(|token| {
        json!({
            "name": token.name,
            "fullyQualifiedName": format!("{}/tokens/{}", tokens.owner(token), token.id),
            "kind": "resource",
        })
    });
    json!({
        "physicalLocation": { "artifactLocation": { "uri": uri }, "region": { "startLine": line } },
        "logicalLocations": logical.into_iter().collect::<Vec<_>>(),
    })
}

/// A file's name as a URI reference: a relative one counts from the repository's root.
fn uri(name: &str) -> String {
    let name = name.replace('\\', "/");
    let path: String = name.bytes().map(encoded).collect();
    match path {
        // What was read from standard input has no file.
        path if path.is_empty() || path == "-" => STAND_IN.to_owned(),
        path if path.starts_with('/') => format!("file:///{}", path.trim_start_matches('/')),
        path => path,
    }
}

/// A byte of a path. A colon would begin a URI with a scheme of its own.
fn encoded(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_become_references() {
        assert_eq!(uri("dumps/my tokens.json"), "dumps/my%20tokens.json");
        assert_eq!(uri("/tmp/x.json"), "file:///tmp/x.json");
        assert_eq!(uri("//host/x.json"), "file:///host/x.json");
        assert_eq!(uri("..\\javascript:é"), "../javascript%3A%C3%A9");
        assert_eq!(uri("-"), STAND_IN);
    }
}
