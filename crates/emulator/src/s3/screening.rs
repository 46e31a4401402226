//! What R2 takes no request with: headers and parameters of Amazon's that it does not have, in its words (r2/api/s3/api;
//! miniflare's tests in cloudflare/workers-sdk), and limits that a request's head exceeds.

use axum::http::header::RANGE;
use axum::http::{HeaderMap, HeaderName, Uri};
use percent_encoding::percent_decode_str;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use super::fault::coded;

/// Headers that no operation takes.
const NOWHERE: [&str; 3] = ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner", "x-amz-request-payer"];
/// Headers that no operation that writes an object takes.
const NOT_ON_WRITES: [&str; 13] = [
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write-acp",
    "x-amz-object-lock-legal-hold",
    "x-amz-object-lock-mode",
    "x-amz-object-lock-retain-until-date",
    "x-amz-server-side-encryption-aws-kms-key-id",
    "x-amz-server-side-encryption-bucket-key-enabled",
    "x-amz-server-side-encryption-context",
    "x-amz-tagging",
    "x-amz-tagging-directive",
    "x-amz-website-redirect-location",
];
const NOT_ON_BUCKETS: [&str; 7] = [
    "x-amz-bucket-object-lock-enabled",
    "x-amz-grant-full-control",
    "x-amz-grant-read",
    "x-amz-grant-read-acp",
    "x-amz-grant-write",
    "x-amz-grant-write-acp",
    "x-amz-object-ownership",
];
const NOT_ON_DELETION: [&str; 2] = ["x-amz-bypass-governance-retention", "x-amz-mfa"];
const CANNED: [&str; 7] = [
    "private",
    "public-read",
    "public-read-write",
    "authenticated-read",
    "aws-exec-read",
    "bucket-owner-read",
    "bucket-owner-full-control",
];
const CUSTOMER_KEY: &str = "x-amz-server-side-encryption-customer-";
/// All names and values of an object's metadata together.
const METADATA: usize = 8_192;

/// Amazon's headers that a signature brings, and that say nothing of the operation.
const OF_SIGNATURES: [&str; 3] = ["x-amz-content-sha256", "x-amz-date", "x-amz-security-token"];

/// Whether R2 would take an operation's request, once its caller may make it.
pub(super) fn screened(operation: &str, headers: &HeaderMap, uri: &Uri) -> S3Result<()> {
    let mut names = headers.keys().map(HeaderName::as_str);
    if names.any(|name| name.starts_with("x-amz-") && !OF_SIGNATURES.contains(&name)) {
        of_amazon(operation, headers)?;
    }
    if let Some((first, last)) = headers.get(RANGE).and_then(|range| span(range.to_str().ok()?))
        && first > last
    {
        return Err(s3_error!(InvalidArgument, "range must be positive."));
    }
    parameters(operation, uri.query().unwrap_or_default())
}

/// Whether R2 would take Amazon's headers.
fn of_amazon(operation: &str, headers: &HeaderMap) -> S3Result<()> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let writes = matches!(operation, "PutObject" | "CopyObject" | "CreateMultipartUpload");
    let lacking: &[&str] = match operation {
        "CreateBucket" => &NOT_ON_BUCKETS,
        "DeleteObject" | "DeleteObjects" => &NOT_ON_DELETION,
        _ if writes => &NOT_ON_WRITES,
        _ => &[],
    };
    // The few names that came are looked for among the many: almost never is there one of them.
    let mut names = headers.keys().map(HeaderName::as_str);
    if names.any(|name| NOWHERE.contains(&name) || lacking.contains(&name) || name.starts_with(CUSTOMER_KEY)) {
        for name in NOWHERE.iter().chain(lacking) {
            if let Some(value) = text(name) {
                return Err(header(name, value));
            }
        }
        customer_key(operation, headers)?;
    }
    if writes {
        if let Some(acl) = text("x-amz-acl").filter(|acl| !CANNED.contains(acl)) {
            return Err(header("x-amz-acl", acl));
        }
        if let Some(kind) = text("x-amz-server-side-encryption").filter(|kind| *kind != "AES256") {
            return Err(header("x-amz-server-side-encryption", kind));
        }
        if text("x-amz-storage-class").is_some_and(|class| !matches!(class, "STANDARD" | "STANDARD_IA")) {
            return Err(s3_error!(InvalidStorageClass, "The storage class you specified is not valid"));
        }
        let metadata = headers.iter().filter(|(name, _)| name.as_str().starts_with("x-amz-meta-"));
        let size: usize = metadata.map(|(name, value)| name.as_str().len() - "x-amz-meta-".len() + value.len()).sum();
        if size > METADATA {
            return Err(coded(
                400,
                "MetadataTooLarge",
                "Your metadata headers exceed the maximum allowed metadata size.",
            ));
        }
    }
    if let Some(directive) = text("x-amz-metadata-directive").filter(|_| operation == "CopyObject")
        && !matches!(directive, "COPY" | "REPLACE" | "MERGE")
    {
        return Err(s3_error!(InvalidArgument, "Unknown metadata directive {directive}."));
    }
    Ok(())
}

/// The first and the last byte of a range that names both.
fn span(range: &str) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// Keys of the customer's: R2 has them, this emulator does not; only what is wrong with them is told as R2 does.
fn customer_key(operation: &str, headers: &HeaderMap) -> S3Result<()> {
    let text =
        |name: &str| headers.get(format!("{CUSTOMER_KEY}{name}")).map(|value| value.to_str().unwrap_or_default());
    let said = "Requests specifying Server Side Encryption with Customer provided keys must provide";
    match (text("algorithm"), text("key"), text("key-md5")) {
        (None, None, None) => Ok(()),
        (None, ..) => Err(s3_error!(InvalidArgument, "{said} a valid encryption algorithm.")),
        (_, None, _) => Err(s3_error!(InvalidArgument, "{said} an appropriate secret key.")),
        (.., None) => Err(s3_error!(InvalidArgument, "{said} the client calculated MD5 of the secret key.")),
        (Some(kind), ..) if kind != "AES256" => Err(coded(
            400,
            "InvalidEncryptionAlgorithmError",
            "The encryption request that you specified is not valid. The valid value is AES256.",
        )),
        _ if matches!(operation, "GetObject" | "HeadObject") => {
            Err(s3_error!(InvalidRequest, "The encryption parameters are not applicable to this object."))
        }
        (Some(kind), ..) => Err(header("x-amz-server-side-encryption-customer-algorithm", kind)),
    }
}

fn parameters(operation: &str, query: &str) -> S3Result<()> {
    let (shown, known): (&str, &[&str]) = match operation {
        "ListBuckets" => ("ListBuckets", &["bucket-region", "continuation-token", "max-buckets", "prefix"]),
        "ListObjects" => ("ListObjectsV1", &["delimiter", "encoding-type", "marker", "max-keys", "prefix"]),
        "ListObjectsV2" => (
            "ListObjectsV2",
            &[
                "continuation-token",
                "delimiter",
                "encoding-type",
                "fetch-owner",
                "list-type",
                "max-keys",
                "prefix",
                "start-after",
            ],
        ),
        "GetBucketLocation" => ("", &["location"]),
        _ => return Ok(()),
    };
    for (name, value) in query.split('&').filter(|pair| !pair.is_empty()).map(|p| p.split_once('=').unwrap_or((p, "")))
    {
        let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
        let (name, value) = (decoded(name), decoded(value));
        match name.as_str() {
            "x-id" => {}
            // Of the signature.
            name if name.to_ascii_lowercase().starts_with("x-amz-") => {}
            "list-type" if operation == "ListObjects" => {
                return Err(s3_error!(NotImplemented, "ListObjectsV{value} not implemented"));
            }
            "continuation-token" if operation == "ListObjects" => {
                return Err(s3_error!(InvalidArgument, "continuation-token not supported in ListObjects"));
            }
            name if !known.contains(&name) && operation == "GetBucketLocation" => {
                return Err(s3_error!(InvalidArgument, "Search param {name} is unsupported for bucket location"));
            }
            name if !known.contains(&name) => {
                return Err(s3_error!(NotImplemented, "{shown} search parameter {name} not implemented"));
            }
            // R2 rounds fractions down; s3s reads none.
            "max-keys" if value.parse::<u32>().is_err() => {
                let said = "MaxKeys params must be positive integer <= 1000.";
                return Err(coded(400, "InvalidMaxKeys", said));
            }
            "encoding-type" if value != "url" => {
                return Err(s3_error!(NotImplemented, "Unrecognized encoding-type \"{value}\" not implemented"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn header(name: &str, value: &str) -> S3Error {
    let message = format!("Header '{name}' with value '{value}' not implemented");
    S3Error::with_message(S3ErrorCode::NotImplemented, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(operation: &str, headers: &[(&'static str, &str)], query: &str) -> Result<(), String> {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
        let uri = format!("/b/k?{query}").parse().unwrap();
        screened(operation, &headers, &uri).map_err(|error| error.message().unwrap_or_default().to_owned())
    }

    #[test]
    fn headers_are_refused_where_r2_lacks_them() {
        let tagging = [("x-amz-tagging", "a=b")];
        let said = "Header 'x-amz-tagging' with value 'a=b' not implemented";
        assert_eq!(told("PutObject", &tagging, ""), Err(said.to_owned()));
        for (operation, name, value) in [
            ("GetObject", "x-amz-tagging", "a=b"),
            ("PutObject", "x-amz-mfa", "1"),
            ("PutObject", "x-amz-acl", "public-read"),
            ("PutObject", "x-amz-server-side-encryption", "AES256"),
            ("PutObject", "x-amz-storage-class", "STANDARD_IA"),
            ("PutObject", "x-amz-foobar", "x"),
            ("GetObject", "range", "bytes=2-"),
        ] {
            assert_eq!(told(operation, &[(name, value)], ""), Ok(()), "{operation} {name}");
        }
        for (operation, name, value) in [
            ("DeleteObject", "x-amz-mfa", "1"),
            ("HeadBucket", "x-amz-expected-bucket-owner", "1"),
            ("PutObject", "x-amz-acl", "x"),
            ("PutObject", "x-amz-server-side-encryption", "aws:kms"),
            ("PutObject", "x-amz-storage-class", "GLACIER"),
            ("CopyObject", "x-amz-metadata-directive", "WAT"),
            ("GetObject", "range", "bytes=5-2"),
        ] {
            assert!(told(operation, &[(name, value)], "").is_err(), "{operation} {name}");
        }
        let most = "x".repeat(METADATA - 1);
        assert_eq!(told("PutObject", &[("x-amz-meta-a", &most)], ""), Ok(()));
        assert!(told("PutObject", &[("x-amz-meta-ab", &most)], "").is_err());
    }

    #[test]
    fn lists_take_what_they_know() {
        assert_eq!(told("ListObjectsV2", &[], "list-type=2&max-keys=0&prefix=a%2F&X-Amz-Date=x&x-id=y"), Ok(()));
        let unknown = |name: &str| Err(format!("{name} search parameter foobar not implemented"));
        assert_eq!(told("ListObjectsV2", &[], "list-type=2&foobar=1"), unknown("ListObjectsV2"));
        assert_eq!(told("ListObjects", &[], "foobar"), unknown("ListObjectsV1"));
        assert_eq!(told("ListBuckets", &[], "foobar"), unknown("ListBuckets"));
        assert_eq!(told("ListObjects", &[], "list-type=3"), Err("ListObjectsV3 not implemented".to_owned()));
        for bad in ["max-keys=", "max-keys=-1", "max-keys=Infinity", "max-keys=1.5", "encoding-type=weird"] {
            assert!(told("ListObjectsV2", &[], bad).is_err(), "{bad}");
        }
    }
}
