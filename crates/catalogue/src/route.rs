//! From a method and a concrete path to the operation that it calls.

use crate::operation::{Method, Operation};
use crate::packed::Text;
use crate::tables;

/// A node of the trie of all paths; `build/trie.rs` writes them.
#[derive(Debug)]
pub(crate) struct Node {
    /// The range of its literal edges in the table of edges.
    pub(crate) edges: (usize, usize),
    /// The node behind a parameter segment.
    pub(crate) parameter: Option<u16>,
    /// Whether the parameter that led here swallows all that follows, slashes included.
    pub(crate) rest: bool,
    /// The range of the operations that end here.
    pub(crate) ends: (usize, usize),
}

/// A literal segment that leads from one node to the next.
#[derive(Debug)]
pub(crate) struct Edge {
    /// The first eight bytes of the text, big-endian: what the search compares.
    pub(crate) prefix: u64,
    /// The whole segment.
    pub(crate) text: Text,
    /// The node behind it.
    pub(crate) node: u16,
}

/// A concrete path that an operation answers.
#[derive(Debug, Clone, Copy)]
pub struct Route<'a> {
    /// The operation.
    pub operation: &'static Operation,
    path: &'a str,
}

impl<'a> Route<'a> {
    /// The parameters of the template with their values, in order; values are as in the path, not decoded.
    pub fn parameters(&self) -> impl Iterator<Item = (&'static str, &'a str)> + use<'a> {
        let mut template = self.operation.path().trim_start_matches('/').split('/');
        let mut rest = Some(self.path);
        std::iter::from_fn(move || {
            loop {
                let segment = template.next()?;
                let (value, tail) = match (segment, rest?) {
                    ("{object_key}", all) => (all, None),
                    (_, path) => first_segment(path),
                };
                rest = tail;
                if let Some(name) = segment.strip_prefix('{') {
                    return Some((name.split('}').next().unwrap_or(name), value));
                }
            }
        })
    }

    /// The value of the parameter with this name.
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        self.parameters().find(|(parameter, _)| *parameter == name).map(|(_, value)| value)
    }

    /// The account's id as the path spells it, whatever the template calls it.
    pub fn account(&self) -> Option<&'a str> {
        if self.operation.names_account() { self.second_segment() } else { None }
    }

    /// The zone's id as the path spells it, whatever the template calls it.
    pub fn zone(&self) -> Option<&'a str> {
        if self.operation.names_zone() { self.second_segment() } else { None }
    }

    fn second_segment(&self) -> Option<&'a str> {
        let (_, rest) = first_segment(self.path);
        Some(first_segment(rest?).0)
    }
}

/// The operation that answers `method` at `path` (below `/client/v4`, without a query); a slash at the end is ignored.
/// Literal segments win over parameters, as in `/user/tokens/verify`.
pub fn route(method: Method, path: &str) -> Option<Route<'_>> {
    let path = path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    let operation = descend(tables::nodes().first()?, Some(path), method)?;
    Some(Route { operation, path })
}

fn descend(node: &'static Node, rest: Option<&str>, method: Method) -> Option<&'static Operation> {
    let Some(rest) = rest else { return end(node, method) };
    let (segment, tail) = first_segment(rest);
    if let Some(operation) = literal(node, segment).and_then(|child| descend(child, tail, method)) {
        return Some(operation);
    }
    if segment.is_empty() {
        return None;
    }
    let child = tables::nodes().get(usize::from(node.parameter?))?;
    descend(child, tail, method).or_else(|| if child.rest { end(child, method) } else { None })
}

/// The text up to the first slash, and what follows it if there is one. Every request is split so: memchr finds the
/// slash behind an id several times faster than the standard library.
fn first_segment(path: &str) -> (&str, Option<&str>) {
    memchr::memchr(b'/', path.as_bytes())
        .and_then(|at| Some((path.get(..at)?, path.get(at + 1..))))
        .unwrap_or((path, None))
}

fn end(node: &Node, method: Method) -> Option<&'static Operation> {
    let ends = tables::ends().get(node.ends.0..node.ends.1)?;
    let (_, index) = ends.iter().find(|(answered, _)| *answered == method)?;
    tables::operations().get(usize::from(*index))
}

fn literal(node: &Node, segment: &str) -> Option<&'static Node> {
    let edges = tables::edges().get(node.edges.0..node.edges.1)?;
    let key = prefix(segment);
    let first = edges.partition_point(|edge| edge.prefix < key);
    let mut alike = edges.get(first..)?.iter().take_while(|edge| edge.prefix == key);
    let edge = alike.find(|edge| edge.text.as_str() == segment)?;
    tables::nodes().get(usize::from(edge.node))
}

/// The first eight bytes as one number: the same rule as in `build/trie.rs`.
fn prefix(text: &str) -> u64 {
    if let Some(first) = text.as_bytes().first_chunk() {
        return u64::from_be_bytes(*first);
    }
    let short = text.bytes().fold(0, |value, byte| value << 8 | u64::from(byte));
    // A short text is filled up with zeros on the right; an empty one stays zero.
    short.checked_shl(64 - 8 * text.len() as u32).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;

    #[test]
    fn every_operation_is_found_by_its_own_template() {
        for operation in operations().iter().filter(|operation| operation.is_routed()) {
            let found = route(operation.method, operation.path()).map(|route| route.operation.to_string());
            assert_eq!(found, Some(operation.to_string()));
        }
    }

    #[test]
    fn literals_win_over_parameters_for_their_method_only() {
        let verify = |method| route(method, "/user/tokens/verify").map(|route| route.operation.path());
        assert_eq!(verify(Method::Get), Some("/user/tokens/verify"));
        assert_eq!(verify(Method::Delete), Some("/user/tokens/{token_id}"));
    }

    #[test]
    fn parameters_carry_their_names_and_an_object_key_keeps_its_slashes() {
        let route = route(Method::Put, "/accounts/a1/r2/buckets/site/objects/css/a.css").unwrap();
        let parameters: Vec<_> = route.parameters().collect();
        assert_eq!(parameters, [("account_id", "a1"), ("bucket_name", "site"), ("object_key", "css/a.css")]);
        assert_eq!(route.account(), Some("a1"));
        assert_eq!(route.zone(), None);
    }

    #[test]
    fn what_no_operation_answers_is_none() {
        assert!(route(Method::Get, "/nowhere").is_none());
        assert!(route(Method::Get, "/zones//dns_records").is_none());
        assert!(route(Method::Patch, "/user/tokens/verify").is_none());
        assert!(route(Method::Get, "").is_none());
    }
}
