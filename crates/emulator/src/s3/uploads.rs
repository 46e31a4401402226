//! Uploads in parts.

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyPartResult, CreateMultipartUploadInput, CreateMultipartUploadOutput, ListMultipartUploadsInput,
    ListMultipartUploadsOutput, ListPartsInput, ListPartsOutput, MultipartUpload, Part, Range, UploadPartCopyInput,
    UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::{S3Request, S3Result, s3_error};

use super::answer::{condition, etag, length, shown, timestamp};
use super::body::read;
use super::buckets::existing;
use super::objects::{source, without_chunks};
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::{About, Fault, Object, Parts};
use crate::state::State;

pub(super) async fn create(
    emulator: &Arc<Inner>,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let about = About {
        content_type: input.content_type,
        cache_control: input.cache_control,
        content_disposition: input.content_disposition,
        content_encoding: input.content_encoding.as_deref().and_then(without_chunks),
        content_language: input.content_language,
        storage_class: input.storage_class.map(|class| class.as_str().to_owned()),
        metadata: input.metadata.unwrap_or_default().into_iter().collect(),
    };
    let (bucket, key, at) = (visit.bucket(&input.bucket), input.key.clone(), emulator.now().0);
    let capacity = emulator.options.object_bytes;
    let begin = move |state: &mut State| {
        existing(state, &bucket)?;
        state.objects.begin(&bucket, &key, about, at, capacity)
    };
    let id = emulator.alter(begin).await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(id),
        ..CreateMultipartUploadOutput::default()
    })
}

pub(super) async fn part(emulator: &Arc<Inner>, request: S3Request<UploadPartInput>) -> S3Result<UploadPartOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bytes = read(input.body, input.content_md5.as_deref(), emulator.options.object_bytes).await?;
    let part = Object::new(bytes, Arc::default(), emulator.now().0);
    let tag = part.etag.clone();
    add(emulator, &visit, (input.bucket, input.key, input.upload_id), input.part_number, part).await?;
    Ok(UploadPartOutput { e_tag: Some(etag(&tag)), ..UploadPartOutput::default() })
}

pub(super) async fn part_from_copy(
    emulator: &Arc<Inner>,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let source = source(emulator, &visit, &input.copy_source)?;
    let bytes = match input.copy_source_range {
        None => source.bytes.clone(),
        Some(range) => {
            let outside = || s3_error!(InvalidRange, "The range is not in the object that is copied.");
            let range = Range::parse(&range).map_err(|_| outside())?;
            let range = range.check(source.size()).map_err(|_| outside())?;
            let (start, end) = (usize::try_from(range.start), usize::try_from(range.end));
            source.bytes.slice(start.unwrap_or_default()..end.unwrap_or_default())
        }
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
    let listed = input.multipart_upload.and_then(|upload| upload.parts).unwrap_or_default();
    let listed: Vec<(i32, String)> = listed
        .into_iter()
        .map(|part| {
            let tag = part.e_tag.map(s3s::dto::ETag::into_value).unwrap_or_default();
            (part.part_number.unwrap_or_default(), tag)
        })
        .collect();
    let (bucket, key, id, at) = (visit.bucket(&input.bucket), input.key.clone(), input.upload_id, emulator.now().0);
    let condition = condition(input.if_match, input.if_none_match);
    let complete = move |state: &mut State| {
        existing(state, &bucket)?;
        state.objects.complete(&bucket, (&key, &id), &listed, &condition, at)
    };
    let object = emulator.alter(complete).await?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(etag(&object.etag)),
        ..CompleteMultipartUploadOutput::default()
    })
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
    emulator.alter(abort).await?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn parts(emulator: &Inner, request: S3Request<ListPartsInput>) -> S3Result<ListPartsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bucket = visit.bucket(&input.bucket);
    let state = emulator.state();
    existing(&state, &bucket)?;
    let parts: &Parts = &state.objects.upload(&bucket, &input.key, &input.upload_id)?.parts;
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

/// All unfinished uploads of a bucket with the prefix, on one page; delimiters are passed over.
pub(super) async fn list(
    emulator: &Inner,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    let bucket = visit.bucket(&input.bucket);
    let state = emulator.state();
    existing(&state, &bucket)?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let held = state.objects.contents(&bucket).map(|contents| &contents.uploads);
    let all = held.into_iter().flatten().filter(|(_, upload)| upload.key().starts_with(&prefix));
    let encoding = input.encoding_type.as_ref();
    let mut uploads: Vec<MultipartUpload> = all
        .map(|(id, upload)| MultipartUpload {
            key: Some(shown(upload.key(), encoding)),
            upload_id: Some(id.clone()),
            initiated: Some(timestamp(upload.initiated())),
            ..MultipartUpload::default()
        })
        .collect();
    uploads.sort_by(|one, other| (&one.key, &one.upload_id).cmp(&(&other.key, &other.upload_id)));
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        is_truncated: Some(false),
        uploads: Some(uploads),
        encoding_type: input.encoding_type,
        ..ListMultipartUploadsOutput::default()
    })
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
    let (bucket, capacity) = (visit.bucket(&bucket), emulator.options.object_bytes);
    let add = move |state: &mut State| -> Result<(), Fault> {
        existing(state, &bucket)?;
        state.objects.add_part(&bucket, (&key, &id), number, part, capacity)
    };
    Ok(emulator.alter(add).await?)
}
