//! What was learned since the catalogue was built: the permission groups that Cloudflare lists now, and the operations
//! of a newer OpenAPI document whose groups differ.
//!
//! An [`Overlay`] is such knowledge as a document. [`changes`] says what of it the built-in catalogue does not know,
//! [`contradictions`] which facts of a plan it denies. The catalogue itself stays as it is: nothing here changes what
//! [`crate::operation`] or [`crate::resolve`] answer.

mod change;
mod contradiction;
mod live;
mod names;
mod openapi;

use serde::{Deserialize, Serialize};

use crate::id::GroupId;
use crate::operation::Method;

pub use change::{Change, changes};
pub use contradiction::{Contradiction, Fact, Half, contradictions};
pub use live::{Meeting, meetings};
pub use openapi::OpenApi;

/// The version of the document's form.
pub const FORMAT: u32 = 1;

/// The longest name, scope or path that is taken, in characters; the longest known ones have 130.
const LONGEST: usize = 300;
/// The most permission groups that a list may have. Cloudflare's has some 400.
const MOST_GROUPS: usize = 5_000;
/// The most scopes of a group, and the most groups of an operation.
const MOST_OF_ONE: usize = 500;
/// The most operations that a document may have. Cloudflare's has some 3,300.
const MOST_OPERATIONS: usize = 50_000;

/// Facts that are newer than the catalogue, each half with its date and source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlay {
    /// The version of this form: [`FORMAT`].
    pub format: u32,
    /// The permission groups that the API lists.
    #[serde(default)]
    pub groups: Option<GroupFacts>,
    /// What an OpenAPI document says of operations.
    #[serde(default)]
    pub operations: Option<OperationFacts>,
}

/// All permission groups of one live list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFacts {
    /// When the list was fetched: RFC 3339, UTC.
    pub as_of: String,
    /// The call that gave the list.
    pub source: String,
    /// Whose list it is: an account's has no groups of the scope user.
    pub owner: ListOwner,
    /// The groups, ordered by name and id; no id occurs twice.
    pub groups: Vec<GroupFact>,
}

/// Whose list of permission groups it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ListOwner {
    /// A user's: it has groups of every scope.
    User,
    /// An account's.
    Account,
}

/// A permission group as the API lists it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct GroupFact {
    /// Its name.
    pub name: String,
    /// Its id.
    #[serde(with = "as_text")]
    pub id: GroupId,
    /// The kinds of resource where it can be granted, as [`crate::Scope::key`] spells them.
    pub scopes: Vec<String>,
    /// Its product category, as the API spells it.
    #[serde(default)]
    pub category: Option<String>,
}

/// What an OpenAPI document says of operations. Of the operations that were looked at, only those are kept that the
/// catalogue lacks, or for which it names other groups or knows them from elsewhere than a schema: whatever is not here
/// was as the catalogue of that day has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationFacts {
    /// When the document was read: RFC 3339, UTC. The document itself bears no date.
    pub as_of: String,
    /// The document.
    pub source: String,
    /// How many operations were looked at.
    pub looked_at: usize,
    /// Whether the document holds most of the API. A part of it shows nothing to be gone.
    pub whole: bool,
    /// The operations that differ, ordered by path and method.
    pub operations: Vec<OperationFact>,
    /// The operations of the catalogue's schema that the document lacks, ordered in the same way; none for a part.
    pub gone: Vec<OperationName>,
}

/// An operation with the groups that a document gives for it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OperationFact {
    /// The path template, as the catalogue spells it where it knows the operation.
    pub path: String,
    /// The method.
    #[serde(with = "as_text")]
    pub method: Method,
    /// The groups by the catalogue's names, with `@account` or `@zone` behind a name that exists at both; a name that
    /// the catalogue does not know stays as it was given. None where the document names none.
    pub groups: Vec<String>,
}

/// An operation by method and path template.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OperationName {
    /// The path template.
    pub path: String,
    /// The method.
    #[serde(with = "as_text")]
    pub method: Method,
}

/// Why a list or a document is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OverlayError {
    /// The form is not one that this version reads.
    #[error("it is of format {0}, and this version reads format {FORMAT}")]
    Format(u32),
    /// The list is empty.
    #[error("the list holds no permission group")]
    NoGroups,
    /// One id has two entries.
    #[error("the list names the id {0} twice")]
    Twice(GroupId),
    /// The document has no operation.
    #[error("the document holds no operation")]
    NoOperations,
    /// The document has operations, and none is one of Cloudflare's.
    #[error("the document holds none of the operations that are known of Cloudflare")]
    NotCloudflare,
    /// No operation has a label.
    #[error("no operation of the document names permission groups (`x-api-token-group`)")]
    NoLabels,
    /// There is more than Cloudflare could mean.
    #[error("it holds more than {most} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// What is taken at most.
        most: usize,
    },
    /// A text is empty, too long, or holds control characters.
    #[error("a {what} in it is empty, longer than {LONGEST} characters, or holds control characters")]
    BadText {
        /// What the text should be.
        what: &'static str,
    },
}

impl Default for Overlay {
    fn default() -> Self {
        Self { format: FORMAT, groups: None, operations: None }
    }
}

impl Overlay {
    /// Whether this version reads the form, and everything in it keeps within the limits that [`GroupFacts::new`] and
    /// [`OpenApi::facts`] keep: a file may have been edited.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn checked(self) -> Result<Self, OverlayError> {
        if self.format != FORMAT {
            return Err(OverlayError::Format(self.format));
        }
        if let Some(facts) = &self.groups {
            check_groups(&facts.groups)?;
        }
        if let Some(facts) = &self.operations {
            limit("operations", MOST_OPERATIONS, facts.operations.len().max(facts.gone.len()))?;
            for operation in &facts.operations {
                check_operation(&operation.path, &operation.groups)?;
            }
            facts.gone.iter().try_for_each(|gone| check_text("path", &gone.path))?;
        }
        Ok(self)
    }
}

impl GroupFacts {
    /// Takes a live list. `as_of` is when it was fetched (RFC 3339), `source` the call.
    ///
    /// # Errors
    /// The list is empty, or holds what no list of Cloudflare's does.
    pub fn new(
        as_of: String,
        source: String,
        owner: ListOwner,
        mut groups: Vec<GroupFact>,
    ) -> Result<Self, OverlayError> {
        for group in &mut groups {
            group.scopes.sort();
            group.scopes.dedup();
        }
        groups.sort();
        groups.dedup();
        check_groups(&groups)?;
        Ok(Self { as_of, source, owner, groups })
    }
}

fn check_groups(groups: &[GroupFact]) -> Result<(), OverlayError> {
    if groups.is_empty() {
        return Err(OverlayError::NoGroups);
    }
    limit("permission groups", MOST_GROUPS, groups.len())?;
    for group in groups {
        check_text("group name", &group.name)?;
        limit("scopes of one group", MOST_OF_ONE, group.scopes.len())?;
        group.scopes.iter().try_for_each(|scope| check_text("scope", scope))?;
        group.category.iter().try_for_each(|category| check_text("category", category))?;
    }
    let mut ids: Vec<GroupId> = groups.iter().map(|group| group.id).collect();
    ids.sort_unstable();
    match ids.iter().zip(ids.iter().skip(1)).find(|(one, next)| one == next) {
        Some((id, _)) => Err(OverlayError::Twice(*id)),
        None => Ok(()),
    }
}

fn check_operation(path: &str, groups: &[String]) -> Result<(), OverlayError> {
    check_text("path", path)?;
    limit("groups of one operation", MOST_OF_ONE, groups.len())?;
    groups.iter().try_for_each(|group| check_text("group name", group))
}

fn check_text(what: &'static str, text: &str) -> Result<(), OverlayError> {
    let fits = !text.is_empty() && text.chars().count() <= LONGEST && !text.chars().any(char::is_control);
    if fits { Ok(()) } else { Err(OverlayError::BadText { what }) }
}

fn limit(what: &'static str, most: usize, found: usize) -> Result<(), OverlayError> {
    if found <= most { Ok(()) } else { Err(OverlayError::TooMany { what, most }) }
}

/// Ids and methods as the texts that people know.
mod as_text {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub(super) fn deserialize<'de, T: FromStr, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| de::Error::invalid_value(de::Unexpected::Str(&text), &"an id or a method"))
    }
}
