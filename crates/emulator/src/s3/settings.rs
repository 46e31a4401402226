//! A bucket's settings, which the REST API shares, in S3's forms; and the answers that are the same for every bucket.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value has null for what is absent; those that are changed are objects"
)]

use std::sync::Arc;

use s3s::dto::{
    AbortIncompleteMultipartUpload, CORSRule, DeleteBucketCorsInput, DeleteBucketCorsOutput, ExpirationStatus,
    GetBucketCorsInput, GetBucketCorsOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput, GetBucketReplicationInput,
    GetBucketReplicationOutput, GetBucketTaggingInput, GetBucketTaggingOutput, GetBucketVersioningInput,
    GetBucketVersioningOutput, GetObjectLockConfigurationInput, GetObjectLockConfigurationOutput, LifecycleExpiration,
    LifecycleRule, LifecycleRuleFilter, PutBucketCorsInput, PutBucketCorsOutput, PutBucketLifecycleConfigurationInput,
    PutBucketLifecycleConfigurationOutput, ServerSideEncryption, ServerSideEncryptionByDefault,
    ServerSideEncryptionConfiguration, ServerSideEncryptionRule, Timestamp, TimestampFormat, Transition,
    TransitionStorageClass,
};
use s3s::{S3Request, S3Result, s3_error};
use serde_json::{Map, Value, json};

use super::buckets::existing;
use super::fault::coded;
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::Fault;
use crate::products::r2_settings::{CORS, LIFECYCLE, lifecycle_of};
use crate::state::State;

const DAY: i64 = 86_400;

pub(super) async fn cors(emulator: &Inner, request: S3Request<GetBucketCorsInput>) -> S3Result<GetBucketCorsOutput> {
    let key = Visit::in_extensions(&request.extensions)?.bucket(&request.input.bucket);
    let state = emulator.state();
    existing(&state, &key)?;
    // 10059.
    let none = || coded(404, "NoSuchCORSConfiguration", "The CORS configuration does not exist.");
    let rules = state.r2_settings.setting(&key, CORS).and_then(|cors| cors["rules"].as_array()).ok_or_else(none)?;
    Ok(GetBucketCorsOutput { cors_rules: Some(rules.iter().map(cors_rule).collect()) })
}

pub(super) async fn put_cors(
    emulator: &Arc<Inner>,
    request: S3Request<PutBucketCorsInput>,
) -> S3Result<PutBucketCorsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let key = visit.bucket(&request.input.bucket);
    let rules: Vec<Value> = request.input.cors_configuration.cors_rules.into_iter().map(kept_cors).collect();
    let put = move |state: &mut State| -> Result<(), Fault> {
        existing(state, &key)?;
        state.r2_settings.set(&key, CORS, Some(json!({"rules": rules})));
        Ok(())
    };
    visit.write(emulator, put).await?;
    Ok(PutBucketCorsOutput::default())
}

pub(super) async fn delete_cors(
    emulator: &Arc<Inner>,
    request: S3Request<DeleteBucketCorsInput>,
) -> S3Result<DeleteBucketCorsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let key = visit.bucket(&request.input.bucket);
    let delete = move |state: &mut State| -> Result<(), Fault> {
        existing(state, &key)?;
        state.r2_settings.set(&key, CORS, None);
        Ok(())
    };
    visit.write(emulator, delete).await?;
    Ok(DeleteBucketCorsOutput::default())
}

pub(super) async fn lifecycle(
    emulator: &Inner,
    request: S3Request<GetBucketLifecycleConfigurationInput>,
) -> S3Result<GetBucketLifecycleConfigurationOutput> {
    let key = Visit::in_extensions(&request.extensions)?.bucket(&request.input.bucket);
    let state = emulator.state();
    existing(&state, &key)?;
    let held = lifecycle_of(&state, &key);
    let rules: Vec<LifecycleRule> = held["rules"].as_array().into_iter().flatten().map(lifecycle_rule).collect();
    if rules.is_empty() {
        return Err(coded(404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist."));
    }
    Ok(GetBucketLifecycleConfigurationOutput { rules: Some(rules), ..Default::default() })
}

pub(super) async fn put_lifecycle(
    emulator: &Arc<Inner>,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> S3Result<PutBucketLifecycleConfigurationOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let key = visit.bucket(&request.input.bucket);
    let rules = request.input.lifecycle_configuration.map(|configuration| configuration.rules).unwrap_or_default();
    let rules = rules.into_iter().enumerate().map(kept_lifecycle).collect::<S3Result<Vec<Value>>>()?;
    let put = move |state: &mut State| -> Result<(), Fault> {
        existing(state, &key)?;
        state.r2_settings.set(&key, LIFECYCLE, Some(json!({"rules": rules})));
        Ok(())
    };
    visit.write(emulator, put).await?;
    Ok(PutBucketLifecycleConfigurationOutput::default())
}

/// All that R2 holds is encrypted, and there is no other way.
pub(super) async fn encryption(
    emulator: &Inner,
    request: S3Request<GetBucketEncryptionInput>,
) -> S3Result<GetBucketEncryptionOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    existing(&emulator.state(), &visit.bucket(&request.input.bucket))?;
    let rule = ServerSideEncryptionRule {
        apply_server_side_encryption_by_default: Some(ServerSideEncryptionByDefault {
            kms_master_key_id: None,
            sse_algorithm: ServerSideEncryption::from_static(ServerSideEncryption::AES256),
        }),
        bucket_key_enabled: Some(true),
    };
    let configuration = ServerSideEncryptionConfiguration { rules: vec![rule] };
    Ok(GetBucketEncryptionOutput { server_side_encryption_configuration: Some(configuration) })
}

/// R2 keeps one version of an object.
pub(super) async fn versioning(
    emulator: &Inner,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<GetBucketVersioningOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    existing(&emulator.state(), &visit.bucket(&request.input.bucket))?;
    Ok(GetBucketVersioningOutput::default())
}

pub(super) async fn tagging(
    emulator: &Inner,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<GetBucketTaggingOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    existing(&emulator.state(), &visit.bucket(&request.input.bucket))?;
    Err(coded(404, "NoSuchTagSet", "The TagSet does not exist"))
}

pub(super) async fn replication(
    emulator: &Inner,
    request: S3Request<GetBucketReplicationInput>,
) -> S3Result<GetBucketReplicationOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    existing(&emulator.state(), &visit.bucket(&request.input.bucket))?;
    Err(coded(404, "ReplicationConfigurationNotFoundError", "The replication configuration was not found"))
}

pub(super) async fn object_lock(
    emulator: &Inner,
    request: S3Request<GetObjectLockConfigurationInput>,
) -> S3Result<GetObjectLockConfigurationOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    existing(&emulator.state(), &visit.bucket(&request.input.bucket))?;
    let said = "Object Lock configuration does not exist for this bucket";
    Err(coded(404, "ObjectLockConfigurationNotFoundError", said))
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(|text| Some(text.as_str()?.to_owned())).collect()
}

fn cors_rule(rule: &Value) -> CORSRule {
    let allowed = &rule["allowed"];
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    CORSRule {
        id: rule["id"].as_str().map(ToOwned::to_owned),
        allowed_headers: some(texts(&allowed["headers"])),
        allowed_methods: texts(&allowed["methods"]),
        allowed_origins: texts(&allowed["origins"]),
        expose_headers: some(texts(&rule["exposeHeaders"])),
        max_age_seconds: rule["maxAgeSeconds"].as_i64().and_then(|age| i32::try_from(age).ok()),
    }
}

fn kept_cors(rule: CORSRule) -> Value {
    let mut allowed = json!({"methods": rule.allowed_methods, "origins": rule.allowed_origins});
    if let Some(headers) = rule.allowed_headers {
        allowed["headers"] = json!(headers);
    }
    let mut kept = json!({"allowed": allowed});
    if let Some(id) = rule.id {
        kept["id"] = json!(id);
    }
    if let Some(headers) = rule.expose_headers {
        kept["exposeHeaders"] = json!(headers);
    }
    if let Some(age) = rule.max_age_seconds {
        kept["maxAgeSeconds"] = json!(age);
    }
    kept
}

/// A rule of the API's: ages are seconds there, and days here.
fn lifecycle_rule(rule: &Value) -> LifecycleRule {
    let days = |at: &Value| i32::try_from(at["condition"]["maxAge"].as_i64()? / DAY).ok();
    let date = |at: &Value| Timestamp::parse(TimestampFormat::DateTime, at["condition"]["date"].as_str()?).ok();
    let status = if rule["enabled"] == true { ExpirationStatus::ENABLED } else { ExpirationStatus::DISABLED };
    let (abort, delete) = (&rule["abortMultipartUploadsTransition"], &rule["deleteObjectsTransition"]);
    let transitions = rule["storageClassTransitions"].as_array().into_iter().flatten().map(|at| Transition {
        date: date(at),
        days: days(at),
        storage_class: Some(TransitionStorageClass::from_static(TransitionStorageClass::STANDARD_IA)),
    });
    let transitions: Vec<Transition> = transitions.collect();
    LifecycleRule {
        abort_incomplete_multipart_upload: abort
            .is_object()
            .then(|| AbortIncompleteMultipartUpload { days_after_initiation: days(abort) }),
        expiration: delete.is_object().then(|| LifecycleExpiration {
            date: date(delete),
            days: days(delete),
            expired_object_delete_marker: None,
        }),
        filter: Some(LifecycleRuleFilter {
            prefix: Some(rule["conditions"]["prefix"].as_str().unwrap_or_default().to_owned()),
            ..Default::default()
        }),
        id: rule["id"].as_str().map(ToOwned::to_owned),
        noncurrent_version_expiration: None,
        noncurrent_version_transitions: None,
        prefix: None,
        status: ExpirationStatus::from_static(status),
        transitions: (!transitions.is_empty()).then_some(transitions),
    }
}

fn kept_lifecycle((number, rule): (usize, LifecycleRule)) -> S3Result<Value> {
    let filter = rule.filter.unwrap_or_default();
    let sized = filter.object_size_greater_than.is_some() || filter.object_size_less_than.is_some();
    if filter.tag.is_some() || filter.and.is_some() || sized {
        return Err(s3_error!(NotImplemented, "Lifecycle filters other than Prefix not implemented"));
    }
    if rule.noncurrent_version_expiration.is_some() || rule.noncurrent_version_transitions.is_some() {
        return Err(s3_error!(NotImplemented, "Lifecycle rules for noncurrent versions not implemented"));
    }
    let prefix = filter.prefix.or(rule.prefix).unwrap_or_default();
    let mut kept = Map::new();
    kept.insert("id".to_owned(), json!(rule.id.unwrap_or_else(|| format!("rule-{}", number + 1))));
    kept.insert("enabled".to_owned(), json!(rule.status.as_str() == ExpirationStatus::ENABLED));
    kept.insert("conditions".to_owned(), json!({"prefix": prefix}));
    let age = |days: i32| json!({"type": "Age", "maxAge": i64::from(days) * DAY});
    let when = |days: Option<i32>, date: Option<Timestamp>| match (days, date) {
        (Some(days), _) => Some(age(days)),
        (None, Some(date)) => Some(json!({"type": "Date", "date": written(&date)})),
        (None, None) => None,
    };
    if let Some(days) = rule.abort_incomplete_multipart_upload.and_then(|abort| abort.days_after_initiation) {
        kept.insert("abortMultipartUploadsTransition".to_owned(), json!({"condition": age(days)}));
    }
    if let Some(condition) = rule.expiration.and_then(|expiration| when(expiration.days, expiration.date)) {
        kept.insert("deleteObjectsTransition".to_owned(), json!({"condition": condition}));
    }
    let transitions = rule.transitions.unwrap_or_default().into_iter().filter_map(|transition| {
        let condition = when(transition.days, transition.date)?;
        Some(json!({"condition": condition, "storageClass": "InfrequentAccess"}))
    });
    let transitions: Vec<Value> = transitions.collect();
    if !transitions.is_empty() {
        kept.insert("storageClassTransitions".to_owned(), Value::Array(transitions));
    }
    Ok(Value::Object(kept))
}

fn written(date: &Timestamp) -> String {
    let mut text = Vec::new();
    // Writing into memory does not fail.
    let _ = date.format(TimestampFormat::DateTime, &mut text);
    String::from_utf8(text).unwrap_or_default()
}
