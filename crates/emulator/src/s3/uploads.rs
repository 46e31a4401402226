//! Uploads in parts.

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, ChecksumType, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput,
    EncodingType, Initiator, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput,
    MultipartUpload, Part, UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::answer::{condition, etag, kept_class, length, shown, timestamp};
use super::body::read;
use super::buckets::{existing, owner, provided};
use super::objects::{expires, source, without_chunks};
use super::sums;
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::{About, Checksum, Completion, Fault, Kind, Object, Parts};
use crate::state::State;

pub(super) async fn create(
    emulator: &Arc<Inner>,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let (input, headers) = (request.input, request.headers);
    let kind = sums::kind(input.checksum_algorithm.as_ref().map(s3s::dto::ChecksumAlgorithm::as_str))?;
    let whole = input.checksum_type.as_ref().is_some_and(|shape| shape.as_str() == ChecksumType::FULL_OBJECT);
    if let Some(kind) = kind.filter(|kind| whole && *kind != Kind::Crc64Nvme) {
        return Err(s3_error!(NotImplemented, "Checksum type FULL_OBJECT with {} not implemented", kind.name()));
    }
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
    let (bucket, key, at) = (visit.bucket(&input.bucket), input.key.clone(), emulator.now().0);
    let capacity = emulator.options.object_bytes;
    let wanted = visit.makes_bucket();
    let begin = move |state: &mut State| {
        provided(state, &bucket, wanted, at)?;
        state.objects.begin(&bucket, &key, (about, kind), at, capacity)
    };
    let id = visit.write(emulator, begin).await?;
    Ok(CreateMultipartUploadOutput {
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        ..CreateMultipartUploadOutput::default()
    })
}

pub(super) async fn part(emulator: &Arc<Inner>, request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let at = emulator.now().0;
    let freed = {
        let (state, bucket) = (emulator.state(), visit.bucket(&input.bucket));
        existing(&state, &bucket)?;
        let upload = state.objects.living(&bucket, &input.key, &input.upload_id, at)?;
        upload.parts.get(&input.part_number).map_or(0, |part| part.size())
    };
    let md5 = input.content_md5.as_deref();
    let (bytes, _taken) = read(input.body, md5, emulator, &request.headers, freed).await?;
    let checksum = sums::verified(sums::sent(&request.headers, request.trailing_headers.as_ref())?, &bytes)?;
    let part = Object { checksum: checksum.clone(), ..Object::new(bytes, Arc::default(), emulator.now().0) };
    let mut output = UploadPartOutput { e_tag: Some(etag(&part.etag)), ..UploadPartOutput::default() };
    sums::tell!(output, &checksum);
    add(emulator, &visit, (input.bucket, input.key, input.upload_id), input.part_number, part).await?;
    Ok(output)
}

pub(super) async fn part_from_copy(
    emulator: &Arc<Inner>,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let source = source(emulator, &visit, &input.copy_source)?;
    if !condition(&request.headers, "x-amz-copy-source-").holds(Some(&source)) {
        return Err(Fault::PreconditionFailed.into());
    }
    let bytes = match input.copy_source_range {
        None => source.bytes.clone(),
        Some(range) => source.bytes.slice(copied(&range, source.bytes.len())?),
    };
    let part = Object::new(bytes, Arc::default(), emulator.now().0);
    let result = CopyPartResult {
        e_tag: Some(etag(&part.etag)),
        last_modified: Some(timestamp(part.modified)),
        ..CopyPartResult::default()
    };
    add(emulator, &visit, (input.bucket, input.key, input.upload_id), input.part_number, part).await?;
    Ok(UploadPartCopyOutput { copy_part_result: Some(result), ..UploadPartCopyOutput::default() })
}

pub(super) async fn complete(
    emulator: &Arc<Inner>,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let mut completion = Completion { checksum: sums::sent(&request.headers, None)?, ..Completion::default() };
    for part in input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default() {
        let number = part.part_number.unwrap_or_default();
        completion.listed.push((number, part.e_tag.map(s3s::dto::ETag::into_value).unwrap_or_default()));
        let sums = [
            (Kind::Crc32, part.checksum_crc32),
            (Kind::Crc32c, part.checksum_crc32c),
            (Kind::Crc64Nvme, part.checksum_crc64nvme),
            (Kind::Sha1, part.checksum_sha1),
            (Kind::Sha256, part.checksum_sha256),
        ];
        let sums = sums.into_iter().filter_map(|(kind, value)| Some(Checksum { kind, value: value? }));
        completion.sums.extend(sums.map(|sum| (number, sum)));
    }
    if completion.listed.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "The XML you provided was not well formed or did not validate against our published schema."
        ));
    }
    let (bucket, key, id, at) = (visit.bucket(&input.bucket), input.key.clone(), input.upload_id, emulator.now().0);
    let condition = condition(&request.headers, "");
    existing(&emulator.state(), &bucket)?;
    let upload = emulator.state().objects.living(&bucket, &key, &id, at)?.clone();
    // All bytes are read and copied: nobody who writes is to wait for that.
    let together = tokio::task::spawn_blocking(move || {
        let object = upload.together(&completion, at);
        object.map(|object| (object, completion.listed))
    });
    let (object, listed) = together.await.map_err(|_| Fault::Storage)??;
    let complete = move |state: &mut State| -> Result<_, Fault> {
        existing(state, &bucket)?;
        state.objects.living(&bucket, &key, &id, at)?;
        state.objects.complete(&bucket, (&key, &id), &listed, object, &condition)
    };
    let object = visit.write(emulator, complete).await?;
    let mut output = CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, encoded(&input.key))),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(etag(&object.etag)),
        ..CompleteMultipartUploadOutput::default()
    };
    sums::tell!(output, &object.checksum);
    output.checksum_type = object.checksum.as_ref().map(sums::shape);
    Ok(output)
}

pub(super) async fn abort(
    emulator: &Arc<Inner>,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bucket = visit.bucket(&input.bucket);
    let abort = move |state: &mut State| {
        existing(state, &bucket)?;
        state.objects.abort(&bucket, &input.key, &input.upload_id)
    };
    visit.write(emulator, abort).await?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn parts(emulator: &Inner, request: S3Request<ListPartsInput>) -> S3Result<ListPartsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bucket = visit.bucket(&input.bucket);
    let state = emulator.state();
    existing(&state, &bucket)?;
    let upload = state.objects.living(&bucket, &input.key, &input.upload_id, emulator.now().0)?;
    let parts: &Parts = &upload.parts;
    let most = usize::try_from(input.max_parts.unwrap_or(1_000).clamp(0, 1_000)).unwrap_or_default();
    let from = input.part_number_marker.unwrap_or_default().saturating_add(1);
    let listed: Vec<Part> = parts
        .range(from..)
        .take(most)
        .map(|(number, part)| Part {
            part_number: Some(*number),
            e_tag: Some(etag(&part.etag)),
            size: Some(length(part.size())),
            last_modified: Some(timestamp(part.modified)),
            ..Part::default()
        })
        .collect();
    let more = parts.range(from..).count() > listed.len();
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(more),
        max_parts: Some(i32::try_from(most).unwrap_or(i32::MAX)),
        next_part_number_marker: listed.last().and_then(|part| part.part_number).filter(|_| more),
        part_number_marker: input.part_number_marker,
        parts: Some(listed),
        ..ListPartsOutput::default()
    })
}

/// The unfinished uploads of a bucket by key and id; delimiters are passed over.
pub(super) async fn list(
    emulator: &Inner,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bucket = visit.bucket(&input.bucket);
    let (state, now) = (emulator.state(), emulator.now().0);
    existing(&state, &bucket)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let after = (input.key_marker.clone().unwrap_or_default(), input.upload_id_marker.clone());
    let behind = |key: &str, id: &str| match &after {
        (marker, Some(upload)) => (key, id) > (marker.as_str(), upload.as_str()),
        (marker, None) => marker.is_empty() || key > marker.as_str(),
    };
    let held = state.objects.contents(&bucket).map(|contents| &contents.uploads);
    let mut all: Vec<(&str, &str, i64)> = held
        .into_iter()
        .flatten()
        .filter(|(_, upload)| !upload.is_over(now))
        .map(|(id, upload)| (upload.key(), id.as_str(), upload.initiated()))
        .filter(|(key, id, _)| key.starts_with(&prefix) && behind(key, id))
        .collect();
    all.sort_unstable();
    let most = input.max_uploads.unwrap_or(1_000).clamp(0, 1_000);
    let more = all.len() > usize::try_from(most).unwrap_or_default();
    all.truncate(usize::try_from(most).unwrap_or_default());
    let encoding = input.encoding_type.as_ref();
    let last = all.last().filter(|_| more);
    let (next_key, next_id) = (last.map(|last| shown(last.0, encoding)), last.map(|last| last.1.to_owned()));
    let uploads = all.into_iter().map(|(key, id, begun)| MultipartUpload {
        key: Some(shown(key, encoding)),
        upload_id: Some(id.to_owned()),
        initiated: Some(timestamp(begun)),
        initiator: Some(Initiator { display_name: None, id: owner(&visit).id }),
        owner: Some(owner(&visit)),
        ..MultipartUpload::default()
    });
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        is_truncated: Some(more),
        max_uploads: Some(most),
        key_marker: input.key_marker,
        upload_id_marker: input.upload_id_marker,
        next_key_marker: next_key,
        next_upload_id_marker: next_id,
        uploads: Some(uploads.collect()),
        encoding_type: input.encoding_type,
        ..ListMultipartUploadsOutput::default()
    })
}

/// The range of a copy, in the one form that R2 takes. An end that is behind the source's is brought back.
fn copied(range: &str, size: usize) -> S3Result<std::ops::Range<usize>> {
    let invalid = || s3_error!(InvalidArgument, "Invalid x-amz-copy-source-range: {range}");
    let (first, last) = range.strip_prefix("bytes=").and_then(|range| range.split_once('-')).ok_or_else(invalid)?;
    let (first, last): (usize, usize) = (first.parse().map_err(|_| invalid())?, last.parse().map_err(|_| invalid())?);
    if first > last {
        return Err(s3_error!(InvalidArgument, "x-amz-copy-source-range must be positive."));
    }
    if first >= size {
        return Err(s3_error!(InvalidRange, "The requested range is not satisfiable"));
    }
    Ok(first..last.saturating_add(1).min(size))
}

fn encoded(key: &str) -> String {
    shown(key, Some(&EncodingType::from_static(EncodingType::URL)))
}

async fn add(
    emulator: &Arc<Inner>,
    visit: &Visit,
    (bucket, key, id): (String, String, String),
    number: i32,
    part: Object,
) -> S3Result<()> {
    if !(1..=10_000).contains(&number) {
        return Err(s3_error!(InvalidArgument, "Part number must be an integer between 1 and 10000, inclusive."));
    }
    let (bucket, capacity, at) = (visit.bucket(&bucket), emulator.options.object_bytes, emulator.now().0);
    let add = move |state: &mut State| -> Result<(), Fault> {
        existing(state, &bucket)?;
        state.objects.living(&bucket, &key, &id, at)?;
        state.objects.add_part(&bucket, (&key, &id), number, part, capacity)
    };
    visit.write(emulator, add).await
}
