//! The errors of the S3 face. Codes and statuses are those of Cloudflare's page r2/api/error-codes where it has one, else
//! Amazon's.

use axum::http::StatusCode;
use axum::http::header::ETAG;
use s3s::{S3Error, S3ErrorCode, s3_error};

use crate::objects::Fault;
use crate::options::ExpiredLink;

impl From<Fault> for S3Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::BucketTaken => {
                s3_error!(BucketAlreadyOwnedByYou, "The bucket you tried to create already exists, and you own it.")
            }
            Fault::BucketNotEmpty => s3_error!(BucketNotEmpty, "The bucket you tried to delete is not empty."),
            Fault::BucketName => s3_error!(InvalidBucketName, "The specified bucket name is not valid."),
            Fault::NoSuchBucket => s3_error!(NoSuchBucket, "The specified bucket does not exist."),
            Fault::NoSuchKey => s3_error!(NoSuchKey, "The specified key does not exist."),
            Fault::NoSuchUpload => s3_error!(NoSuchUpload, "The specified multipart upload does not exist."),
            Fault::InvalidPart => s3_error!(InvalidPart, "There was a problem with the multipart upload."),
            Fault::BadDigest => {
                s3_error!(BadDigest, "The checksum you specified did not match what was calculated.")
            }
            // 10058.
            Fault::TooManyRequests => {
                coded(429, "TooManyRequests", "Reduce your concurrent request rate for the same object.")
            }
            Fault::InvalidPartOrder => s3_error!(InvalidPartOrder, "The list of parts was not in ascending order."),
            Fault::PartTooSmall => s3_error!(EntityTooSmall, "A part that is not the last is smaller than 5 MiB."),
            Fault::PartsDiffer => s3_error!(InvalidPart, "All non-trailing parts must have the same length."),
            Fault::PreconditionFailed => {
                s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold.")
            }
            Fault::Full { capacity } => s3_error!(
                EntityTooLarge,
                "The emulator keeps objects in memory, and at most {capacity} bytes of them: delete some."
            ),
            Fault::Storage => s3_error!(InternalError, "The emulator could not write its state; nothing was changed."),
        }
    }
}

/// An error whose code is R2's own.
pub(super) fn coded(status: u16, code: &'static str, message: &'static str) -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom(code.into()), message);
    error.set_status_code(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST));
    error
}

/// The time of a link is over.
pub(super) fn expired(answer: ExpiredLink) -> S3Error {
    let status = match answer {
        ExpiredLink::Forbidden => 403,
        ExpiredLink::BadRequest => 400,
    };
    coded(status, "ExpiredRequest", "Request has expired")
}

/// No credentials, or none that are known or may be used now.
pub(super) fn unauthorized() -> S3Error {
    coded(401, "Unauthorized", "Unauthorized")
}

/// The token lacks the right.
pub(super) fn access_denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

/// The object is the one that the caller has already, with this tag.
pub(super) fn not_modified(tag: &str) -> S3Error {
    let mut error = s3_error!(NotModified);
    if let Ok(tag) = format!("\"{tag}\"").parse() {
        error.set_headers([(ETAG, tag)].into_iter().collect());
    }
    error
}
