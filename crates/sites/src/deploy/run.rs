//! A deploy of new content, from the mark to the pointer's turn. Where the bucket is far, a round trip costs as much as
//! sixty uploads: what need not wait for an answer goes out beside it.

use std::collections::HashSet;

use bytes::Bytes;

use super::upload::{Done, Upload};
use super::variants::vary;
use super::{Deployed, Listener, Looked, Original, Source, Wishes, absent, copy, known};
use crate::current::{self, Current, Live};
use crate::digest::Digest;
use crate::edge::{self, Edge, Platform};
use crate::error::SiteError;
use crate::files::Tree;
use crate::layout;
use crate::manifest::{Head, Known, Manifest, Variants};
use crate::marker::Marker;
use crate::s3::{Body, Condition, Store};
use crate::slug::Slug;
use crate::tenant::{Around, around};

pub(super) struct Run<'a> {
    pub(super) looked: &'a Looked,
    pub(super) edge: &'a dyn Edge,
    pub(super) source: Source<'a>,
    pub(super) manifest: &'a Manifest,
    pub(super) content: Digest,
    pub(super) wishes: &'a Wishes,
    pub(super) listener: &'a Listener,
}

/// What is known when the mark is set and no sweep is under way.
struct Ready {
    around: Around,
    marker: Marker,
    /// What killed deploys have left.
    there: HashSet<Digest>,
}

impl Run<'_> {
    pub(super) async fn act(&self) -> Result<Deployed, SiteError> {
        let (ready, done) = match self.source {
            Source::Folder(tree) => self.bring_up(tree).await?,
            Source::Objects(originals) => self.bring_over(originals).await?,
        };
        let before = self.looked.current();
        let mut deployed = Deployed {
            release: self.wishes.release.clone(),
            content: self.content,
            files: self.manifest.entries.len(),
            uploaded: done.blobs,
            bytes_uploaded: done.bytes,
            live: !self.wishes.preview,
            unchanged: false,
            suspended: before.is_some_and(|before| !before.state.is_live()),
            edge: None,
            domain: ready.around.domain(before),
        };
        if self.wishes.preview {
            // As long as its mark is there, a release that was never live is not taken for a whole one.
            ready.marker.clear(self.store()).await?;
            return Ok(deployed);
        }
        let mut next = Current::after(before, self.tenant(), self.live(), ready.around.platform.as_ref());
        ready.around.enter(&mut next, before);
        deployed.suspended = !next.state.is_live();
        let etag = self.looked.before.as_ref().map(|(_, etag)| etag.as_str());
        if let Err(error) = current::commit(self.store(), self.tenant(), etag, &next).await {
            // The mark of a run that lost is in nobody's way, but that of one that may have died here stays.
            if matches!(error, SiteError::Overtaken { .. }) {
                let _ = ready.marker.clear(self.store()).await;
            }
            return Err(error);
        }
        let state = ready.around.tell(self.edge, self.tenant(), &next).await;
        deployed.edge = Some(edge::settle(self.store(), self.edge, self.tenant(), &next, state).await);
        // At last: who dies before is found by it.
        ready.marker.fulfil(self.store(), self.content).await;
        Ok(deployed)
    }

    /// Uploads the blobs, and the manifests beside the last of them.
    async fn bring_up(&self, tree: &Tree) -> Result<(Ready, Done), SiteError> {
        let is_first = self.looked.before.is_none();
        let (known, ready) = match is_first {
            true => (Known::new(), None),
            false => {
                let known = known(self.store(), self.tenant(), self.looked.current());
                let (known, ready) = tokio::try_join!(known, self.ready(None))?;
                (known, Some(ready))
            }
        };
        let missing = absent(self.manifest, &known);
        let jobs = self.wishes.jobs;
        let upload =
            Upload::new(self.store(), self.tenant(), tree, self.manifest, missing, jobs, is_first, self.listener);
        let lead = async {
            let mut ready = match ready {
                Some(ready) => ready,
                // The first blobs go up beside the mark. What is wrong with that is mended when they are proved.
                None => self.ready(Some(&upload)).await?,
            };
            upload.open(std::mem::take(&mut ready.there));
            let publish = async {
                let (varied, more) = match self.manifest.settings.compress.any() {
                    true => {
                        let varied = vary(self.store(), self.tenant(), tree, self.manifest, &known, jobs).await?;
                        (Some(varied.0), varied.1)
                    }
                    false => (None, Done::default()),
                };
                upload.all_taken().await;
                let platform = ready.around.platform.as_ref();
                self.publish(varied.as_ref().unwrap_or(self.manifest), platform).await?;
                Ok(more)
            };
            let ((), more) = tokio::try_join!(upload.prove(), publish)?;
            Ok((ready, more))
        };
        let ((ready, more), done) = tokio::try_join!(lead, upload.run())?;
        Ok((ready, Done { blobs: done.blobs + more.blobs, bytes: done.bytes + more.bytes }))
    }

    /// Copies the blobs within the bucket, and writes the manifests.
    async fn bring_over(&self, originals: &[Original]) -> Result<(Ready, Done), SiteError> {
        let known = known(self.store(), self.tenant(), self.looked.current());
        let (mut known, ready) = tokio::try_join!(known, self.ready(None))?;
        known.extend(ready.there.iter().map(|digest| (*digest, Variants::default())));
        let missing = absent(self.manifest, &known);
        let (store, jobs) = (self.store(), self.wishes.jobs);
        let done = copy::copy(store, self.tenant(), self.manifest, missing, originals, jobs, self.listener).await?;
        self.publish(self.manifest, ready.around.platform.as_ref()).await?;
        Ok((ready, done))
    }

    /// Sets the mark, and reads what the deploy needs to know. `early` may begin as soon as the tenant may have so much.
    async fn ready(&self, early: Option<&Upload>) -> Result<Ready, SiteError> {
        let (store, tenant) = (self.store(), self.tenant());
        let around = async {
            let newcomer = self.looked.before.is_none().then_some(self.wishes.now.as_str());
            let around = around(store, tenant, newcomer).await?;
            around.admit(tenant, self.manifest.entries.len(), self.manifest.bytes())?;
            early.inspect(|upload| upload.admit());
            Ok(around)
        };
        let marker = Marker::deploying(store, tenant, &self.wishes.release, self.content, self.listener);
        let (around, marker) = tokio::join!(around, marker);
        let (around, marker) = match (around, marker) {
            (Ok(around), marker) => (around, marker?),
            (Err(error), marker) => {
                if let Ok(marker) = marker {
                    let _ = marker.clear(store).await;
                }
                return Err(error);
            }
        };
        // A killed deploy has uploaded some: a list costs less than to send them again.
        let there = match marker.others.is_empty() {
            true => HashSet::new(),
            false => blobs(store, tenant).await?,
        };
        Ok(Ready { around, marker, there })
    }

    /// Writes the release's manifests, and tells the edge of them.
    async fn publish(&self, manifest: &Manifest, platform: Option<&Platform>) -> Result<(), SiteError> {
        let (store, release) = (self.store(), &self.wishes.release);
        let head = Head {
            content: self.content,
            created: self.wishes.now.clone(),
            message: self.wishes.message.clone(),
            release: release.to_string(),
            tenant: self.tenant().to_string(),
            tool: self.wishes.tool.clone(),
        };
        let document = Body::bytes(manifest.to_json(&head));
        let json = layout::manifest(self.tenant(), release);
        let bytes = Bytes::from(manifest.to_binary(release.as_str()));
        let binary = Body::bytes(bytes.clone());
        let key = layout::binary_manifest(self.tenant(), release);
        let told = async {
            if platform.is_some() {
                edge::tell_of_files(self.edge, platform, self.tenant(), release, bytes.to_vec()).await;
            }
            Ok(())
        };
        tokio::try_join!(
            store.put(&json, &document, Condition::Absent, "application/json"),
            store.put(&key, &binary, Condition::Absent, "application/octet-stream"),
            told,
        )?;
        Ok(())
    }

    fn live(&self) -> Live {
        Live {
            release: self.wishes.release.clone(),
            content: self.content,
            files: self.manifest.entries.len(),
            bytes: self.manifest.bytes(),
            at: self.wishes.now.clone(),
            message: self.wishes.message.clone(),
        }
    }

    fn store(&self) -> &Store {
        &self.looked.store
    }

    fn tenant(&self) -> &Slug {
        &self.looked.tenant
    }
}

/// The blobs that the tenant's folder has.
pub(super) async fn blobs(store: &Store, tenant: &Slug) -> Result<HashSet<Digest>, SiteError> {
    let there = store.list(&layout::blobs(tenant)).await?;
    Ok(there.iter().filter_map(|blob| blob.key.rsplit('/').next()?.parse().ok()).collect())
}
