//! R2's S3 face: signatures, decisions, objects. The crate `s3s` checks signatures and reads and writes S3's own forms;
//! who may do what is decided here, by the same policy engine as for the API.
//!
//! An access key is a token: its id is the token's, its secret the SHA-256 of the token's value in hexadecimal
//! (Cloudflare's documentation, r2/api/tokens). The endpoint is of one account and one jurisdiction, which the host names
//! as Cloudflare's do, `<account id>.r2.…` or `<account id>.eu.r2.…`; any other host, such as an address, stands for the
//! account of [`crate::Facts`] and the default jurisdiction. R2's own hosts may name a bucket before the account.

mod access;
mod answer;
mod body;
mod buckets;
mod fault;
mod front;
pub(crate) mod hosts;
mod leave;
mod listings;
mod mending;
mod objects;
mod posts;
mod screening;
mod settings;
mod signing;
mod sums;
mod temporary;
mod uploads;
mod visit;

use std::sync::Arc;

use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput, CompleteMultipartUploadOutput,
    CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput, CreateMultipartUploadInput,
    CreateMultipartUploadOutput, DeleteBucketCorsInput, DeleteBucketCorsOutput, DeleteBucketInput, DeleteBucketOutput,
    DeleteObjectInput, DeleteObjectOutput, DeleteObjectTaggingInput, DeleteObjectTaggingOutput, DeleteObjectsInput,
    DeleteObjectsOutput, GetBucketCorsInput, GetBucketCorsOutput, GetBucketEncryptionInput, GetBucketEncryptionOutput,
    GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput, GetBucketLocationInput,
    GetBucketLocationOutput, GetBucketReplicationInput, GetBucketReplicationOutput, GetBucketTaggingInput,
    GetBucketTaggingOutput, GetBucketVersioningInput, GetBucketVersioningOutput, GetObjectInput,
    GetObjectLockConfigurationInput, GetObjectLockConfigurationOutput, GetObjectOutput, HeadBucketInput,
    HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput, ListBucketsOutput,
    ListMultipartUploadsInput, ListMultipartUploadsOutput, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
    ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutBucketCorsInput, PutBucketCorsOutput,
    PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput, PutObjectInput, PutObjectOutput,
    UploadPartCopyInput, UploadPartCopyOutput, UploadPartInput, UploadPartOutput,
};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3, S3Request, S3Response, S3Result};

use self::access::Gate;
use self::posts::Posts;
use crate::emulator::Inner;

/// The S3 face of an emulator. Clones are handles on the same one.
#[derive(Clone)]
pub(crate) struct Face(S3Service);

/// The operations, on the state of an emulator.
struct Operations(Arc<Inner>);

impl Face {
    pub(crate) fn new(emulator: &Arc<Inner>) -> Self {
        let mut builder = S3ServiceBuilder::new(Operations(emulator.clone()));
        builder.set_auth(Gate(emulator.clone()));
        builder.set_access(Gate(emulator.clone()));
        builder.set_route(Posts(emulator.clone()));
        builder.set_host(hosts::Hosts);
        Self(builder.build())
    }
}

/// Names the operations that are simulated; the trait's own answer to all others is 501.
macro_rules! simulated {
    ($($name:ident($input:ident) -> $output:ident, $handler:path;)*) => {
        /// Their names, as the trait spells them.
        pub(crate) const SIMULATED: &[&str] = &[$(stringify!($name)),*];

        #[async_trait::async_trait]
        impl S3 for Operations {
            $(async fn $name(&self, request: S3Request<$input>) -> S3Result<S3Response<$output>> {
                $handler(&self.0, request).await.map(S3Response::new)
            })*
        }
    };
}

simulated! {
    list_buckets(ListBucketsInput) -> ListBucketsOutput, buckets::list;
    head_bucket(HeadBucketInput) -> HeadBucketOutput, buckets::head;
    get_bucket_location(GetBucketLocationInput) -> GetBucketLocationOutput, buckets::location;
    create_bucket(CreateBucketInput) -> CreateBucketOutput, buckets::create;
    delete_bucket(DeleteBucketInput) -> DeleteBucketOutput, buckets::delete;
    get_bucket_cors(GetBucketCorsInput) -> GetBucketCorsOutput, settings::cors;
    put_bucket_cors(PutBucketCorsInput) -> PutBucketCorsOutput, settings::put_cors;
    delete_bucket_cors(DeleteBucketCorsInput) -> DeleteBucketCorsOutput, settings::delete_cors;
    get_bucket_lifecycle_configuration(GetBucketLifecycleConfigurationInput) -> GetBucketLifecycleConfigurationOutput,
        settings::lifecycle;
    put_bucket_lifecycle_configuration(PutBucketLifecycleConfigurationInput) -> PutBucketLifecycleConfigurationOutput,
        settings::put_lifecycle;
    get_bucket_encryption(GetBucketEncryptionInput) -> GetBucketEncryptionOutput, settings::encryption;
    get_bucket_versioning(GetBucketVersioningInput) -> GetBucketVersioningOutput, settings::versioning;
    get_bucket_tagging(GetBucketTaggingInput) -> GetBucketTaggingOutput, settings::tagging;
    get_bucket_replication(GetBucketReplicationInput) -> GetBucketReplicationOutput, settings::replication;
    get_object_lock_configuration(GetObjectLockConfigurationInput) -> GetObjectLockConfigurationOutput,
        settings::object_lock;
    list_objects(ListObjectsInput) -> ListObjectsOutput, listings::first_version;
    list_objects_v2(ListObjectsV2Input) -> ListObjectsV2Output, listings::second_version;
    get_object(GetObjectInput) -> GetObjectOutput, objects::get;
    head_object(HeadObjectInput) -> HeadObjectOutput, objects::head;
    put_object(PutObjectInput) -> PutObjectOutput, objects::put;
    copy_object(CopyObjectInput) -> CopyObjectOutput, objects::copy;
    delete_object(DeleteObjectInput) -> DeleteObjectOutput, objects::delete;
    delete_object_tagging(DeleteObjectTaggingInput) -> DeleteObjectTaggingOutput, objects::delete_tagging;
    delete_objects(DeleteObjectsInput) -> DeleteObjectsOutput, objects::delete_several;
    create_multipart_upload(CreateMultipartUploadInput) -> CreateMultipartUploadOutput, uploads::create;
    upload_part(UploadPartInput) -> UploadPartOutput, uploads::part;
    upload_part_copy(UploadPartCopyInput) -> UploadPartCopyOutput, uploads::part_from_copy;
    complete_multipart_upload(CompleteMultipartUploadInput) -> CompleteMultipartUploadOutput, uploads::complete;
    abort_multipart_upload(AbortMultipartUploadInput) -> AbortMultipartUploadOutput, uploads::abort;
    list_parts(ListPartsInput) -> ListPartsOutput, uploads::parts;
    list_multipart_uploads(ListMultipartUploadsInput) -> ListMultipartUploadsOutput, uploads::list;
}
