//! Checksums on the wire: what a client sends, in headers or behind a chunked body, and what it is told.

use axum::http::HeaderMap;
use s3s::dto::ChecksumMode;
use s3s::{S3Result, TrailingHeaders, s3_error};

use crate::objects::{Checksum, Kind, Object};

/// The checksum that a client says its body has; none where it says none. A body must have been read, since a chunked
/// one's checksum is behind it.
pub(super) fn sent(headers: &HeaderMap, trailers: Option<&TrailingHeaders>) -> S3Result<Option<Checksum>> {
    let mut found = in_headers(headers);
    found.extend(trailers.and_then(|trailers| trailers.read(in_headers)).unwrap_or_default());
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )),
    }
}

/// Compares bytes with the checksum that came with them.
pub(super) fn verified(sum: Option<Checksum>, bytes: &[u8]) -> S3Result<Option<Checksum>> {
    if let Some(sum) = &sum
        && sum.kind.of(bytes) != *sum
    {
        let name = sum.kind.name();
        return Err(s3_error!(BadDigest, "The {name} you specified did not match the calculated checksum."));
    }
    Ok(sum)
}

/// The kind of checksum that a client names; an error where R2 has no such kind.
pub(super) fn kind(name: Option<&str>) -> S3Result<Option<Kind>> {
    let unknown = |name| s3_error!(InvalidRequest, "Checksum algorithm provided is unsupported: {name}");
    name.map(|name| Kind::named(name).ok_or_else(|| unknown(name))).transpose()
}

/// The checksum of an object, where the client asks for it and takes the whole object.
pub(super) fn asked<'a>(object: &'a Object, mode: Option<&ChecksumMode>, whole: bool) -> Option<&'a Checksum> {
    let enabled = mode.is_some_and(|mode| mode.as_str().eq_ignore_ascii_case(ChecksumMode::ENABLED));
    object.checksum.as_ref().filter(|_| enabled && whole)
}

/// How a checksum is of its object.
pub(super) fn shape(checksum: &Checksum) -> s3s::dto::ChecksumType {
    use s3s::dto::ChecksumType;
    let name = if checksum.is_composite() { ChecksumType::COMPOSITE } else { ChecksumType::FULL_OBJECT };
    ChecksumType::from_static(name)
}

fn in_headers(headers: &HeaderMap) -> Vec<Checksum> {
    let sums = headers.keys().filter_map(|name| {
        let kind = Kind::in_header(name.as_str())?;
        Some(Checksum { kind, value: headers.get(name)?.to_str().ok()?.trim().to_owned() })
    });
    sums.collect()
}

/// Tells a checksum in one of S3's outputs, which have a field for each kind.
macro_rules! tell {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            let value = Some(checksum.value.clone());
            match checksum.kind {
                $crate::objects::Kind::Crc32 => $output.checksum_crc32 = value,
                $crate::objects::Kind::Crc32c => $output.checksum_crc32c = value,
                $crate::objects::Kind::Crc64Nvme => $output.checksum_crc64nvme = value,
                $crate::objects::Kind::Sha1 => $output.checksum_sha1 = value,
                $crate::objects::Kind::Sha256 => $output.checksum_sha256 = value,
            }
        }
    };
}
pub(super) use tell;
