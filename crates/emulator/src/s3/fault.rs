//! The errors of the S3 face. Codes and statuses are those of Cloudflare's page r2/api/error-codes where it has one, else
//! Amazon's.

use axum::http::StatusCode;
use s3s::{S3Error, S3ErrorCode, s3_error};

use crate::objects::Fault;

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
            Fault::InvalidPart => s3_error!(InvalidPart, "One or more of the specified parts could not be found."),
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

/// No credentials, or none that are known or may be used now.
pub(super) fn unauthorized() -> S3Error {
    let mut error = S3Error::with_message(S3ErrorCode::Custom("Unauthorized".into()), "Unauthorized");
    error.set_status_code(StatusCode::UNAUTHORIZED);
    error
}

/// The token lacks the right.
pub(super) fn access_denied() -> S3Error {
    s3_error!(AccessDenied, "Access Denied")
}

/// The object is the one that the caller has already.
pub(super) fn not_modified() -> S3Error {
    s3_error!(NotModified)
}
