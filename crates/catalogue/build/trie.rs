//! The paths of all operations as one static trie.
//!
//! A node's literal edges are sorted by the first eight bytes of their text, taken as one big-endian number, so that
//! the search compares integers; the text itself is compared once.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Row;
use crate::pool::Pool;

#[derive(Default)]
struct Node {
    literals: BTreeMap<String, usize>,
    parameter: Option<usize>,
    rest: bool,
    ends: Vec<(String, usize)>,
}

/// The parameter that swallows the rest of a path: slashes in an R2 object's key stay as they are
/// (docs: r2 REST API, `PUT …/objects/{key}`).
const REST_PARAMETER: &str = "{object_key}";

/// Writes `NODES`, `EDGES` and `ENDS` for the operations in the order of `rows`.
pub(crate) fn write(out: &mut String, pool: &mut Pool, rows: &[Row]) {
    let mut nodes = vec![Node::default()];
    // The operations of R2's S3 face (`s3://…`) and those that only a body tells apart (`#…`) are found by name alone.
    let routed = |row: &Row| row["path"].starts_with('/') && !row["path"].contains('#');
    for (operation, row) in rows.iter().enumerate().filter(|(_, row)| routed(row)) {
        let mut at = 0;
        for segment in row["path"].trim_start_matches('/').split('/') {
            let next = nodes.len();
            at = if segment.contains('{') {
                let child = *nodes[at].parameter.get_or_insert(next);
                if segment == REST_PARAMETER {
                    if child == next {
                        nodes.push(Node { rest: true, ..Node::default() });
                    }
                    nodes[child].rest = true;
                }
                child
            } else {
                *nodes[at].literals.entry(segment.to_owned()).or_insert(next)
            };
            if at == nodes.len() {
                nodes.push(Node::default());
            }
        }
        assert!(
            nodes[at].ends.iter().all(|(method, _)| *method != row["method"]),
            "two operations answer {} {}",
            row["method"],
            row["path"]
        );
        nodes[at].ends.push((row["method"].clone(), operation));
    }
    let (mut edges, mut ends) = (Vec::new(), Vec::new());
    writeln!(out, "static NODES: [Node; {}] = [", nodes.len()).unwrap();
    for node in &nodes {
        let first_edge = edges.len();
        let mut sorted: Vec<_> = node.literals.iter().map(|(text, child)| (prefix(text), text, *child)).collect();
        sorted.sort();
        edges.extend(sorted);
        let first_end = ends.len();
        ends.extend(node.ends.iter().cloned());
        writeln!(
            out,
            "Node {{ edges: ({first_edge}, {}), parameter: {}, rest: {}, ends: ({first_end}, {}) }},",
            edges.len(),
            node.parameter.map_or("None".to_owned(), |child| format!("Some({child})")),
            node.rest,
            ends.len(),
        )
        .unwrap();
    }
    out.push_str("];\n");
    writeln!(out, "static EDGES: [Edge; {}] = [", edges.len()).unwrap();
    for (key, text, child) in &edges {
        writeln!(out, "Edge {{ prefix: {key:#x}, text: {}, node: {child} }},", pool.text(text)).unwrap();
    }
    out.push_str("];\n");
    writeln!(out, "static ENDS: [(Method, u16); {}] = [", ends.len()).unwrap();
    for (method, operation) in &ends {
        writeln!(out, "(Method::{}, {operation}),", crate::capitalised(method)).unwrap();
    }
    out.push_str("];\n");
}

/// The first eight bytes as one number: the same rule as `route::prefix`.
fn prefix(text: &str) -> u64 {
    let mut bytes = [0; 8];
    for (to, from) in bytes.iter_mut().zip(text.bytes()) {
        *to = from;
    }
    u64::from_be_bytes(bytes)
}
