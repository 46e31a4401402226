//! A need that stands for many operations: `GET /zones/{zone_id}/**` is every read below that path.

use super::RecipeError;
use crate::group::Group;
use crate::operation::{self, Method, Operation};

const BELOW: &str = "/**";

/// The operations that a need's text names: one, or those of a pattern.
///
/// A pattern leaves out what is deprecated or gone, and what no group named for reading opens: whoever may read
/// everything is not meant to hold the right to write, only because some read asks for it.
pub(super) fn operations(text: &str) -> Result<Vec<&'static Operation>, RecipeError> {
    let Some((method, prefix)) = split(text) else { return Ok(vec![operation::operation(text)?]) };
    let found: Vec<&'static Operation> = operation::operations()
        .iter()
        .filter(|operation| {
            operation.method == method
                && below(operation.path(), prefix)
                && !operation.deprecated
                && !operation.withdrawn
                && operation.accepts().any(Group::is_named_for_reading)
        })
        .collect();
    if found.is_empty() {
        return Err(RecipeError::Pattern(text.escape_debug().take(120).collect()));
    }
    Ok(found)
}

/// Whether a need's text stands for many operations.
pub(super) fn is_pattern(text: &str) -> bool {
    split(text).is_some()
}

fn split(text: &str) -> Option<(Method, &str)> {
    let (method, path) = text.trim().split_once(char::is_whitespace)?;
    Some((method.parse().ok()?, path.trim().strip_suffix(BELOW)?))
}

fn below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}
