//! What S3's answers are made of.

use std::time::{Duration, SystemTime};

use axum::http::{HeaderMap, HeaderName};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{ETag, EncodingType, StorageClass, Timestamp};

use crate::objects::{About, Condition, Tags};

/// A time as S3 writes it.
pub(super) fn timestamp(seconds: i64) -> Timestamp {
    let since = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    SystemTime::UNIX_EPOCH.checked_add(since).unwrap_or(SystemTime::UNIX_EPOCH).into()
}

/// An entity tag in its quotation marks.
pub(super) fn etag(tag: &str) -> ETag {
    ETag::Strong(tag.to_owned())
}

/// A length; none is longer than memory.
pub(super) fn length(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// A condition, as the headers say it whose names begin so: with nothing, `x-amz-copy-source-` or `cf-copy-destination-`.
/// s3s takes a list of tags for one, and so the headers are read here.
pub(super) fn condition(headers: &HeaderMap, prefix: &str) -> Condition {
    let tags = |name: &HeaderName| {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.map(ToOwned::to_owned).reduce(|all, more| format!("{all}, {more}")).map(|text| Tags::read(&text))
    };
    let date = |name: &HeaderName| {
        let text = headers.get(name)?.to_str().ok()?;
        Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second())
    };
    let mut condition = Condition::default();
    for name in headers.keys() {
        match name.as_str().strip_prefix(prefix) {
            Some("if-match") => condition.matches = tags(name),
            Some("if-none-match") => condition.differs = tags(name),
            Some("if-modified-since") => condition.modified_since = date(name),
            Some("if-unmodified-since") => condition.unmodified_since = date(name),
            _ => {}
        }
    }
    condition
}

/// The storage class as S3 calls it: the object's, else its bucket's.
pub(super) fn storage_class(about: &About, default: &str) -> &'static str {
    match about.storage_class.as_deref().unwrap_or(default) {
        "InfrequentAccess" => "STANDARD_IA",
        _ => "STANDARD",
    }
}

/// The storage class as the emulator keeps it, which is as the API calls it.
pub(super) fn kept_class(class: Option<StorageClass>) -> Option<String> {
    let name = |class: StorageClass| if class.as_str() == "STANDARD_IA" { "InfrequentAccess" } else { "Standard" };
    class.map(|class| name(class).to_owned())
}

/// A key as a list shows it: percent-encoded where the caller asked for that.
pub(super) fn shown(key: &str, encoding: Option<&EncodingType>) -> String {
    const SAFE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    match encoding.map(EncodingType::as_str) {
        Some(EncodingType::URL) => utf8_percent_encode(key, &SAFE).to_string(),
        _ => key.to_owned(),
    }
}
