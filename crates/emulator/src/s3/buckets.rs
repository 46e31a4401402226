//! Operations on buckets. The buckets are those of the REST API.

use std::sync::Arc;

use flarekeep_policy::BucketKey;
use s3s::dto::{
    Bucket, BucketLocationConstraint, CreateBucketInput, CreateBucketOutput, DeleteBucketInput, DeleteBucketOutput,
    GetBucketLocationInput, GetBucketLocationOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
    ListBucketsOutput, Owner,
};
use s3s::{S3Request, S3Result};

use super::answer::timestamp;
use super::visit::Visit;
use crate::emulator::Inner;
use crate::objects::Fault;
use crate::products::r2_buckets::{USUAL_LOCATION, is_bucket_name};
use crate::state::State;

pub(super) async fn list(emulator: &Inner, request: S3Request<ListBucketsInput>) -> S3Result<ListBucketsOutput> {
    let visit = Visit::in_extensions(&request.extensions)?;
    let place = visit.place();
    let prefix = request.input.prefix.unwrap_or_default();
    let state = emulator.state();
    let buckets = state.r2_buckets.of(place.account, place.jurisdiction);
    let shown = buckets.filter(|bucket| bucket.name.starts_with(&prefix)).map(|bucket| Bucket {
        name: Some(bucket.name.clone()),
        creation_date: Some(timestamp(bucket.created_on)),
        ..Bucket::default()
    });
    Ok(ListBucketsOutput { buckets: Some(shown.collect()), owner: Some(owner(&visit)), ..ListBucketsOutput::default() })
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
    emulator
        .alter(move |state| {
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
    let key = Visit::in_extensions(&request.extensions)?.bucket(&request.input.bucket);
    emulator
        .alter(move |state| {
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
