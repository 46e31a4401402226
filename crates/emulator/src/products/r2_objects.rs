//! The objects of R2 buckets through the REST API. They are those of R2's S3 face ([`crate::s3`]).

use std::sync::Arc;

use axum::http::StatusCode;
use flarekeep_policy::BucketKey;
use serde_json::{Map, Value, json};

use super::{Handler, r2_buckets, timestamp};
use crate::credential::{fresh_id, hash, hex};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::objects::{About, After, Condition, Entry, Fault, Listing, Object, Query, Tags, list as page_of};
use crate::state::State;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/objects", Handler::Read(list)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}/objects", Handler::Write(delete_several)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}", Handler::Read(get)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}", Handler::Write(put)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}/objects/{object_key}", Handler::Write(delete)),
];

/// The most bytes of a key.
const LONGEST_KEY: usize = 1_024;
/// The most keys that one call deletes; Cloudflare's is not documented, this is S3's.
const MOST_DELETED: usize = 1_000;

fn list(call: &Call, state: &State) -> Outcome {
    let bucket = r2_buckets::named(call)?;
    let held = state.r2_buckets.bucket(&bucket).ok_or_else(r2_buckets::missing)?;
    let text = |name| call.query(name).unwrap_or_default();
    let (prefix, delimiter, start, cursor) = (text("prefix"), text("delimiter"), text("start_after"), text("cursor"));
    let after = match cursor.split_at_checked(1) {
        None => Some(After::Key(start.as_str())).filter(|_| !start.is_empty()),
        Some(("k", key)) => Some(After::Key(key)),
        Some(("p", prefix)) => Some(After::Prefix(prefix)),
        // Which error Cloudflare gives is not documented.
        Some(_) => return Err(ApiError::new(400, 10022, "The cursor provided is not valid.")),
    };
    let per_page = call.page(20, 1, 1_000).per_page;
    let query = Query { prefix: &prefix, delimiter: &delimiter, after, most: per_page };
    let contents = state.objects.contents(&bucket);
    let listing = contents.map_or_else(Listing::default, |held| page_of(&held.objects, query));
    let cursor = match listing.entries.last().filter(|_| listing.more).map(Entry::after) {
        None => String::new(),
        Some(After::Key(key)) => format!("k{key}"),
        Some(After::Prefix(prefix)) => format!("p{prefix}"),
    };
    let (mut objects, mut delimited) = (Vec::new(), Vec::new());
    for entry in &listing.entries {
        match entry {
            Entry::Prefix(prefix) => delimited.push(*prefix),
            Entry::Object(key, object) => objects.push(shown(key, object, &held.storage_class)),
        }
    }
    let info = json!({
        "cursor": cursor,
        "is_truncated": listing.more,
        "per_page": per_page,
        "delimited": delimited,
    });
    Ok(Answer::listed(&objects.into(), &info))
}

/// The bytes as they are, with no envelope.
fn get(call: &Call, state: &State) -> Outcome {
    let (bucket, key) = place(call, state)?;
    let missing = || ApiError::new(404, 10007, "The specified key does not exist.");
    let object = state.objects.object(&bucket, key).ok_or_else(missing)?;
    let date = |text| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_second());
    let condition = Condition {
        differs: call.header("if-none-match").map(Tags::read),
        modified_since: call.header("if-modified-since").and_then(date),
        ..Condition::default()
    };
    let about = &object.about;
    let content_type = about.content_type.as_deref().unwrap_or("application/octet-stream");
    let fresh = condition.is_news(Some(object));
    let bytes = if fresh { object.bytes.clone() } else { axum::body::Bytes::new() };
    let mut answer = Answer::raw(bytes, content_type).header("etag", &format!("\"{}\"", object.etag));
    if !fresh {
        answer.status = StatusCode::NOT_MODIFIED;
    }
    for (name, value) in [
        ("cache-control", &about.cache_control),
        ("content-disposition", &about.content_disposition),
        ("content-encoding", &about.content_encoding),
        ("content-language", &about.content_language),
        ("expires", &about.expires),
    ] {
        if let Some(value) = value {
            answer = answer.header(name, value);
        }
    }
    Ok(answer.header("last-modified", &http_date(object.modified)))
}

fn put(call: &Call, state: &mut State) -> Outcome {
    let (bucket, key) = place(call, state)?;
    if key.len() > LONGEST_KEY {
        return Err(ApiError::new(400, 10029, "The specified key is too long."));
    }
    let header = |name| call.header(name).filter(|value| !value.is_empty()).map(ToOwned::to_owned);
    let about = About {
        content_type: header("content-type"),
        cache_control: header("cache-control"),
        content_disposition: header("content-disposition"),
        content_encoding: header("content-encoding"),
        content_language: header("content-language"),
        expires: header("expires"),
        storage_class: header("cf-r2-storage-class"),
        ..About::default()
    };
    let class = about.storage_class.clone();
    if class.as_deref().is_some_and(|class| !r2_buckets::is_class(class)) {
        return Err(r2_buckets::bad_class());
    }
    let usual = state.r2_buckets.bucket(&bucket).map(|bucket| bucket.storage_class.clone());
    let object = Object::new(call.body().clone(), Arc::new(about), call.at.0);
    let capacity = call.options.object_bytes;
    if call.options.object_write_limit
        && state.objects.object(&bucket, key).is_some_and(|there| there.modified == call.at.0)
    {
        return Err(ApiError::new(429, 10058, "Reduce your concurrent request rate for the same object."));
    }
    let put = state.objects.put(&bucket, key, object, &Condition::default(), capacity);
    let object = put.map_err(|fault| match fault {
        Fault::Full { capacity } => ApiError::full(capacity),
        _ => ApiError::storage(),
    })?;
    Ok(Answer::result(&json!({
        "key": key,
        "etag": object.etag,
        "size": object.size().to_string(),
        "storage_class": class.or(usual),
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

/// The keys that the body lists; or, with a prefix in the query and no body, all with it, by a job that has ended when it
/// is answered.
fn delete_several(call: &Call, state: &mut State) -> Outcome {
    let (bucket, _) = place(call, state)?;
    let Some(prefix) = call.query("prefix").filter(|_| call.body().is_empty()) else {
        let keys: Vec<String> = call.json().and_then(|keys| serde_json::from_value(keys).ok()).unwrap_or_default();
        if keys.is_empty() || keys.len() > MOST_DELETED {
            return Err(super::r2_settings::malformed());
        }
        let objects = &mut state.objects;
        keys.iter().for_each(|key| objects.remove(&bucket, key));
        let gone: Vec<Value> = keys.iter().map(|key| json!({"key": key})).collect();
        return Ok(Answer::result(&gone.into()));
    };
    let query = Query { prefix: &prefix, delimiter: "", after: None, most: usize::MAX };
    let contents = state.objects.contents(&bucket);
    let keys: Vec<String> = contents.map_or_else(Vec::new, |held| {
        let name = |entry: &Entry| match entry {
            Entry::Object(key, _) | Entry::Prefix(key) => (*key).to_owned(),
        };
        page_of(&held.objects, query).entries.iter().map(name).collect()
    });
    let objects = &mut state.objects;
    keys.iter().for_each(|key| objects.remove(&bucket, key));
    let at = timestamp(call.at.0);
    let id: String = hex(&hash(format!("{bucket}{prefix}{at}").as_bytes())).chars().take(32).collect();
    Ok(Answer::result(&json!({
        "id": id,
        "jobType": "prefixDelete",
        "status": "COMPLETED",
        "startTime": at,
        "endTime": at,
        "prefixDelete": {
            "prefix": prefix,
            "deletedObjects": keys.len(),
            "isBucketClear": state.objects.is_empty(&bucket),
        },
    })))
}

/// The bucket, which exists, and the key.
fn place<'a>(call: &'a Call, state: &State) -> Result<(BucketKey, &'a str), ApiError> {
    let bucket = r2_buckets::named(call)?;
    state.r2_buckets.bucket(&bucket).ok_or_else(r2_buckets::missing)?;
    Ok((bucket, call.parameter("object_key")))
}

fn shown(key: &str, object: &Object, class: &str) -> Value {
    let about = &object.about;
    let mut http = Map::new();
    for (name, value) in [
        ("contentType", &about.content_type),
        ("cacheControl", &about.cache_control),
        ("contentDisposition", &about.content_disposition),
        ("contentEncoding", &about.content_encoding),
        ("contentLanguage", &about.content_language),
    ] {
        if let Some(value) = value {
            http.insert(name.to_owned(), json!(value));
        }
    }
    let expiry = about.expires.as_deref().and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    if let Some(expiry) = expiry {
        http.insert("cacheExpiry".to_owned(), json!(expiry.timestamp().to_string()));
    }
    json!({
        "key": key,
        "size": object.size(),
        "etag": object.etag,
        "last_modified": timestamp(object.modified),
        "http_metadata": http,
        "custom_metadata": about.metadata,
        "storage_class": about.storage_class.as_deref().unwrap_or(class),
        "ssec": false,
    })
}

/// `Sun, 22 Nov 2026 05:45:00 GMT`.
fn http_date(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
