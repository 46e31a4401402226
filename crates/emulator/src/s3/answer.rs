//! What S3's answers are made of.

use std::time::{Duration, SystemTime};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::{ETag, ETagCondition, EncodingType, Timestamp};

use crate::objects::{Condition, Tag};

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

/// `If-Match` and `If-None-Match`.
pub(super) fn condition(matches: Option<ETagCondition>, differs: Option<ETagCondition>) -> Condition {
    let tag = |condition| match condition {
        ETagCondition::Any => Tag::Any,
        ETagCondition::ETag(tag) => Tag::Is(tag.into_value()),
    };
    Condition { matches: matches.map(tag), differs: differs.map(tag) }
}

/// A key as a list shows it: percent-encoded where the caller asked for that.
pub(super) fn shown(key: &str, encoding: Option<&EncodingType>) -> String {
    const SAFE: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
    match encoding.map(EncodingType::as_str) {
        Some(EncodingType::URL) => utf8_percent_encode(key, &SAFE).to_string(),
        _ => key.to_owned(),
    }
}
