//! Making a release live that is there already: rollback, and promotion of a preview. Nothing is uploaded.

use crate::current::{self, Current, Live};
use crate::edge::{self, Edge, EdgeState};
use crate::error::SiteError;
use crate::layout;
use crate::manifest::Document;
use crate::marker::Marker;
use crate::release::Release;
use crate::resume::{Whose, resume};
use crate::s3::{Store, StoreError};
use crate::slug::Slug;
use crate::tenant::around;

/// What became live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switched {
    /// The release that was live, if there was one.
    pub from: Option<Release>,
    /// The release that is.
    pub to: Release,
    /// Whether it was live already, so that nothing was done.
    pub unchanged: bool,
    /// Whether the edge knows; `None` where nothing was done.
    pub edge: Option<EdgeState>,
}

/// Makes `release` live, or the one that was live before where none is named. `now` is the time, as RFC 3339 has it.
///
/// # Errors
/// When there is no such release, when another went live meanwhile, or when the bucket fails: then the live release is what
/// it was.
pub async fn switch(
    store: &Store,
    edge: &dyn Edge,
    tenant: &Slug,
    release: Option<&Release>,
    now: &str,
) -> Result<Switched, SiteError> {
    let before = current::load(store, tenant).await?;
    let current = before.as_ref().map(|(current, _)| current);
    let to = match (release, current) {
        (Some(release), _) => release.clone(),
        (None, Some(current)) => match current.earlier().next() {
            Some(live) => live.release.clone(),
            None => return Err(SiteError::NoPrevious { tenant: tenant.clone() }),
        },
        (None, None) => return Err(SiteError::NoSite { tenant: tenant.clone() }),
    };
    let from = current.map(|current| current.release.clone());
    if let Some(current) = current {
        // A run that died behind the turn is gone on with. A rollback that names no release would else go back once more.
        let is_live = current.release == to;
        let whose = if is_live { Whose::Anyones } else { Whose::Switches };
        if is_live || release.is_none() {
            let edge = resume(store, edge, tenant, current, whose).await?;
            if is_live || edge.is_some() {
                let to = current.release.clone();
                return Ok(Switched { from, to, unchanged: true, edge });
            }
        }
    }
    let around = around(store, tenant, None).await?;
    let platform = around.platform.as_ref();
    // Looked for after the mark is set: a sweep that took the release away before is seen here, and none begins from now on.
    let marker = Marker::switching(store, tenant, &to).await?;
    let (mut live, binary) = match found(store, tenant, &to, current).await {
        Ok(found) => found,
        Err(error) => {
            let _ = marker.clear(store).await;
            return Err(error);
        }
    };
    edge::tell_of_files(edge, platform, tenant, &to, binary).await;
    now.clone_into(&mut live.at);
    let mut next = Current::after(current, tenant, live, platform);
    around.enter(&mut next, current);
    let committed = current::commit(store, tenant, before.as_ref().map(|(_, etag)| etag.as_str()), &next).await;
    if let Err(error) = committed {
        // The mark of a run that may have died here stays, and says so.
        if matches!(error, SiteError::Overtaken { .. }) {
            let _ = marker.clear(store).await;
        }
        return Err(error);
    }
    let state = around.tell(edge, tenant, &next).await;
    let state = edge::settle(store, edge, tenant, &next, state).await;
    let _ = marker.clear(store).await;
    Ok(Switched { from, to, unchanged: false, edge: Some(state) })
}

/// The release as the history has it, else its document, with its manifest for the edge.
async fn found(
    store: &Store,
    tenant: &Slug,
    release: &Release,
    current: Option<&Current>,
) -> Result<(Live, Vec<u8>), SiteError> {
    let none = || SiteError::NoRelease { tenant: tenant.clone(), release: release.clone() };
    let binary = store.get(&layout::binary_manifest(tenant, release)).await?.ok_or_else(none)?;
    let earlier = current.and_then(|current| current.history.iter().find(|live| live.release == *release));
    if let Some(live) = earlier {
        return Ok((live.clone(), binary.bytes.to_vec()));
    }
    // Its manifests are written beside the last of its blobs: that the mark has gone says that these are there, too. Looked
    // for after the manifest, which a deploy writes after its mark.
    let (mark, key) = (layout::deploying(tenant, release), layout::manifest(tenant, release));
    let (mark, object) = tokio::try_join!(store.get(&mark), store.get(&key))?;
    if mark.is_some() {
        return Err(SiteError::Unfinished { tenant: tenant.clone(), release: release.clone() });
    }
    let object = object.ok_or_else(none)?;
    let document: Document =
        serde_json::from_slice(&object.bytes).map_err(|error| StoreError::malformed(&key, error))?;
    let live = Live {
        release: release.clone(),
        content: document.content,
        files: document.files.len(),
        bytes: document.files.values().map(|row| row.size).sum(),
        at: document.created,
        message: document.message,
    };
    Ok((live, binary.bytes.to_vec()))
}
