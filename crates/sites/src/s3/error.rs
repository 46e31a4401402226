//! What the bucket answered that ends the work.

use super::wire::{Lost, Stage};

/// Why the bucket did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// There is none of this name, as far as this endpoint and these keys go.
    #[error("there is no bucket `{bucket}`")]
    NoBucket {
        /// Its name.
        bucket: String,
    },
    /// The bucket said no.
    #[error("bucket `{bucket}` refused to {what} `{key}`: {status} {code}: {message}")]
    Refused {
        /// What was asked for.
        what: &'static str,
        /// Of what.
        key: String,
        /// In which bucket.
        bucket: String,
        /// The HTTP status.
        status: u16,
        /// The code of S3's errors.
        code: String,
        /// Its words.
        message: String,
    },
    /// No answer came.
    #[error("bucket `{bucket}` could not be reached: {detail}")]
    Lost {
        /// The bucket.
        bucket: String,
        /// What happened.
        detail: String,
        /// Whether the request may have been carried out.
        may_have_acted: bool,
    },
    /// A file changed after it was read for its digest.
    #[error("a file changed while it was deployed")]
    Changed,
    /// An object of ours holds what it should not.
    #[error("`{key}` in the bucket cannot be read: {why}")]
    Malformed {
        /// The object.
        key: String,
        /// What is wrong.
        why: String,
    },
}

impl StoreError {
    pub(super) fn lost(bucket: &str, lost: &Lost) -> Self {
        let may_have_acted = lost.stage != Stage::NotSent;
        Self::Lost { bucket: bucket.to_owned(), detail: lost.detail.clone(), may_have_acted }
    }

    #[allow(clippy::needless_pass_by_value, reason = "errors are handed over as they are mapped")]
    pub(crate) fn malformed(key: &str, why: impl ToString) -> Self {
        Self::Malformed { key: key.to_owned(), why: why.to_string() }
    }

    /// Whether the keys may not do what was asked for, or are none.
    #[must_use]
    pub fn is_refused_credential(&self) -> bool {
        matches!(self, Self::Refused { status: 401 | 403, .. })
    }
}
