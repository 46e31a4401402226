//! The settings of R2 buckets: cross-origin rules, lifecycle, locks, Sippy, local uploads. They are kept and given back;
//! only cross-origin rules and lifecycle are known to the S3 face, and none has an effect.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value has null for what is absent; those that are changed are objects"
)]

use std::collections::BTreeMap;

use flarekeep_policy::BucketKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Handler, r2_buckets};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/cors", Handler::Read(cors)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/cors", Handler::Write(put_cors)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}/cors", Handler::Write(delete_cors)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/lifecycle", Handler::Read(lifecycle)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/lifecycle", Handler::Write(put_lifecycle)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/lock", Handler::Read(lock)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/lock", Handler::Write(put_lock)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/local-uploads", Handler::Read(local_uploads)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/local-uploads", Handler::Write(put_local_uploads)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/sippy", Handler::Read(sippy)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/sippy", Handler::Write(put_sippy)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}/sippy", Handler::Write(delete_sippy)),
];

/// Cross-origin rules, `{"rules": […]}`.
pub(crate) const CORS: &str = "cors";
/// Lifecycle rules, `{"rules": […]}`.
pub(crate) const LIFECYCLE: &str = "lifecycle";
const LOCK: &str = "lock";
const LOCAL_UPLOADS: &str = "local-uploads";
const SIPPY: &str = "sippy";

/// What is set for each bucket. A bucket for which nothing was set is absent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<BucketKey, Settings>);

branch!(Table);
leaf!(Settings);

/// The settings of one bucket by their names, as the API shows them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings(BTreeMap<String, Value>);

impl Table {
    /// One setting.
    pub(crate) fn setting(&self, bucket: &BucketKey, name: &str) -> Option<&Value> {
        self.0.get(bucket)?.0.get(name)
    }

    /// The settings whose names begin so, without this beginning.
    pub(crate) fn beginning<'a>(
        &'a self,
        bucket: &BucketKey,
        prefix: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Value)> {
        let held = self.0.get(bucket).into_iter().flat_map(|settings| &settings.0);
        held.filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value)))
    }

    /// Sets, or with none removes, a setting; what it was before.
    pub(crate) fn set(&mut self, bucket: &BucketKey, name: &str, value: Option<Value>) -> Option<Value> {
        let mut settings = self.0.get(bucket).cloned().unwrap_or_default();
        let before = match value {
            Some(value) => settings.0.insert(name.to_owned(), value),
            None => settings.0.remove(name),
        };
        if settings.0.is_empty() {
            self.0.remove(bucket);
        } else {
            self.0.insert(bucket.clone(), settings);
        }
        before
    }

    /// Lets go of all settings of a bucket that is removed.
    pub(crate) fn forget(&mut self, bucket: &BucketKey) {
        self.0.remove(bucket);
    }
}

/// The lifecycle of a bucket; where none was set, the one rule that every bucket begins with (r2/buckets/object-lifecycles).
pub(crate) fn lifecycle_of(state: &State, bucket: &BucketKey) -> Value {
    let first = || {
        json!({"rules": [{
            "id": "Default Multipart Abort Rule",
            "enabled": true,
            "conditions": {"prefix": ""},
            "abortMultipartUploadsTransition": {"condition": {"type": "Age", "maxAge": 604_800}},
        }]})
    };
    state.r2_settings.setting(bucket, LIFECYCLE).cloned().unwrap_or_else(first)
}

/// The bucket that the path names, which exists.
pub(super) fn existing(call: &Call, state: &State) -> Result<BucketKey, ApiError> {
    let key = r2_buckets::named(call)?;
    state.r2_buckets.bucket(&key).map(|_| key).ok_or_else(r2_buckets::missing)
}

/// The body as an object, which it must be.
pub(super) fn body(call: &Call) -> Result<serde_json::Map<String, Value>, ApiError> {
    call.object().ok_or_else(malformed)
}

pub(super) fn malformed() -> ApiError {
    ApiError::new(400, 10040, "The JSON you provided was not well formed.")
}

fn cors(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    let none = || ApiError::new(404, 10059, "The CORS configuration does not exist.");
    state.r2_settings.setting(&bucket, CORS).map(Answer::result).ok_or_else(none)
}

fn put_cors(call: &Call, state: &mut State) -> Outcome {
    put(call, state, CORS, |rule| {
        let allowed = &rule["allowed"];
        const METHODS: [&str; 5] = ["GET", "PUT", "POST", "DELETE", "HEAD"];
        let methods = allowed["methods"].as_array().is_some_and(|methods| {
            methods.iter().all(|method| method.as_str().is_some_and(|method| METHODS.contains(&method)))
        });
        methods && all_text(&allowed["origins"])
    })
}

fn delete_cors(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    state.r2_settings.set(&bucket, CORS, None);
    Ok(Answer::result(&json!({})))
}

fn lifecycle(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    Ok(Answer::result(&lifecycle_of(state, &bucket)))
}

fn put_lifecycle(call: &Call, state: &mut State) -> Outcome {
    put(call, state, LIFECYCLE, |rule| named_rule(rule) && rule["conditions"]["prefix"].is_string())
}

fn lock(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    let none = json!({"rules": []});
    Ok(Answer::result(state.r2_settings.setting(&bucket, LOCK).unwrap_or(&none)))
}

fn put_lock(call: &Call, state: &mut State) -> Outcome {
    put(call, state, LOCK, |rule| named_rule(rule) && rule["condition"]["type"].is_string())
}

fn local_uploads(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    let off = json!({"enabled": false});
    Ok(Answer::result(state.r2_settings.setting(&bucket, LOCAL_UPLOADS).unwrap_or(&off)))
}

fn put_local_uploads(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let enabled = body(call)?.get("enabled").and_then(Value::as_bool).ok_or_else(malformed)?;
    state.r2_settings.set(&bucket, LOCAL_UPLOADS, Some(json!({"enabled": enabled})));
    Ok(Answer::result(&json!({})))
}

fn sippy(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    let off = json!({"enabled": false});
    Ok(Answer::result(state.r2_settings.setting(&bucket, SIPPY).unwrap_or(&off)))
}

/// The secrets that the call names are not kept: nothing is copied.
fn put_sippy(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let body = body(call)?;
    let part = |side: &str, names: &[&str]| -> Value {
        let given = body.get(side).and_then(Value::as_object);
        let held = names.iter().filter_map(|name| Some(((*name).to_owned(), given?.get(*name)?.clone())));
        Value::Object(held.filter(|(_, value)| value.is_string()).collect())
    };
    let source = part("source", &["provider", "bucket", "bucketUrl", "container", "region"]);
    if !matches!(source["provider"].as_str(), Some("aws" | "gcs" | "s3" | "azure")) {
        return Err(malformed());
    }
    let mut destination = part("destination", &["accessKeyId"]);
    destination["provider"] = json!("r2");
    destination["account"] = json!(bucket.account.to_string());
    destination["bucket"] = json!(bucket.name);
    let set = json!({"enabled": true, "source": source, "destination": destination});
    state.r2_settings.set(&bucket, SIPPY, Some(set.clone()));
    Ok(Answer::result(&set))
}

fn delete_sippy(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    state.r2_settings.set(&bucket, SIPPY, None);
    Ok(Answer::result(&json!({"enabled": false})))
}

/// Sets `{"rules": […]}`, each of which must be good.
fn put(call: &Call, state: &mut State, name: &str, good: impl Fn(&Value) -> bool) -> Outcome {
    let bucket = existing(call, state)?;
    let rules = body(call)?.get("rules").cloned().unwrap_or_else(|| json!([]));
    if !rules.as_array().is_some_and(|rules| rules.iter().all(good)) {
        return Err(malformed());
    }
    state.r2_settings.set(&bucket, name, Some(json!({"rules": rules})));
    Ok(Answer::result(&json!({})))
}

fn named_rule(rule: &Value) -> bool {
    rule["id"].is_string() && rule["enabled"].is_boolean()
}

fn all_text(list: &Value) -> bool {
    list.as_array().is_some_and(|list| list.iter().all(Value::is_string))
}
