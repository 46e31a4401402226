//! Operations on objects.

use std::sync::Arc;

use flarekeep_policy::BucketKey;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETagCondition, GetObjectInput, GetObjectOutput,
    HeadObjectInput, HeadObjectOutput, Metadata, MetadataDirective, PutObjectInput, PutObjectOutput, Range,
    StorageClass, StreamingBlob, Timestamp,
};
use s3s::{Body, S3Request, S3Result, s3_error};

use super::answer::{condition, etag, length, timestamp};
use super::body::read;
use super::buckets::existing;
use super::fault::not_modified;
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::{About, Condition, Fault, Object};

pub(super) async fn get(emulator: &Inner, request: S3Request<GetObjectInput>) -> S3Result<GetObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let object = found(emulator, &visit.bucket(&input.bucket), &input.key)?;
    fresh(&object, input.if_match, input.if_none_match, input.if_unmodified_since, input.if_modified_since)?;
    let part = part_of(&object, input.range)?;
    let HeadObjectOutput {
        accept_ranges,
        cache_control,
        content_disposition,
        content_encoding,
        content_language,
        content_type,
        e_tag,
        last_modified,
        metadata,
        storage_class,
        content_length,
        content_range,
        ..
    } = shown(&object, part.as_ref());
    let bytes = part.map_or_else(|| object.bytes.clone(), |part| object.bytes.slice(part));
    Ok(GetObjectOutput {
        body: Some(StreamingBlob::from(Body::from(bytes))),
        accept_ranges,
        cache_control,
        content_disposition,
        content_encoding,
        content_language,
        content_type,
        e_tag,
        last_modified,
        metadata,
        storage_class,
        content_length,
        content_range,
        ..GetObjectOutput::default()
    })
}

pub(super) async fn head(emulator: &Inner, request: S3Request<HeadObjectInput>) -> S3Result<HeadObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let object = found(emulator, &visit.bucket(&input.bucket), &input.key)?;
    fresh(&object, input.if_match, input.if_none_match, input.if_unmodified_since, input.if_modified_since)?;
    let part = part_of(&object, input.range)?;
    Ok(shown(&object, part.as_ref()))
}

pub(super) async fn put(emulator: &Arc<Inner>, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let (bucket, capacity, at) = (visit.bucket(&input.bucket), emulator.options.object_bytes, emulator.now().0);
    existing(&emulator.state(), &bucket)?;
    let bytes = read(input.body, input.content_md5.as_deref(), capacity).await?;
    let about = About {
        content_type: input.content_type,
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        content_encoding: input.content_encoding.as_deref().and_then(without_chunks),
        content_language: input.content_language,
        storage_class: input.storage_class.map(|class| class.as_str().to_owned()),
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
    };
    let object = Object::new(bytes, Arc::new(about), at);
    let condition = condition(input.if_match, input.if_none_match);
    let put = place(emulator, bucket, input.key, object, condition).await?;
    Ok(PutObjectOutput { e_tag: Some(etag(&put.etag)), ..PutObjectOutput::default() })
}

pub(super) async fn copy(emulator: &Arc<Inner>, request: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let source = source(emulator, &visit, &input.copy_source)?;
    let asked = condition(input.copy_source_if_match, input.copy_source_if_none_match);
    if !asked.holds(Some(&source)) {
        return Err(Fault::PreconditionFailed.into());
    }
    let replace = input.metadata_directive.is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let about = if replace {
        Arc::new(About {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            storage_class: input.storage_class.map(|class| class.as_str().to_owned()),
            metadata: input.metadata.unwrap_or_default().into_iter().collect(),
        })
    } else {
        source.about.clone()
    };
    let object = Object { modified: emulator.now().0, about, ..Object::clone(&source) };
    let bucket = visit.bucket(&input.bucket);
    let put = place(emulator, bucket, input.key, object, Condition::default()).await?;
    let result = CopyObjectResult {
        e_tag: Some(etag(&put.etag)),
        last_modified: Some(timestamp(put.modified)),
        ..CopyObjectResult::default()
    };
    Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
}

pub(super) async fn delete(
    emulator: &Arc<Inner>,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    remove(emulator, visit.bucket(&request.input.bucket), vec![request.input.key]).await?;
    Ok(DeleteObjectOutput::default())
}

pub(super) async fn delete_several(
    emulator: &Arc<Inner>,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    /// The most that one call may name.
    const MOST: usize = 1_000;
    let visit = Visit::in_extensions(&request.extensions)?;
    let delete = request.input.delete;
    let keys: Vec<String> = delete.objects.into_iter().map(|object| object.key).collect();
    if keys.len() > MOST {
        return Err(s3_error!(MalformedXML, "One call deletes {MOST} objects at most."));
    }
    // Amazon answers for each key; that R2 does is not documented.
    let (keys, beyond): (Vec<String>, Vec<String>) =
        keys.into_iter().partition(|key| visit.session().is_none_or(|session| session.claims.reaches_key(key)));
    remove(emulator, visit.bucket(&request.input.bucket), keys.clone()).await?;
    let refused = |key| s3s::dto::Error {
        code: Some("AccessDenied".to_owned()),
        key: Some(key),
        message: Some("Access Denied".to_owned()),
        version_id: None,
    };
    let errors = (!beyond.is_empty()).then(|| beyond.into_iter().map(refused).collect());
    let gone = keys.into_iter().map(|key| DeletedObject { key: Some(key), ..DeletedObject::default() });
    let deleted = (!delete.quiet.unwrap_or(false)).then(|| gone.collect());
    Ok(DeleteObjectsOutput { deleted, errors, ..DeleteObjectsOutput::default() })
}

/// The object that a copy reads; the right to it was decided with the call's own.
pub(super) fn source(emulator: &Inner, visit: &Visit, source: &CopySource) -> S3Result<Arc<Object>> {
    match source {
        CopySource::Bucket { bucket, key, .. } => found(emulator, &visit.bucket(bucket), key),
        CopySource::AccessPoint { .. } | CopySource::Outpost { .. } => {
            Err(s3_error!(InvalidArgument, "R2 has neither access points nor outposts."))
        }
    }
}

/// The encoding without `aws-chunked`, which is of the request alone.
pub(super) fn without_chunks(encoding: &str) -> Option<String> {
    let kept: Vec<&str> = encoding.split(',').map(str::trim).filter(|one| *one != "aws-chunked").collect();
    (!kept.is_empty()).then(|| kept.join(", "))
}

fn found(emulator: &Inner, bucket: &BucketKey, key: &str) -> S3Result<Arc<Object>> {
    let state = emulator.state();
    existing(&state, bucket)?;
    Ok(state.objects.object(bucket, key).cloned().ok_or(Fault::NoSuchKey)?)
}

async fn place(
    emulator: &Arc<Inner>,
    bucket: BucketKey,
    key: String,
    object: Object,
    condition: Condition,
) -> Result<Arc<Object>, Fault> {
    let capacity = emulator.options.object_bytes;
    let put = move |state: &mut crate::state::State| {
        existing(state, &bucket)?;
        state.objects.put(&bucket, &key, object, &condition, capacity)
    };
    emulator.alter(put).await
}

async fn remove(emulator: &Arc<Inner>, bucket: BucketKey, keys: Vec<String>) -> Result<(), Fault> {
    let remove = move |state: &mut crate::state::State| {
        existing(state, &bucket)?;
        let objects = &mut state.objects;
        for key in &keys {
            objects.remove(&bucket, key);
        }
        Ok(())
    };
    emulator.alter(remove).await
}

/// Whether the caller wants the object as it is: the conditions in the order of RFC 9110, section 13.2.2.
fn fresh(
    object: &Object,
    matches: Option<ETagCondition>,
    differs: Option<ETagCondition>,
    unmodified: Option<Timestamp>,
    modified: Option<Timestamp>,
) -> S3Result<()> {
    let at = timestamp(object.modified);
    let by_tag = (matches.is_some(), differs.is_some());
    if !condition(matches, None).holds(Some(object)) || !by_tag.0 && unmodified.is_some_and(|limit| at > limit) {
        return Err(Fault::PreconditionFailed.into());
    }
    if !condition(None, differs).holds(Some(object)) || !by_tag.1 && modified.is_some_and(|limit| at <= limit) {
        return Err(not_modified());
    }
    Ok(())
}

/// The part that a range names.
fn part_of(object: &Object, range: Option<Range>) -> S3Result<Option<std::ops::Range<usize>>> {
    let Some(range) = range else { return Ok(None) };
    let part = range.check(object.size()).map_err(|_| s3_error!(InvalidRange, "The range is not in the object."))?;
    // The ends are within the object, whose length is a usize.
    Ok(Some(usize::try_from(part.start).unwrap_or_default()..usize::try_from(part.end).unwrap_or_default()))
}

fn shown(object: &Object, part: Option<&std::ops::Range<usize>>) -> HeadObjectOutput {
    let about = &*object.about;
    let metadata: Metadata = about.metadata.clone().into_iter().collect();
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: about.cache_control.clone(),
        content_disposition: about.content_disposition.clone(),
        content_encoding: about.content_encoding.clone(),
        content_language: about.content_language.clone(),
        content_type: about.content_type.clone(),
        content_length: Some(length(part.map_or(object.size(), |part| part.len() as u64))),
        content_range: part.map(|part| format!("bytes {}-{}/{}", part.start, part.end - 1, object.size())),
        e_tag: Some(etag(&object.etag)),
        last_modified: Some(timestamp(object.modified)),
        metadata: (!metadata.is_empty()).then_some(metadata),
        storage_class: about.storage_class.clone().map(StorageClass::from),
        ..HeadObjectOutput::default()
    }
}
