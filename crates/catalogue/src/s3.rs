//! What the queries of R2's S3 face name.

/// Parts of buckets and objects that calls of S3 name in the query, `?acl` or `?acl=` (Amazon S3's API reference, Actions). R2
/// has few of them.
const PARTS: [&str; 34] = [
    "abac",
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "intelligent-tiering",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metadataConfiguration",
    "metadataTable",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "restore",
    "retention",
    "select",
    "session",
    "tagging",
    "torrent",
    "versioning",
    "versions",
    "website",
];

/// Whether a pair of a query names a part of the bucket or object that the path names, such as its tags: what is done to it is
/// another operation than what is done to the whole. A key without a value names one, known or not.
#[must_use]
pub fn names_s3_part(key: &str, value: Option<&str>) -> bool {
    value.is_none() || PARTS.contains(&key)
}
