//! The part of an OpenAPI document that says which permission groups an operation accepts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::change::differs;
use super::names::{Names, find};
use super::{MOST_OPERATIONS, OperationFact, OperationFacts, OperationName, OverlayError, check_operation, limit};
use crate::operation::{Method, Operation, operations};

/// How much of a document's title is kept, in characters.
const LONGEST_TITLE: usize = 80;

/// What is read of Cloudflare's OpenAPI document (github.com/cloudflare/api-schemas, `openapi.json`): paths, methods and
/// `x-api-token-group`. All the rest, nearly the whole document, is passed over.
#[derive(Debug, Clone, Deserialize)]
pub struct OpenApi {
    #[serde(default)]
    info: Info,
    #[serde(default)]
    paths: BTreeMap<String, PathItem>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct Info {
    #[serde(default)]
    title: String,
    #[serde(default)]
    version: String,
}

#[derive(Debug, Clone, Deserialize)]
struct PathItem {
    get: Option<Entry>,
    post: Option<Entry>,
    put: Option<Entry>,
    patch: Option<Entry>,
    delete: Option<Entry>,
}

#[derive(Debug, Clone, Deserialize)]
struct Entry {
    /// Absent, null, or a list of names.
    #[serde(default, rename = "x-api-token-group")]
    groups: Option<Vec<String>>,
}

impl OpenApi {
    /// What the document calls itself: title and version, without control characters and cut short; may be empty.
    pub fn title(&self) -> String {
        let text = format!("{} {}", self.info.title, self.info.version);
        text.trim().chars().filter(|c| !c.is_control()).take(LONGEST_TITLE).collect()
    }

    /// What the document says that the catalogue does not. `as_of` is when it was read (RFC 3339), `source` its name.
    ///
    /// # Errors
    /// It holds no operation of Cloudflare's, no label, or what no document of Cloudflare's does.
    pub fn facts(&self, as_of: String, source: String) -> Result<OperationFacts, OverlayError> {
        let entries: Vec<(Method, &str, &[String])> = self.entries().collect();
        if entries.is_empty() {
            return Err(OverlayError::NoOperations);
        }
        limit("operations", MOST_OPERATIONS, entries.len())?;
        for (_, path, labels) in &entries {
            check_operation(path, labels)?;
        }
        let names = Names::new(None);
        let mut seen = BTreeSet::new();
        let mut kept = BTreeSet::new();
        for (method, path, labels) in &entries {
            let groups = names.of_labels(path, labels);
            let known = find(*method, path);
            seen.extend(known.map(|operation| operation.index));
            if known.is_none_or(|operation| differs(&names, operation, &groups)) {
                let path = known.map_or(*path, |operation| operation.path()).to_owned();
                kept.insert(OperationFact { path, method: *method, groups: groups.into_iter().collect() });
            }
        }
        if seen.is_empty() {
            return Err(OverlayError::NotCloudflare);
        }
        if entries.iter().all(|(_, _, labels)| labels.is_empty()) {
            return Err(OverlayError::NoLabels);
        }
        let (present, absent): (Vec<_>, Vec<_>) = operations()
            .iter()
            .filter(|operation| is_of_schema(operation))
            .partition(|known| seen.contains(&known.index));
        let whole = present.len() > absent.len();
        let gone = absent.into_iter().filter(|_| whole).map(OperationName::from).collect::<BTreeSet<_>>();
        Ok(OperationFacts {
            as_of,
            source,
            looked_at: entries.len(),
            whole,
            operations: kept.into_iter().collect(),
            gone: gone.into_iter().collect(),
        })
    }

    fn entries(&self) -> impl Iterator<Item = (Method, &str, &[String])> {
        self.paths.iter().flat_map(|(path, item)| {
            let path = path.strip_prefix("/client/v4").unwrap_or(path);
            let methods = [
                (Method::Get, &item.get),
                (Method::Post, &item.post),
                (Method::Put, &item.put),
                (Method::Patch, &item.patch),
                (Method::Delete, &item.delete),
            ];
            methods.into_iter().filter_map(move |(method, entry)| {
                let entry = entry.as_ref()?;
                Some((method, path, entry.groups.as_deref().unwrap_or_default()))
            })
        })
    }
}

/// Whether the catalogue has the operation from a schema and has not seen it leave since. Other operations come from
/// elsewhere, and that a schema lacks them says nothing.
pub(super) fn is_of_schema(operation: &Operation) -> bool {
    operation.path().starts_with('/') && !operation.operation_id().is_empty() && !operation.withdrawn
}

impl From<&Operation> for OperationName {
    fn from(operation: &Operation) -> Self {
        Self { path: operation.path().to_owned(), method: operation.method }
    }
}
