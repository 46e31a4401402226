//! What there is: tenants and releases; and taking it away.

use std::collections::BTreeMap;

use crate::current::{self, Current, Live};
use crate::deploy::{Event, Listener};
use crate::edge::{Edge, platform};
use crate::error::SiteError;
use crate::hold::Hold;
use crate::layout;
use crate::release::Release;
use crate::s3::Store;
use crate::slug::Slug;

/// A release in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleaseRow {
    /// The release.
    pub release: Release,
    /// Its last turn as the live one, if it had any; else it is a preview, or a deploy that did not get so far.
    pub live: Option<Live>,
    /// Whether it is live.
    pub is_current: bool,
}

/// The tenants of the registry, sorted.
///
/// # Errors
/// When the bucket cannot be listed.
pub async fn tenants(store: &Store) -> Result<Vec<Slug>, SiteError> {
    let rows = store.list(layout::TENANTS).await?;
    let names = rows.iter().filter_map(|row| row.key.strip_prefix(layout::TENANTS)?.strip_suffix(".json"));
    Ok(names.filter_map(|name| name.parse().ok()).collect())
}

/// The tenant's pointer.
///
/// # Errors
/// When there is none, or the bucket cannot be read.
pub async fn read(store: &Store, tenant: &Slug) -> Result<Current, SiteError> {
    let current = current::load(store, tenant).await?;
    current.map(|(current, _)| current).ok_or_else(|| SiteError::NoSite { tenant: tenant.clone() })
}

/// The tenant's releases, the newest first.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn releases(store: &Store, tenant: &Slug) -> Result<Vec<ReleaseRow>, SiteError> {
    let current = current::load(store, tenant).await?.map(|(current, _)| current);
    let mut rows: BTreeMap<Release, ReleaseRow> = BTreeMap::new();
    for object in store.list(&layout::releases(tenant)).await? {
        let name = object.key.rsplit('/').next().and_then(|name| name.strip_suffix(".bin"));
        let Some(release) = name.and_then(|name| name.parse::<Release>().ok()) else { continue };
        let history = current.as_ref().map_or(&[][..], |current| &current.history);
        let live = history.iter().find(|live| live.release == release).cloned();
        let is_current = current.as_ref().is_some_and(|current| current.release == release);
        rows.insert(release.clone(), ReleaseRow { release, live, is_current });
    }
    Ok(rows.into_values().rev().collect())
}

/// Takes a tenant's site away: the edge's copy first, so that visitors see no half of it, then the pointer, then the rest, and
/// the registry's row at last. No deploy begins meanwhile. Killed at any point, the same call goes on.
///
/// # Errors
/// When a deploy is under way, the edge cannot be told, or the bucket fails. The number of objects that went is told otherwise.
pub async fn remove(store: &Store, edge: &dyn Edge, tenant: &Slug, listener: &Listener) -> Result<usize, SiteError> {
    let mut hold = Hold::take(store, tenant, listener).await?;
    let removed = remove_held(store, edge, tenant, listener, &mut hold).await;
    hold.release().await?;
    removed
}

/// What a tenant's folder holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// How many releases.
    pub releases: usize,
    /// How many objects, marks and manifests among them.
    pub objects: usize,
    /// How many bytes these have.
    pub bytes: u64,
}

/// Counts what the tenant's folder holds.
///
/// # Errors
/// When the bucket cannot be listed.
pub async fn stored(store: &Store, tenant: &Slug) -> Result<Stored, SiteError> {
    let (all, releases) = (store.list(&layout::site(tenant)).await?, layout::releases(tenant));
    let is_release = |key: &str| key.strip_prefix(&releases).is_some_and(|name| name.ends_with(".bin"));
    Ok(Stored {
        releases: all.iter().filter(|object| is_release(&object.key)).count(),
        objects: all.len(),
        bytes: all.iter().map(|object| object.size).sum(),
    })
}

async fn remove_held(
    store: &Store,
    edge: &dyn Edge,
    tenant: &Slug,
    listener: &Listener,
    hold: &mut Hold,
) -> Result<usize, SiteError> {
    if let Some(platform) = platform(store).await? {
        let told = edge.remove(&platform, &layout::kv_site(tenant)).await;
        let failed = |why| SiteError::Edge { tenant: tenant.clone(), why };
        told.map_err(failed)?;
        for row in releases(store, tenant).await? {
            edge.remove(&platform, &layout::kv_manifest(tenant, &row.release)).await.map_err(failed)?;
        }
    }
    let mark = layout::sweeping(tenant);
    store.delete(&layout::current(tenant)).await?;
    let all = store.list(&layout::site(tenant)).await?;
    let keys: Vec<String> = all.into_iter().map(|object| object.key).filter(|key| *key != mark).collect();
    listener(Event::Removing { objects: keys.len() });
    hold.remove(&keys, |objects| listener(Event::Removed { objects })).await?;
    store.delete(&layout::tenant(tenant)).await?;
    // With the pointer and the registry's row.
    Ok(keys.len() + 2)
}
