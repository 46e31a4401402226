//! What a temporary credential admits, beside what its parent may do.
//!
//! What is documented (r2/api/s3/temporary-credentials): one bucket; a preset of operations, a list of them, or both;
//! keys by prefix or whole; never more than the parent. What is not, and is chosen strictly here: a list must ask for a
//! prefix that the credential reaches, an empty `paths` reaches no key, buckets are neither made nor removed, and
//! settings of a bucket belong to credentials of the whole bucket.

use axum::http::HeaderMap;
use axum::http::header::HOST;
use flarekeep_catalogue::{Operation, resolve};
use flarekeep_policy::{BucketKey, Grant, Owner, Policy, Request, Resource, Token, UnixSeconds};

use super::visit::Place;
use crate::options::SessionClaims;
use crate::session::{Claims, Level};

/// One thing that a call does, as its credential is asked about it.
pub(super) struct Asked<'a> {
    /// What S3 calls the operation.
    pub(super) name: &'a str,
    /// The parent's request.
    pub(super) request: &'a Request,
    /// The key, where one is named.
    pub(super) key: Option<&'a str>,
    /// The prefix that a list is of.
    pub(super) prefix: &'a str,
}

/// Whether the claims fit the call that shows them. The error says what is wrong, for the log.
pub(super) fn fits(
    claims: &Claims,
    key: &str,
    place: &Place,
    headers: &HeaderMap,
    at: UnixSeconds,
    checked: SessionClaims,
) -> Result<(), String> {
    if claims.exp <= at.0 {
        return Err("the temporary credential has expired".to_owned());
    }
    if claims.scope.is_none() && claims.actions.as_ref().is_none_or(Vec::is_empty) {
        return Err("the temporary credential has neither a scope nor actions".to_owned());
    }
    if checked == SessionClaims::Ignored {
        return Ok(());
    }
    let host = headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let account = place.account.to_string();
    for (name, given, wanted) in
        [("iss", &claims.iss, key), ("sub", &claims.sub, account.as_str()), ("aud", &claims.aud, host)]
    {
        if given.as_ref().is_some_and(|given| !given.eq_ignore_ascii_case(wanted)) {
            return Err(format!("the session token's `{name}` is not `{wanted}`"));
        }
    }
    Ok(())
}

/// Whether the credential admits the call, whose parent may make it. The error says why not, for the log.
pub(super) fn admits(claims: &Claims, owner: Owner, asked: &Asked) -> Result<(), String> {
    let operation = asked.request.operation;
    let bucket = asked.request.bucket.as_ref().filter(|bucket| bucket.name == claims.bucket);
    let Some(bucket) = bucket else {
        return Err(format!("the temporary credential is of the bucket `{}` alone", claims.bucket));
    };
    if matches!(operation.operation_id(), "CreateBucket" | "DeleteBucket") {
        return Err("a temporary credential neither makes nor removes buckets".to_owned());
    }
    if let Some(level) = claims.scope
        && !preset(level, owner, bucket).compile().decide(asked.request).allow
    {
        return Err("the temporary credential's scope does not hold the operation".to_owned());
    }
    if let Some(actions) = claims.actions.as_ref().filter(|actions| !actions.is_empty())
        && !actions.iter().any(|action| action == action_of(asked.name))
    {
        return Err(format!("the temporary credential's actions do not hold {}", action_of(asked.name)));
    }
    let reached = match asked.key {
        Some(key) => claims.reaches_key(key),
        None if lists(operation) => claims.reaches_prefix(asked.prefix),
        // The keys of a removal of several are looked at one by one.
        None => claims.paths.is_none() || matches!(operation.operation_id(), "HeadBucket" | "DeleteObjects"),
    };
    if reached { Ok(()) } else { Err("the temporary credential's paths do not reach this".to_owned()) }
}

/// A token that may do what a preset holds, and nothing else.
fn preset(level: Level, owner: Owner, bucket: &BucketKey) -> Token {
    let (group, resource) = match level {
        Level::AdminReadWrite => ("Workers R2 Storage Write", Resource::Account(bucket.account)),
        Level::AdminReadOnly => ("Workers R2 Storage Read", Resource::Account(bucket.account)),
        Level::ObjectReadWrite => ("Workers R2 Storage Bucket Item Write", Resource::Bucket(bucket.clone())),
        Level::ObjectReadOnly => ("Workers R2 Storage Bucket Item Read", Resource::Bucket(bucket.clone())),
    };
    let granted = resolve(group).map(|(group, _)| Policy::allowing(Grant::Group(group), resource));
    Token::unconditional(owner, granted.into_iter().collect())
}

/// What the list of actions calls an operation of S3.
fn action_of(name: &str) -> &str {
    if name == "ListObjects" { "ListObjectsV1" } else { name }
}

fn lists(operation: &Operation) -> bool {
    matches!(operation.operation_id(), "ListObjectsV2" | "ListMultipartUploads")
}
