//! Reading objects.

use axum::body::Bytes;
use flarekeep_policy::BucketKey;

use super::message::{Message, told_with, unmet};
use super::{Failure, Outcome};
use crate::objects::{Fault, Object};
use crate::state::State;

pub(super) fn head(state: &State, bucket: &BucketKey, message: &Message) -> Outcome {
    let key = message.key()?;
    Ok((told_with(key, found(state, bucket, key)?, None), Bytes::new()))
}

pub(super) fn get(state: &State, bucket: &BucketKey, message: &Message) -> Outcome {
    let key = message.key()?;
    let object = found(state, bucket, key)?;
    if !message.holds(Some(object)) {
        return Err(unmet(key, Some(object)));
    }
    let range = message.range(object.size())?;
    let bytes = match range {
        None => object.bytes.clone(),
        Some((offset, length)) => {
            // Both lie within the object, whose length is a usize.
            let at = |number: u64| usize::try_from(number).unwrap_or_default();
            object.bytes.slice(at(offset)..at(offset + length))
        }
    };
    Ok((told_with(key, object, range), bytes))
}

fn found<'a>(state: &'a State, bucket: &BucketKey, key: &str) -> Result<&'a Object, Failure> {
    Ok(state.objects.object(bucket, key).map(AsRef::as_ref).ok_or(Fault::NoSuchKey)?)
}
