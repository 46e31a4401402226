//! Contents that lie in the bucket already, elsewhere: copied within it, so many at once.

use super::upload::Done;
use super::{Event, Listener};
use crate::at_once::at_once;
use crate::digest::Digest;
use crate::error::SiteError;
use crate::layout;
use crate::manifest::Manifest;
use crate::s3::Store;
use crate::slug::Slug;

/// An object that has the content of a file.
#[derive(Debug, Clone)]
pub(crate) struct Original {
    pub(crate) key: String,
    /// The ETag of what was read.
    pub(crate) etag: String,
}

/// Copies the originals of the manifest's entries at `missing`, `jobs` at once.
pub(super) async fn copy(
    store: &Store,
    tenant: &Slug,
    manifest: &Manifest,
    missing: Vec<usize>,
    originals: &[Original],
    jobs: usize,
    listener: &Listener,
) -> Result<Done, SiteError> {
    let pairs = missing.into_iter().filter_map(|at| Some((manifest.entries.get(at)?, originals.get(at)?)));
    let all: Vec<_> = pairs.map(|(entry, original)| (entry.digest, entry.size, original.clone())).collect();
    let done = Done { blobs: all.len(), bytes: all.iter().map(|(_, size, _)| size).sum() };
    listener(Event::Uploading { files: done.blobs, bytes: done.bytes });
    let folder = layout::blobs(tenant);
    let work = |(digest, size, original): (Digest, u64, Original)| {
        let (store, to) = (store.clone(), format!("{folder}{digest}"));
        async move { store.copy(&original.key, &original.etag, &to).await.map(|()| size) }
    };
    at_once(jobs, all, work, |bytes| listener(Event::Uploaded { bytes })).await?;
    Ok(done)
}
