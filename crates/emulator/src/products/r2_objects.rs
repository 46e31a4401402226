//! The objects of R2 buckets through the REST API. They are those of R2's S3 face ([`crate::s3`]).

use std::sync::Arc;

use flarekeep_policy::BucketKey;
use serde_json::json;

use super::{Handler, r2_buckets, timestamp};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::objects::{About, Condition, Fault, Object};
use crate::state::State;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}", Handler::Read(get)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}", Handler::Write(put)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}", Handler::Write(delete)),
];

/// The bytes as they are, with no envelope.
fn get(call: &Call, state: &State) -> Outcome {
    let (bucket, key) = place(call, state)?;
    let missing = || ApiError::new(404, 10007, "The specified key does not exist.");
    let object = state.objects.object(&bucket, key).ok_or_else(missing)?;
    let content_type = object.about.content_type.as_deref().unwrap_or("application/octet-stream");
    Ok(Answer::raw(object.bytes.clone(), content_type).header("etag", &format!("\"{}\"", object.etag)))
}

fn put(call: &Call, state: &mut State) -> Outcome {
    let (bucket, key) = place(call, state)?;
    let header = |name| call.header(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned);
    let about = About {
        content_type: header("content-type"),
        cache_control: header("cache-control"),
        content_disposition: header("content-disposition"),
        content_encoding: header("content-encoding"),
        content_language: header("content-language"),
        storage_class: header("cf-r2-storage-class"),
        ..About::default()
    };
    let storage_class = about.storage_class.clone().unwrap_or_else(|| "Standard".to_owned());
    let object = Object::new(call.body().clone(), Arc::new(about), call.at.0);
    let capacity = call.options.object_bytes;
    let put = state.objects.put(&bucket, key, object, &Condition::default(), capacity);
    let object = put.map_err(|fault| match fault {
        Fault::Full { capacity } => ApiError::full(capacity),
        _ => ApiError::storage(),
    })?;
    Ok(Answer::result(&json!({
        "key": key,
        "etag": object.etag,
        "size": object.size().to_string(),
        "storage_class": storage_class,
        "uploaded": timestamp(object.modified),
        "version": format!("{:032x}", fresh_id()),
    })))
}

/// There need be no such object, as with S3.
fn delete(call: &Call, state: &mut State) -> Outcome {
    let (bucket, key) = place(call, state)?;
    state.objects.remove(&bucket, key);
    Ok(Answer::result(&json!({"key": key})))
}

/// The bucket, which exists, and the key.
fn place<'a>(call: &'a Call, state: &State) -> Result<(BucketKey, &'a str), ApiError> {
    let bucket = r2_buckets::named(call)?;
    state.r2_buckets.bucket(&bucket).ok_or_else(r2_buckets::missing)?;
    Ok((bucket, call.parameter("object_key")))
}
