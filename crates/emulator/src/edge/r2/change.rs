//! Writing objects, in one piece or in parts.

use std::sync::Arc;

use axum::body::Bytes;
use flarekeep_policy::BucketKey;
use serde_json::{Value, json};

use super::message::{Message, bad_name, digests, is_key, told, unmet};
use super::{Failure, Outcome, invalid};
use crate::emulator::Inner;
use crate::objects::{Completion, Condition, Fault, Object};
use crate::state::State;

pub(super) async fn put(emulator: &Arc<Inner>, bucket: BucketKey, message: &Message, bytes: Bytes) -> Outcome {
    let key = message.key()?.to_owned();
    let held = digests(message, &bytes)?;
    let object = Object::new(bytes, Arc::new(message.about()?), emulator.now().0);
    let capacity = emulator.options.object_bytes;
    let name = key.clone();
    let only_if = Message::read(json!({"onlyIf": message.member("onlyIf")}).to_string().as_bytes());
    // Nothing changes where the condition does not hold; what is there then is told of.
    let placed = change(emulator, &bucket, move |state, bucket| {
        let there = state.objects.object(bucket, &name).cloned();
        if !only_if.is_none_or(|only_if| only_if.holds(there.as_deref())) {
            return Ok(Err(there));
        }
        state.objects.put(bucket, &name, object, &Condition::default(), capacity).map(Ok)
    })
    .await?;
    let object = placed.map_err(|there| unmet(&key, there.as_deref()))?;
    let mut told = told(&key, &object, (true, true));
    if let Some(checksums) = told.get_mut("checksums").and_then(Value::as_object_mut) {
        checksums.extend(held.into_iter().map(|(number, digest)| (number.to_owned(), digest.into())));
    }
    Ok((told, Bytes::new()))
}

pub(super) async fn delete(emulator: &Arc<Inner>, bucket: BucketKey, message: &Message) -> Outcome {
    /// R2's limit of one call.
    const MOST: usize = 1_000;
    let listed = message.list("objects").iter().filter_map(Value::as_str);
    let keys: Vec<String> = listed.chain(message.text("object")).map(ToOwned::to_owned).collect();
    if !keys.iter().all(|key| is_key(key)) {
        return Err(bad_name());
    }
    if keys.len() > MOST {
        return Err(Failure::new(400, 10029, format!("one call deletes {MOST} keys at most")));
    }
    change(emulator, &bucket, move |state, bucket| {
        let objects = &mut state.objects;
        for key in &keys {
            objects.remove(bucket, key);
        }
        Ok(())
    })
    .await?;
    Ok((Value::Null, Bytes::new()))
}

pub(super) async fn create(emulator: &Arc<Inner>, bucket: BucketKey, message: &Message) -> Outcome {
    let (key, about) = (message.key()?.to_owned(), message.about()?);
    let (at, capacity) = (emulator.now().0, emulator.options.object_bytes);
    let id =
        change(emulator, &bucket, move |state, bucket| state.objects.begin(bucket, &key, (about, None), at, capacity))
            .await?;
    Ok((json!({"uploadId": id}), Bytes::new()))
}

pub(super) async fn part(emulator: &Arc<Inner>, bucket: BucketKey, message: &Message, bytes: Bytes) -> Outcome {
    let (key, id) = (message.key()?.to_owned(), upload(message)?);
    let number = message.number("partNumber").and_then(|number| i32::try_from(number).ok());
    let number = number.filter(|number| (1..=10_000).contains(number)).ok_or_else(invalid)?;
    let part = Object::new(bytes, Arc::default(), emulator.now().0);
    let (tag, capacity) = (part.etag.clone(), emulator.options.object_bytes);
    change(emulator, &bucket, move |state, bucket| {
        state.objects.living(bucket, &key, &id, part.modified)?;
        state.objects.add_part(bucket, (&key, &id), number, part, capacity)
    })
    .await?;
    Ok((json!({"etag": tag}), Bytes::new()))
}

pub(super) async fn complete(emulator: &Arc<Inner>, bucket: BucketKey, message: &Message) -> Outcome {
    let (key, id) = (message.key()?.to_owned(), upload(message)?);
    let listed = message.list("parts").iter();
    let part = |part: &Value| {
        let number = part.get("part").and_then(Value::as_i64).and_then(|number| i32::try_from(number).ok())?;
        Some((number, part.get("etag")?.as_str()?.to_owned()))
    };
    let mut parts: Vec<(i32, String)> = listed.map(part).collect::<Option<_>>().ok_or_else(invalid)?;
    // Their order is that of their numbers, however the Worker lists them.
    parts.sort_by_key(|(number, _)| *number);
    let (name, at) = (key.clone(), emulator.now().0);
    let upload = emulator.state().objects.living(&bucket, &name, &id, at)?.clone();
    // All bytes are read and copied: nobody who writes is to wait for that.
    let together = tokio::task::spawn_blocking(move || {
        let completion = Completion { listed: parts, ..Completion::default() };
        upload.together(&completion, at).map(|object| (object, completion.listed))
    });
    let (object, listed) = together.await.map_err(|_| Fault::Storage)??;
    let object = change(emulator, &bucket, move |state, bucket| {
        state.objects.living(bucket, &name, &id, at)?;
        state.objects.complete(bucket, (&name, &id), &listed, object, &Condition::default())
    })
    .await?;
    Ok((told(&key, &object, (true, true)), Bytes::new()))
}

/// Whether R2 refuses to abort an upload that is not there is not documented; here it does not.
pub(super) async fn abort(emulator: &Arc<Inner>, bucket: BucketKey, message: &Message) -> Outcome {
    let (key, id) = (message.key()?.to_owned(), upload(message)?);
    let aborted = change(emulator, &bucket, move |state, bucket| state.objects.abort(bucket, &key, &id));
    match aborted.await {
        Ok(()) | Err(Fault::NoSuchUpload) => Ok((Value::Null, Bytes::new())),
        Err(fault) => Err(fault.into()),
    }
}

fn upload(message: &Message) -> Result<String, Failure> {
    message.text("uploadId").map(ToOwned::to_owned).ok_or_else(invalid)
}

/// Changes the objects of a bucket that exists.
async fn change<T, C>(emulator: &Arc<Inner>, bucket: &BucketKey, change: C) -> Result<T, Fault>
where
    T: Send + 'static,
    C: FnOnce(&mut State, &BucketKey) -> Result<T, Fault> + Send + 'static,
{
    let bucket = bucket.clone();
    let changed = move |state: &mut State| {
        if state.r2_buckets.bucket(&bucket).is_none() {
            return Err(Fault::NoSuchBucket);
        }
        change(state, &bucket)
    };
    emulator.alter(changed).await
}
