//! Operations: an HTTP method and a path template, with the groups that each accepts.

use std::fmt;
use std::str::FromStr;

use crate::basis::{Basis, Confidence};
use crate::group::{Group, Scope};
use crate::nearest::nearest;
use crate::packed::{Numbers, Text};
use crate::route::route;
use crate::tables;

/// The HTTP methods of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads, as a rule.
    Get,
    /// Creates, or starts an action.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The method's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a call may change something: every method but GET.
    pub const fn mutates(self) -> bool {
        !matches!(self, Self::Get)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Method {
    type Err = ();

    /// Reads a method name in any case; HEAD is answered as GET.
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "GET" | "HEAD" => Ok(Self::Get),
            "POST" => Ok(Self::Post),
            "PUT" => Ok(Self::Put),
            "PATCH" => Ok(Self::Patch),
            "DELETE" => Ok(Self::Delete),
            _ if text.bytes().any(|byte| byte.is_ascii_lowercase()) => text.to_ascii_uppercase().parse(),
            _ => Err(()),
        }
    }
}

/// How an operation's list of groups is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Any one of the groups suffices.
    AnyOf,
    /// Every group is needed (Cloudflare's documentation, for regional services' prefix bindings).
    AllOf,
    /// Any valid token may call it; no group is needed.
    AnyToken,
    /// Nobody has published which groups it accepts.
    Unlabelled,
}

/// Where the knowledge about an operation's groups comes from, most trusted first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provenance {
    /// Cloudflare's published schema.
    Schema,
    /// Cloudflare's documentation, where the schema says nothing or less; `catalogue/amendments.tsv` and
    /// `catalogue/additions.tsv` say which page.
    Documented,
    /// The documentation of Cloudflare's Terraform provider.
    Terraform,
    /// Seen in use; `catalogue/amendments.tsv` says by whom.
    Observed,
    /// Inferred: all labelled neighbours agree.
    DerivedHigh,
    /// Inferred from neighbours, product or internal names.
    DerivedMedium,
    /// The schema has the operation and says nothing of groups.
    Unlabelled,
    /// Only the path is known.
    Unknown,
}

impl Provenance {
    /// The word that is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Schema => "schema",
            Self::Documented => "documented",
            Self::Terraform => "terraform",
            Self::Observed => "observed",
            Self::DerivedHigh => "derived-high",
            Self::DerivedMedium => "derived-medium",
            Self::Unlabelled => "unlabelled",
            Self::Unknown => "unknown",
        }
    }

    /// Whether the fact is an inference and must be shown as one.
    pub const fn is_inferred(self) -> bool {
        matches!(self, Self::DerivedHigh | Self::DerivedMedium)
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How the paths of R2's S3 face begin.
const S3: &str = "s3://";

/// One operation of the API.
#[derive(Debug)]
pub struct Operation {
    /// The position in [`operations`].
    pub index: u16,
    /// The HTTP method.
    pub method: Method,
    /// Where each text lies; the methods of these names read them.
    pub(crate) path_at: Text,
    pub(crate) operation_id_at: Text,
    pub(crate) product_at: Text,
    pub(crate) accepts: Numbers,
    /// How the accepted groups are read.
    pub rule: Rule,
    /// Where the accepted groups are known from.
    pub provenance: Provenance,
    pub(crate) basis: Option<(Confidence, Text)>,
    /// Whether it only reads, though its method may write: a query that is sent as a POST.
    pub(crate) reads: bool,
    /// Whether its product takes no token that an account owns (`catalogue/closed_to_account_tokens.tsv`).
    pub closed_to_account_tokens: bool,
    /// Whether the schema marks it as deprecated.
    pub deprecated: bool,
    /// Whether it has left the schema since.
    pub withdrawn: bool,
}

impl Operation {
    /// The path template below `/client/v4`; for R2's S3 face `s3://{bucket_name}/{object_key}` with the query that
    /// tells the operations of one path apart. What only the body tells apart stands behind a `#`.
    pub fn path(&self) -> &'static str {
        self.path_at.as_str()
    }

    /// The operation id of the schema, or the S3 name; empty for later operations.
    pub fn operation_id(&self) -> &'static str {
        self.operation_id_at.as_str()
    }

    /// The product; empty for later operations.
    pub fn product(&self) -> &'static str {
        self.product_at.as_str()
    }

    /// The groups that the operation accepts; [`Operation::rule`] says whether one suffices.
    pub fn accepts(&self) -> impl Iterator<Item = &'static Group> + Clone {
        self.accepts.as_slice().iter().filter_map(|index| tables::groups().get(usize::from(*index)))
    }

    /// Whether the operation accepts this group.
    pub fn accepts_group(&self, group: &Group) -> bool {
        self.accepts.as_slice().contains(&group.index)
    }

    /// What the accepted groups are inferred from, if they are inferred (`inferred.tsv`, or the source of
    /// an addition); none for an operation whose groups are published, observed or unknown.
    pub fn basis(&self) -> Option<Basis> {
        let (confidence, text) = self.basis.filter(|_| self.provenance.is_inferred())?;
        Some(Basis { confidence, text: text.as_str() })
    }

    /// Whether a call may change something.
    pub fn mutates(&self) -> bool {
        self.method.mutates() && !self.reads
    }

    /// Whether a request's path alone leads to it. The operations of R2's S3 face, and those that only a body tells apart
    /// from others, are named and not routed.
    pub fn is_routed(&self) -> bool {
        !self.is_s3() && !self.path().contains('#')
    }

    /// The operations that are parts of this one, told apart by the body alone: the account's and the zone's datasets of
    /// `POST /graphql`.
    pub fn parts(&self) -> impl Iterator<Item = &'static Operation> {
        let part = |other: &&Operation| {
            other.method == self.method
                && other.path().strip_prefix(self.path()).is_some_and(|rest| rest.starts_with('#'))
        };
        operations().iter().filter(part)
    }

    /// Whether the operation belongs to R2's S3 face, not to the REST API.
    pub fn is_s3(&self) -> bool {
        self.path().starts_with(S3)
    }

    /// Whether the path names an R2 bucket by its S3 name.
    pub fn names_bucket(&self) -> bool {
        self.path().starts_with("s3://{")
    }

    /// Whether a call makes a zone: a grant at one zone that is there already cannot be meant for it.
    pub fn makes_zone(&self) -> bool {
        self.method == Method::Post && self.path() == "/zones"
    }

    /// Whether a call that names no zone in its path is about one all the same: groups of zones alone open it.
    pub fn concerns_zone(&self) -> bool {
        self.names_zone() || !self.names_account() && self.is_opened_at(Scope::Zone)
    }

    /// Whether a call that names no account in its path is about one all the same: groups of accounts alone open it.
    pub fn concerns_account(&self) -> bool {
        self.names_account() || self.is_s3() || !self.names_zone() && self.is_opened_at(Scope::Account)
    }

    fn is_opened_at(&self, scope: Scope) -> bool {
        self.accepts().next().is_some() && self.accepts().all(|group| group.scope == scope)
    }

    /// Whether the path names an account.
    pub fn names_account(&self) -> bool {
        self.path().starts_with("/accounts/{")
    }

    /// Whether the path names a zone.
    pub fn names_zone(&self) -> bool {
        self.path().starts_with("/zones/{")
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path())
    }
}

impl PartialEq for Operation {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl Eq for Operation {}

/// All operations, ordered by path and method.
pub fn operations() -> &'static [Operation] {
    tables::operations()
}

/// Why a text names no operation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperationError {
    /// The text is not a method and a path.
    #[error("`{given}` is not an operation: write a method and a path, as in `GET /zones/{{zone_id}}`")]
    Malformed {
        /// What was given.
        given: String,
    },
    /// No operation has this method and path.
    #[error("no operation `{given}`")]
    Unknown {
        /// What was given.
        given: String,
        /// The operations that are spelt most like it.
        nearest: Vec<String>,
    },
}

/// Finds an operation by `METHOD /path`, where the path is a template with any parameter names, or a concrete path; or
/// by the template of an operation of R2's S3 face.
pub fn operation(text: &str) -> Result<&'static Operation, OperationError> {
    let malformed = || OperationError::Malformed { given: text.escape_debug().take(120).collect() };
    let (method, path) = text.trim().split_once(char::is_whitespace).ok_or_else(malformed)?;
    let method: Method = method.parse().map_err(|()| malformed())?;
    let path = path.trim();
    let path = path.strip_prefix("/client/v4").unwrap_or(path);
    if !path.starts_with('/') && !path.starts_with(S3) {
        return Err(malformed());
    }
    let unknown = || OperationError::Unknown {
        given: format!("{method} {}", path.escape_debug()),
        nearest: nearest(&format!("{method} {path}"), operations().iter().map(ToString::to_string)),
    };
    match route(method, path) {
        Some(route) => Ok(route.operation),
        None => by_template(method, path).ok_or_else(unknown),
    }
}

/// An operation that no path leads to.
fn by_template(method: Method, path: &str) -> Option<&'static Operation> {
    operations()
        .iter()
        .find(|operation| !operation.is_routed() && operation.method == method && operation.path() == path)
}
