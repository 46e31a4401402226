//! From whatever names a call to its operations: `PUT /zones/{zone_id}/dns_records/{id}`, a path, a URL, a curl
//! command, an SDK's method, a Terraform type, an operation id.
//!
//! The text is somebody's clipboard and may hold a credential. Nothing of it comes back but what is known to be harmless:
//! names of the catalogue, ids, and words that do not look like a credential. Headers and bodies are never looked at.

mod call;
mod curl;
mod harmless;
mod name;
mod shell;

pub use harmless::{is_plain, like_a_credential, path as harmless_path};
pub use shell::words_after as shell_words_after;

use crate::id::{AccountId, ZoneId};
use crate::operation::{Operation, operations};
use crate::sdk::{SdkError, SdkMethod};
use crate::terraform::{TerraformError, TerraformType};

/// How much text is read: a curl command can hold a long body.
const LONGEST: usize = 1 << 20;

/// What a text was recognised as.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A method and a path.
    Operation,
    /// A path alone: every method there is meant.
    Path,
    /// A URL, which a browser or a client would fetch.
    Url,
    /// A curl command.
    Curl,
    /// An id of the schema, or the name of an S3 operation.
    OperationId,
    /// A method of the SDK.
    SdkMethod(SdkMethod),
    /// A Terraform type: data source, resource or both.
    Terraform(Vec<TerraformType>),
}

impl Subject {
    /// The words that are shown.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::Path => "path",
            Self::Url => "URL",
            Self::Curl => "curl command",
            Self::OperationId => "operation id",
            Self::SdkMethod(_) => "SDK method",
            Self::Terraform(_) => "Terraform type",
        }
    }
}

/// What a text names.
#[derive(Debug, Clone)]
pub struct Recognised {
    /// What kind of text it is.
    pub subject: Subject,
    /// The name of what was recognised, in the catalogue's spelling; never the text itself.
    pub name: String,
    /// The operations that are meant, in the catalogue's order; for a Terraform type each one once. Empty only for a type
    /// of which nobody knows what it calls.
    pub operations: Vec<&'static Operation>,
    /// What other methods do at the same path, where the text did not say the method.
    pub others: Vec<&'static Operation>,
    /// The account that the path names.
    pub account: Option<AccountId>,
    /// The zone that the path names.
    pub zone: Option<ZoneId>,
    /// The path's parameters that hold something harmless, in order.
    pub ids: Vec<PlainId>,
    /// What was assumed or passed over.
    pub remarks: Vec<Remark>,
}

/// A parameter of a path with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainId {
    /// The parameter's name in the catalogue's template.
    pub parameter: &'static str,
    /// The value: an id or a short name in lower case.
    pub value: String,
}

/// What was assumed or passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// There were query parameters.
    #[error("the query parameters were ignored: no permission is known to depend on them")]
    Query,
    /// A URL says no method.
    #[error("a URL names no method: GET is assumed")]
    AssumedGet,
    /// A path whose GET nobody answers.
    #[error("no method is named, and there is no GET: all methods are shown")]
    AllMethods,
    /// The method is not one that the catalogue knows.
    #[error("the method could not be read: all methods at the path are shown")]
    UnreadMethod,
    /// curl sends a body with POST.
    #[error("no method is named, and there is a body: curl sends it with POST")]
    BodyMeansPost,
    /// curl uploads with PUT.
    #[error("no method is named, and a file is uploaded: curl does so with PUT")]
    UploadMeansPut,
    /// HEAD is answered as GET.
    #[error("HEAD is answered as GET")]
    HeadIsGet,
    /// The command makes more than one call.
    #[error("only the first call of the command was looked at")]
    FirstOnly,
    /// Words behind the operation.
    #[error("what follows the path was ignored")]
    Rest,
    /// The Terraform type exists, and not as the kind that the text says.
    #[error("the provider has this name as the other kind only")]
    OtherKind,
}

/// Why a text names no operation. No credential of the text is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RecogniseError {
    /// Nothing was given.
    #[error("nothing is given")]
    Empty,
    /// More than a mebibyte was given.
    #[error("the text is too long to be the name of a call")]
    TooLong,
    /// No operation has this method and path.
    #[error("no operation `{given}`")]
    Operation {
        /// The method and the path, as far as they are harmless.
        given: String,
        /// The operations at the same path, or else those that are spelt most like it.
        nearest: Vec<String>,
    },
    /// No operation has this path.
    #[error("no operation has the path `{given}`")]
    Path {
        /// The path, as far as it is harmless.
        given: String,
        /// The operations that are spelt most like it.
        nearest: Vec<String>,
    },
    /// The URL leads elsewhere.
    #[error("`{host}` is not Cloudflare's API")]
    Elsewhere {
        /// Where it leads.
        host: String,
    },
    /// The curl command has no URL.
    #[error("the curl command names no URL")]
    NoUrl,
    /// The text looks like an SDK's method, and there is none of this name.
    #[error(transparent)]
    Sdk(#[from] SdkError),
    /// The text looks like a Terraform type, and there is none of this name.
    #[error(transparent)]
    Terraform(#[from] TerraformError),
    /// A single word that names nothing.
    #[error("`{given}` is no operation, path, SDK method, Terraform type or operation id")]
    Name {
        /// The word, as far as it is harmless.
        given: String,
        /// The names that are spelt most like it.
        nearest: Vec<String>,
    },
    /// Words that name nothing; they are not repeated.
    #[error("the text is no operation, path, URL, curl command, SDK method, Terraform type or operation id")]
    Unrecognised,
}

impl RecogniseError {
    /// The spellings that may have been meant.
    pub fn nearest(&self) -> &[String] {
        match self {
            Self::Operation { nearest, .. } | Self::Path { nearest, .. } | Self::Name { nearest, .. } => nearest,
            Self::Sdk(error) => &error.nearest,
            Self::Terraform(error) => &error.nearest,
            Self::Empty | Self::TooLong | Self::Elsewhere { .. } | Self::NoUrl | Self::Unrecognised => &[],
        }
    }
}

/// Finds out what a text names.
///
/// ```
/// let found = flarekeep_catalogue::recognise("client.dns.records.update(...)").unwrap();
/// assert_eq!(found.operations[0].to_string(), "PUT /zones/{zone_id}/dns_records/{dns_record_id}");
/// ```
pub fn recognise(text: &str) -> Result<Recognised, RecogniseError> {
    if text.len() > LONGEST {
        return Err(RecogniseError::TooLong);
    }
    let text = undressed(text);
    if text.is_empty() {
        return Err(RecogniseError::Empty);
    }
    if let Some(found) = by_operation_id(text) {
        return Ok(found);
    }
    if let Some(words) = curl::words(text) {
        return curl::recognise(words);
    }
    if let Some(found) = call::recognise(text) {
        return found;
    }
    name::recognise(text)
}

/// Without white space, a prompt and quotes around it.
fn undressed(text: &str) -> &str {
    let text = text.trim();
    let text = text.strip_prefix("$ ").or_else(|| text.strip_prefix("> ")).unwrap_or(text).trim();
    for quote in ['`', '"', '\''] {
        let inner = text.strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
        if let Some(inner) = inner.filter(|inner| !inner.contains(quote)) {
            return inner.trim();
        }
    }
    text
}

/// Operation ids in any case; those of S3 with or without `s3:` before them, as IAM policies write it.
fn by_operation_id(text: &str) -> Option<Recognised> {
    let bare = |id: &'_ str| id.get(..3).filter(|prefix| prefix.eq_ignore_ascii_case("s3:")).map_or(0, str::len);
    let wanted = text.get(bare(text)..).filter(|id| !id.is_empty())?;
    let named = |operation: &&Operation| {
        let id = operation.operation_id();
        id.get(bare(id)..).is_some_and(|id| id.eq_ignore_ascii_case(wanted))
    };
    let found: Vec<_> = operations().iter().filter(named).collect();
    let name = found.first()?.operation_id().to_owned();
    Some(Recognised { operations: found, ..nothing(Subject::OperationId, name) })
}

/// The subject by its name, before anything else is known.
fn nothing(subject: Subject, name: String) -> Recognised {
    let (operations, others, ids, remarks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    Recognised { subject, name, operations, others, account: None, zone: None, ids, remarks }
}
