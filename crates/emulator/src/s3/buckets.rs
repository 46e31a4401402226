//! Operations on buckets. The buckets are those of the REST API.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flarekeep_policy::BucketKey;
use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
    ListBucketsOutput, Owner,
};
use s3s::{S3Request, S3Result, s3_error};

use super::answer::timestamp;
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::Fault;
use crate::products::r2_buckets::{USUAL_LOCATION, is_bucket_name};
use crate::state::State;

pub(super) async fn list(emulator: &Inner, request: S3Request<ListBucketsInput>) -> S3Result<ListBucketsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let place = visit.place();
    let input = request.input;
    let prefix = input.prefix.unwrap_or_default();
    // Amazon's bounds; R2's are not documented.
    let most = match input.max_buckets {
        None => usize::MAX,
        Some(most) => usize::try_from(most).ok().filter(|most| (1..=10_000).contains(most)).ok_or_else(|| {
            s3_error!(InvalidArgument, "Argument max-buckets must be an integer between 1 and 10000.")
        })?,
    };
    let bad_token = || s3_error!(InvalidArgument, "The continuation token is none that a list gave.");
    let read = |token: &String| URL_SAFE_NO_PAD.decode(token).ok().and_then(|name| String::from_utf8(name).ok());
    let after = input.continuation_token.as_ref().map(|token| read(token).ok_or_else(bad_token)).transpose()?;
    let state = emulator.state();
    let buckets = state.r2_buckets.of(place.account, place.jurisdiction);
    let mut buckets = buckets
        .filter(|bucket| bucket.name.starts_with(&prefix) && after.as_ref().is_none_or(|after| bucket.name > *after))
        .peekable();
    let shown: Vec<Bucket> = buckets
        .by_ref()
        .take(most)
        .map(|bucket| Bucket {
            name: Some(bucket.name.clone()),
            creation_date: Some(timestamp(bucket.created_on)),
            ..Bucket::default()
        })
        .collect();
    let last = shown.last().and_then(|last| last.name.as_ref()).filter(|_| buckets.peek().is_some());
    Ok(ListBucketsOutput {
        continuation_token: last.map(|name| URL_SAFE_NO_PAD.encode(name)),
        buckets: Some(shown),
        owner: Some(owner(&visit)),
        prefix: Some(prefix).filter(|prefix| !prefix.is_empty()),
    })
}

pub(super) async fn head(emulator: &Inner, request: S3Request<HeadBucketInput>) -> S3Result<HeadBucketOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    existing(&emulator.state(), &visit.bucket(&request.input.bucket))?;
    Ok(HeadBucketOutput::default())
}

pub(super) async fn location(
    emulator: &Inner,
    request: S3Request<GetBucketLocationInput>,
) -> S3Result<GetBucketLocationOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let state = emulator.state();
    let bucket = state.r2_buckets.bucket(&visit.bucket(&request.input.bucket)).ok_or(Fault::NoSuchBucket)?;
    let location = BucketLocationConstraint::from(bucket.location.clone());
    Ok(GetBucketLocationOutput { location_constraint: Some(location) })
}

pub(super) async fn create(
    emulator: &Arc<Inner>,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let input = request.input;
    if !is_bucket_name(&input.bucket) {
        return Err(Fault::BucketName.into());
    }
    let hint = input.create_bucket_configuration.and_then(|configuration| configuration.location_constraint);
    let (key, at) = (visit.bucket(&input.bucket), emulator.now().0);
    visit
        .write(emulator, move |state| {
            // `auto` and the regions of Amazon's clients are no locations of R2.
            const LOCATIONS: [&str; 6] = ["apac", "eeur", "enam", "oc", "weur", "wnam"];
            let hint = hint.as_ref().map(|hint| hint.as_str().to_ascii_lowercase());
            let location = LOCATIONS.into_iter().find(|known| hint.as_deref() == Some(known));
            let made = state.r2_buckets.make(&key, location.unwrap_or(USUAL_LOCATION), "Standard", at);
            made.map(|_| ()).ok_or(Fault::BucketTaken)
        })
        .await?;
    Ok(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) })
}

pub(super) async fn delete(
    emulator: &Arc<Inner>,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let key = visit.bucket(&request.input.bucket);
    visit
        .write(emulator, move |state| {
            existing(state, &key)?;
            if !state.objects.is_empty(&key) {
                return Err(Fault::BucketNotEmpty);
            }
            state.r2_buckets.remove(&key);
            state.objects.forget(&key);
            state.r2_settings.forget(&key);
            Ok(())
        })
        .await?;
    Ok(DeleteBucketOutput::default())
}

/// Who owns all buckets of an endpoint, and what is in them: its account.
pub(super) fn owner(visit: &Visit) -> Owner {
    let account = visit.place().account.to_string();
    Owner { display_name: Some(account.clone()), id: Some(account) }
}

/// Makes the bucket that a call wants to be there, where it is not.
pub(super) fn provided(state: &mut State, key: &BucketKey, wanted: bool, at: i64) -> Result<(), Fault> {
    if wanted && state.r2_buckets.bucket(key).is_none() {
        if !is_bucket_name(&key.name) {
            return Err(Fault::BucketName);
        }
        state.r2_buckets.make(key, USUAL_LOCATION, "Standard", at);
    }
    existing(state, key)
}

/// Whether the bucket exists.
pub(super) fn existing(state: &State, key: &BucketKey) -> Result<(), Fault> {
    state.r2_buckets.bucket(key).map(|_| ()).ok_or(Fault::NoSuchBucket)
}
