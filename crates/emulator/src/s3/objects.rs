//! Operations on objects.

use std::sync::Arc;

use axum::http::header::EXPIRES;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use flarekeep_policy::BucketKey;
use s3s::dto::{
    CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput, DeleteObjectOutput,
    DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject,
    GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, Metadata, MetadataDirective, PutObjectInput,
    PutObjectOutput, Range, StorageClass, StreamingBlob, Timestamp, TimestampFormat,
};
use s3s::{Body, S3Request, S3Result, s3_error};

use super::answer::{condition, etag, kept_class, length, storage_class, timestamp};
use super::body::read;
use super::buckets::{existing, provided};
use super::fault::{coded, not_modified};
use super::sums;
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::{About, Condition, Fault, Object};

pub(super) async fn get(emulator: &Inner, request: S3Request<GetObjectInput>) -> S3Result<GetObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bucket = visit.bucket(&input.bucket);
    let object = found(emulator, &bucket, &input.key)?;
    fresh(&object, &condition(&request.headers, ""))?;
    let part = Piece::of(&object, input.range, input.part_number)?;
    let HeadObjectOutput {
        accept_ranges,
        cache_control,
        content_disposition,
        content_encoding,
        content_language,
        content_type,
        expires,
        e_tag,
        last_modified,
        metadata,
        missing_meta,
        storage_class,
        content_length,
        content_range,
        parts_count,
        ..
    } = shown(emulator, &bucket, &object, &part);
    let mut output = GetObjectOutput {
        body: Some(StreamingBlob::from(Body::from(object.bytes.slice(part.range.clone())))),
        accept_ranges,
        // What a link's query asks for goes before what the object says.
        cache_control: input.response_cache_control.or(cache_control),
        content_disposition: input.response_content_disposition.or(content_disposition),
        content_encoding: input.response_content_encoding.or(content_encoding),
        content_language: input.response_content_language.or(content_language),
        content_type: input.response_content_type.or(content_type),
        expires: input.response_expires.or(expires),
        e_tag,
        last_modified,
        metadata,
        missing_meta,
        storage_class,
        content_length,
        content_range,
        parts_count,
        ..GetObjectOutput::default()
    };
    let checksum = sums::asked(&object, input.checksum_mode.as_ref(), part.is_whole(&object));
    sums::tell!(output, checksum);
    output.checksum_type = checksum.map(sums::shape);
    Ok(output)
}

pub(super) async fn head(emulator: &Inner, request: S3Request<HeadObjectInput>) -> S3Result<HeadObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bucket = visit.bucket(&input.bucket);
    let object = found(emulator, &bucket, &input.key)?;
    fresh(&object, &condition(&request.headers, ""))?;
    let part = Piece::of(&object, input.range, input.part_number)?;
    let mut output = shown(emulator, &bucket, &object, &part);
    let checksum = sums::asked(&object, input.checksum_mode.as_ref(), part.is_whole(&object));
    sums::tell!(output, checksum);
    output.checksum_type = checksum.map(sums::shape);
    Ok(output)
}

pub(super) async fn put(emulator: &Arc<Inner>, request: S3Request<PutObjectInput>) -> S3Result<PutObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let (input, headers) = (request.input, request.headers);
    let (bucket, at) = (visit.bucket(&input.bucket), emulator.now().0);
    let freed = {
        let state = emulator.state();
        if !visit.makes_bucket() {
            existing(&state, &bucket)?;
        }
        state.objects.weight(&bucket, &input.key)
    };
    let (bytes, _taken) = read(input.body, input.content_md5.as_deref(), emulator, &headers, freed).await?;
    let checksum = sums::verified(sums::sent(&headers, request.trailing_headers.as_ref())?, &bytes)?;
    let about = About {
        content_type: input.content_type,
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        content_encoding: input.content_encoding.as_deref().and_then(without_chunks),
        content_language: input.content_language,
        expires: expires(&headers),
        storage_class: kept_class(input.storage_class),
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
    };
    let object = Object { checksum, ..Object::new(bytes, Arc::new(about), at) };
    let condition = condition(&headers, "");
    let put = place(emulator, &visit, (bucket, input.key), object, condition).await?;
    let mut output = PutObjectOutput { e_tag: Some(etag(&put.etag)), ..PutObjectOutput::default() };
    sums::tell!(output, &put.checksum);
    output.checksum_type = put.checksum.as_ref().map(sums::shape);
    Ok(output)
}

pub(super) async fn copy(emulator: &Arc<Inner>, request: S3Request<CopyObjectInput>) -> S3Result<CopyObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let (input, headers) = (request.input, request.headers);
    let source = source(emulator, &visit, &input.copy_source)?;
    if !condition(&headers, "x-amz-copy-source-").holds(Some(&source)) {
        return Err(Fault::PreconditionFailed.into());
    }
    let told = About {
        content_type: input.content_type,
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        content_encoding: input.content_encoding,
        content_language: input.content_language,
        expires: expires(&headers),
        storage_class: kept_class(input.storage_class),
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
    };
    let about = match input.metadata_directive.as_ref().map(MetadataDirective::as_str) {
        Some(MetadataDirective::REPLACE) => Arc::new(told),
        // R2's own: what the call says goes before what the source has (r2/api/s3/extensions).
        Some("MERGE") => Arc::new(told.over(&source.about)),
        _ if told.storage_class.is_some() => {
            Arc::new(About { storage_class: told.storage_class, ..About::clone(&source.about) })
        }
        _ => source.about.clone(),
    };
    let kind = sums::kind(input.checksum_algorithm.as_ref().map(s3s::dto::ChecksumAlgorithm::as_str))?;
    let checksum = kind.map(|kind| kind.of(&source.bytes)).or_else(|| source.checksum.clone());
    let object = Object { modified: emulator.now().0, about, checksum, ..Object::clone(&source) };
    let condition = condition(&headers, "cf-copy-destination-");
    let put = place(emulator, &visit, (visit.bucket(&input.bucket), input.key), object, condition).await?;
    let mut result = CopyObjectResult {
        e_tag: Some(etag(&put.etag)),
        last_modified: Some(timestamp(put.modified)),
        ..CopyObjectResult::default()
    };
    sums::tell!(result, &put.checksum);
    Ok(CopyObjectOutput { copy_object_result: Some(result), ..CopyObjectOutput::default() })
}

pub(super) async fn delete(
    emulator: &Arc<Inner>,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    remove(emulator, &visit, &request.input.bucket, vec![request.input.key]).await?;
    Ok(DeleteObjectOutput::default())
}

/// R2 passes the parameter over that makes this another operation at Amazon.
pub(super) async fn delete_tagging(
    emulator: &Arc<Inner>,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<DeleteObjectTaggingOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    remove(emulator, &visit, &request.input.bucket, vec![request.input.key]).await?;
    Ok(DeleteObjectTaggingOutput::default())
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
    if keys.is_empty() || keys.len() > MOST {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well formed or did not validate against our published schema."
        ));
    }
    // Amazon answers for each key; that R2 does is not documented.
    let (keys, beyond): (Vec<String>, Vec<String>) =
        keys.into_iter().partition(|key| visit.session().is_none_or(|session| session.claims.reaches_key(key)));
    remove(emulator, &visit, &request.input.bucket, keys.clone()).await?;
    let refused = |key| s3s::dto::Error {
        code: Some("AccessDenied".to_owned()),
        key: Some(key),
        message: Some("Access Denied".to_owned()),
        version_id: None,
    };
    let errors = (!beyond.is_empty()).then(|| beyond.into_iter().map(refused).collect());
    let gone = keys.into_iter().map(|key| DeletedObject { key: Some(key), ..DeletedObject::default() });
    // R2 reads `Quiet` and passes it over.
    let deleted = Some(gone.collect());
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
    visit: &Visit,
    (bucket, key): (BucketKey, String),
    object: Object,
    condition: Condition,
) -> S3Result<Arc<Object>> {
    let makes_bucket = visit.makes_bucket();
    let (capacity, limited) = (emulator.options.object_bytes, emulator.options.object_write_limit);
    let put = move |state: &mut crate::state::State| {
        provided(state, &bucket, makes_bucket, object.modified)?;
        let there = state.objects.object(&bucket, &key);
        if limited && there.is_some_and(|there| there.modified == object.modified) {
            return Err(Fault::TooManyRequests);
        }
        state.objects.put(&bucket, &key, object, &condition, capacity)
    };
    visit.write(emulator, put).await
}

async fn remove(emulator: &Arc<Inner>, visit: &Visit, bucket: &str, keys: Vec<String>) -> S3Result<()> {
    let bucket = visit.bucket(bucket);
    let remove = move |state: &mut crate::state::State| {
        existing(state, &bucket)?;
        let objects = &mut state.objects;
        for key in &keys {
            objects.remove(&bucket, key);
        }
        Ok(())
    };
    visit.write(emulator, remove).await
}

/// The header `Expires` as it came; s3s reads dates alone.
pub(super) fn expires(headers: &HeaderMap) -> Option<String> {
    Some(headers.get(EXPIRES)?.to_str().ok()?.to_owned())
}

/// Whether the caller wants the object as it is.
fn fresh(object: &Object, condition: &Condition) -> S3Result<()> {
    if !condition.admits(Some(object)) {
        return Err(Fault::PreconditionFailed.into());
    }
    if !condition.is_news(Some(object)) {
        return Err(not_modified(&object.etag));
    }
    Ok(())
}

/// What of an object is asked for.
struct Piece {
    range: std::ops::Range<usize>,
    /// Whether it was asked for as a piece.
    named: bool,
    /// How many parts the object has, where one of them was asked for.
    parts: Option<usize>,
}

impl Piece {
    fn of(object: &Object, range: Option<Range>, number: Option<i32>) -> S3Result<Self> {
        let outside = || s3_error!(InvalidRange, "The requested range is not satisfiable");
        let size = object.bytes.len();
        match (range, number) {
            (None, None) => Ok(Self { range: 0..size, named: false, parts: None }),
            (Some(_), Some(_)) => {
                Err(s3_error!(InvalidRequest, "Cannot specify both Range header and partNumber query parameter"))
            }
            (Some(range), None) => {
                let part = range.check(object.size()).map_err(|_| outside())?;
                // The ends are within the object, whose length is a usize.
                let end = |at: u64| usize::try_from(at).unwrap_or(size);
                Ok(Self { range: end(part.start)..end(part.end), named: true, parts: None })
            }
            (None, Some(number)) => {
                let missing = || coded(416, "InvalidPartNumber", "The requested partnumber is not satisfiable");
                let index =
                    usize::try_from(number).ok().and_then(|number| number.checked_sub(1)).ok_or_else(missing)?;
                if object.parts.is_empty() {
                    // One piece is one part.
                    return if index == 0 {
                        Ok(Self { range: 0..size, named: size > 0, parts: None })
                    } else {
                        Err(missing())
                    };
                }
                let length = |lengths: &[u64]| usize::try_from(lengths.iter().sum::<u64>()).unwrap_or(size);
                let before = object.parts.get(..index).ok_or_else(missing)?;
                let own = object.parts.get(index..=index).ok_or_else(missing)?;
                let start = length(before);
                Ok(Self { range: start..start + length(own), named: true, parts: Some(object.parts.len()) })
            }
        }
    }

    fn is_whole(&self, object: &Object) -> bool {
        self.range.len() == object.bytes.len()
    }
}

fn shown(emulator: &Inner, bucket: &BucketKey, object: &Object, part: &Piece) -> HeadObjectOutput {
    let about = &*object.about;
    let metadata: Metadata = about.metadata.clone().into_iter().filter(|(name, _)| is_header(name)).collect();
    let missing = about.metadata.len().saturating_sub(metadata.len());
    let header = |value: &Option<String>| value.clone().filter(|value| HeaderValue::from_str(value).is_ok());
    let range = &part.range;
    let state = emulator.state();
    let default = state.r2_buckets.bucket(bucket).map_or("", |bucket| bucket.storage_class.as_str());
    HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        cache_control: header(&about.cache_control),
        content_disposition: header(&about.content_disposition),
        content_encoding: header(&about.content_encoding),
        content_language: header(&about.content_language),
        content_type: header(&about.content_type),
        content_length: Some(length(range.len() as u64)),
        content_range: part.named.then(|| format!("bytes {}-{}/{}", range.start, range.end.max(1) - 1, object.size())),
        e_tag: Some(etag(&object.etag)),
        expires: about.expires.as_deref().and_then(|text| Timestamp::parse(TimestampFormat::HttpDate, text).ok()),
        last_modified: Some(timestamp(object.modified)),
        metadata: (!metadata.is_empty()).then_some(metadata),
        missing_meta: i32::try_from(missing).ok().filter(|missing| *missing > 0),
        parts_count: part.parts.and_then(|parts| i32::try_from(parts).ok()),
        // Amazon's clients take none for the usual one.
        storage_class: Some(storage_class(about, default))
            .filter(|class| *class != "STANDARD")
            .map(StorageClass::from_static),
        ..HeadObjectOutput::default()
    }
}

/// Whether a header can have the name of a metadata's entry: a Worker may call it as it likes. s3s encodes values as RFC
/// 2047 has it, as R2 does; an entry without a header is left out, and counted (r2/api/s3/extensions).
fn is_header(name: &str) -> bool {
    !name.is_empty() && HeaderName::from_bytes(format!("x-amz-meta-{name}").as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use axum::body::Bytes;

    use super::*;
    use crate::{Emulator, Options, World};

    /// A Worker stores any text; what no header can carry once made every GET fail.
    #[test]
    fn what_no_header_can_carry_is_left_out_and_counted() {
        let emulator = Emulator::new(World::default(), Options::default());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let about = About {
            content_type: Some("text/plain\nx".to_owned()),
            cache_control: Some("no-store".to_owned()),
            metadata: [pair("plain", "a\nb"), pair("two words", "1"), pair("\u{e9}", "2"), pair("", "3")].into(),
            ..About::default()
        };
        let object = Object::new(Bytes::from_static(b"1"), Arc::new(about), 0);
        let bucket = "0123456789abcdef0123456789abcdef_default_site".parse().unwrap();
        let piece = Piece::of(&object, None, None).unwrap();
        let told = shown(emulator.inner(), &bucket, &object, &piece);
        assert_eq!((told.content_type, told.cache_control.as_deref()), (None, Some("no-store")));
        assert_eq!((told.metadata.unwrap().len(), told.missing_meta), (1, Some(3)));
    }
}
