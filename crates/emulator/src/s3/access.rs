//! Who calls, and whether the call may be made.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use axum::http::{HeaderMap, Uri};
use flarekeep_catalogue::{Operation, operations};
use flarekeep_policy::{Cause, Owner, Request};
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::dto::CopySource;
use s3s::{S3Result, s3_error};

use super::fault::{access_denied, unauthorized};
use super::front::{SESSION_SECRET, parameter};
use super::leave::{Leave, note};
use super::screening::screened;
use super::temporary::{Asked, admits};
use super::visit::Visit;
use crate::emulator::Inner;
use crate::log::{Behind, Part, printable};
use crate::state::State;
use crate::state::tokens::Record;

/// Knows the tokens of an emulator.
pub(super) struct Gate(pub(super) Arc<Inner>);

#[async_trait::async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let state = self.0.state();
        let record = record(&state, access_key).ok_or_else(unauthorized)?;
        if let Ok(Some(secret)) = SESSION_SECRET.try_with(Clone::clone) {
            return Ok(secret);
        }
        Ok(SecretKey::from(record.stored.value_hash.as_str()))
    }
}

#[async_trait::async_trait]
impl S3Access for Gate {
    /// Runs once the signature has been found good.
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let visit = Visit::in_extensions(context.extensions_mut())?;
        let key = context.credentials().map(|credentials| credentials.access_key.as_str());
        let path = context.s3_path();
        let asked = Wanted {
            name: context.s3_op().name(),
            bucket: path.get_bucket_name(),
            key: path.get_object_key(),
            headers: context.headers(),
            uri: context.uri(),
        };
        self.admit(&visit, key, &asked)
    }
}

/// What a call asks for.
pub(super) struct Wanted<'a> {
    /// What S3 calls the operation.
    pub(super) name: &'a str,
    pub(super) bucket: Option<&'a str>,
    pub(super) key: Option<&'a str>,
    pub(super) headers: &'a HeaderMap,
    pub(super) uri: &'a Uri,
}

impl Gate {
    /// Decides a call whose signature is good, and refuses what R2 itself does not take.
    pub(super) fn admit(&self, visit: &Visit, access_key: Option<&str>, wanted: &Wanted) -> S3Result<()> {
        let state = self.0.state();
        let record = access_key.and_then(|key| record(&state, key)).ok_or_else(unauthorized)?;
        let Some(operation) = named(wanted.name) else {
            // As R2 words it, which puts one `Get` too many before this name.
            let name = if wanted.name == "GetBucketPolicyStatus" { "GetGetBucketPolicyStatus" } else { wanted.name };
            return Err(s3_error!(NotImplemented, "{name} not implemented"));
        };
        let mut requests = vec![self.request(visit, record, operation, wanted.bucket)];
        let mut parts = vec![Part { operation, path: None }];
        let mut keys = vec![wanted.key.map(Cow::Borrowed)];
        if matches!(wanted.name, "CopyObject" | "UploadPartCopy")
            && let Some((bucket, key)) = source(wanted.headers)
            && let Some(read) = named("GetObject")
        {
            requests.push(self.request(visit, record, read, Some(&bucket)));
            parts.push(Part { operation: read, path: Some(format!("/{bucket}/{key}")) });
            keys.push(Some(Cow::Owned(key)));
        }
        // Whoever makes a bucket by the way needs the right to make one: inferred, Cloudflare does not say.
        if makes_bucket(wanted.headers)
            && let (Some(bucket), Some(create)) = (wanted.bucket, named("CreateBucket"))
            && state.r2_buckets.bucket(&visit.bucket(bucket)).is_none()
        {
            requests.push(self.request(visit, record, create, Some(bucket)));
            parts.push(Part { operation: create, path: Some(format!("/{bucket}")) });
            keys.push(None);
        }
        let mut outcome = visit.outcome();
        outcome.verdict.parts = parts;
        outcome.decided = true;
        for (request, key) in requests.iter().zip(&keys) {
            note(&self.0, &mut outcome, record, request, decide(record, request, &state))?;
            if let Some(session) = visit.session() {
                let prefix = wanted.uri.query().and_then(|query| parameter(query, "prefix")).unwrap_or_default();
                // A right to copy is one to read the source.
                let asked = Asked { name: wanted.name, request, key: key.as_deref(), prefix: &prefix };
                if let Err(why) = admits(&session.claims, record.stored.owner, &asked) {
                    outcome.verdict.cause = "temporary-credential";
                    outcome.verdict.why = None;
                    outcome.verdict.grounds = Some(Behind::Said(printable(&why, 200)));
                    return Err(access_denied());
                }
            }
            record.touch(request.at);
        }
        visit.admit(Leave::of(record, requests));
        outcome.verdict.allowed = true;
        outcome.verdict.operation = Some(operation);
        let screened = screened(wanted.name, wanted.headers, wanted.uri);
        outcome.screened = screened.is_err();
        screened
    }

    fn request(&self, visit: &Visit, record: &Record, operation: &'static Operation, bucket: Option<&str>) -> Request {
        Request {
            operation,
            user: match record.stored.owner {
                Owner::User(user) => Some(user),
                Owner::Account(_) => None,
            },
            account: Some(visit.place().account),
            zone: None,
            bucket: bucket.map(|name| visit.bucket(name)),
            ip: visit.ip(),
            at: self.0.now(),
        }
    }
}

/// The token whose id is an access key.
pub(super) fn record<'a>(state: &'a State, access_key: &str) -> Option<&'a Arc<Record>> {
    state.tokens.with_id(access_key.parse().ok()?)
}

/// The operation of the catalogue that an S3 operation is. HEAD is GET, a copy writes as an upload does (its source is
/// decided by itself), and the older list is the newer one.
fn named(name: &str) -> Option<&'static Operation> {
    let id = match name {
        "HeadObject" => "GetObject",
        "CopyObject" => "PutObject",
        "UploadPartCopy" => "UploadPart",
        "ListObjects" => "ListObjectsV2",
        // R2 passes the parameter over.
        "DeleteObjectTagging" => "DeleteObject",
        // Answers that are the same for every bucket. What they accept is inferred from the other settings of a bucket.
        "GetBucketReplication" | "GetBucketTagging" | "GetBucketVersioning" | "GetObjectLockConfiguration" => {
            "GetBucketLocation"
        }
        name => name,
    };
    // They are few among thousands, and are looked for in each call.
    static ALL: LazyLock<Vec<&Operation>> =
        LazyLock::new(|| operations().iter().filter(|operation| operation.is_s3()).collect());
    ALL.iter().copied().find(|operation| operation.operation_id() == id)
}

/// The engine's decision; none where the token's user is no member of the account.
pub(super) fn decide(record: &Record, request: &Request, state: &State) -> Option<Cause> {
    let decision = record.effective(request.at).compiled.decide(request);
    let account = request.account?;
    let member = request.user.is_none_or(|user| {
        state.world.is_member(user, account) && state.world.permits(user, account, request.operation)
    });
    (member || !decision.allow).then_some(decision.cause)
}

/// Whether a call wants its bucket to be made where there is none (r2/api/s3/extensions).
pub(super) fn makes_bucket(headers: &HeaderMap) -> bool {
    headers.get("cf-create-bucket-if-missing").is_some_and(|value| value == "true")
}

/// The bucket and the key of the object that a copy reads.
fn source(headers: &HeaderMap) -> Option<(String, String)> {
    let header = headers.get("x-amz-copy-source")?.to_str().ok()?;
    match CopySource::parse(header).ok()? {
        CopySource::Bucket { bucket, key, .. } => Some((bucket.into_string(), key.into_string())),
        // Neither is there in R2; reading the input will say so.
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_s3_lead_to_the_catalogue() {
        let path = |name| named(name).map(ToString::to_string);
        assert_eq!(path("HeadObject").as_deref(), Some("GET s3://{bucket_name}/{object_key}"));
        assert_eq!(path("CopyObject").as_deref(), Some("PUT s3://{bucket_name}/{object_key}"));
        assert_eq!(path("ListObjects").as_deref(), Some("GET s3://{bucket_name}?list-type=2"));
        assert_eq!(path("ListBuckets").as_deref(), Some("GET s3://"));
        assert_eq!(path("PutBucketPolicy"), None);
    }
}
