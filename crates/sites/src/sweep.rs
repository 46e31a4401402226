//! Sweeping away what no kept release needs: old releases first, then the blobs that none of the others has. A sweep that is
//! killed leaves no release without its blobs.

use std::collections::HashSet;

use crate::at_once::at_once;
use crate::current;
use crate::deploy::{Event, Listener};
use crate::digest::Digest;
use crate::error::SiteError;
use crate::hold::Hold;
use crate::layout;
use crate::manifest::{Known, Manifest};
use crate::marker::{deployed_by, is_dead, is_older};
use crate::release::Release;
use crate::s3::{Listed, Store, StoreError};
use crate::slug::Slug;

/// So many manifests are read at once.
const AT_ONCE: usize = 8;

/// What a sweep leaves.
#[derive(Debug, Clone, Copy)]
pub struct Sweeping {
    /// So many of the releases that were live last.
    pub keep: usize,
    /// And whatever was written within so many hours: open tabs, previews, killed deploys that are taken up again.
    pub hours: i64,
    /// Whether only to say what would go.
    pub dry_run: bool,
}

/// What went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Swept {
    /// The releases, the oldest first.
    pub releases: Vec<Release>,
    /// How many releases are kept.
    pub kept: usize,
    /// How many blobs went.
    pub blobs: usize,
    /// How many bytes these had.
    pub bytes: u64,
}

/// Sweeps a tenant's folder.
///
/// # Errors
/// When a deploy or another sweep is under way, there is no site, or the bucket fails.
pub async fn sweep(store: &Store, tenant: &Slug, sweeping: Sweeping, listener: &Listener) -> Result<Swept, SiteError> {
    if sweeping.dry_run {
        let marks = store.list(&layout::all_deploying(tenant)).await?;
        let dead: Vec<String> = marks.into_iter().filter(is_dead).map(|mark| mark.key).collect();
        return act(store, tenant, sweeping, &dead, None, listener).await;
    }
    let mut hold = Hold::take(store, tenant, listener).await?;
    let dead = hold.dead.clone();
    let swept = act(store, tenant, sweeping, &dead, Some(&mut hold), listener).await;
    if swept.is_ok() {
        // With the mark goes what says that a release is not whole: such releases have gone before.
        hold.remove(&dead, |_| {}).await?;
    }
    hold.release().await?;
    swept
}

async fn act(
    store: &Store,
    tenant: &Slug,
    sweeping: Sweeping,
    dead: &[String],
    hold: Option<&mut Hold>,
    listener: &Listener,
) -> Result<Swept, SiteError> {
    let Some((current, _)) = current::load(store, tenant).await? else {
        return Err(SiteError::NoSite { tenant: tenant.clone() });
    };
    let mut kept: HashSet<Release> = HashSet::from([current.release.clone()]);
    kept.extend(current.earlier().take(sweeping.keep.saturating_sub(1)).map(|live| live.release.clone()));
    let mut torn: HashSet<Release> = dead.iter().filter_map(|key| deployed_by(key)).collect();
    torn.retain(|release| current.history.iter().all(|live| live.release != *release));
    let listed = store.list(&layout::releases(tenant)).await?;
    let mut old: Vec<(Release, &Listed)> = Vec::new();
    for object in &listed {
        let Some(release) = release_of(&object.key) else { continue };
        // What a killed deploy has left may lack blobs.
        let is_torn = torn.contains(&release);
        match kept.contains(&release) || !is_torn && !is_older(object, sweeping.hours) {
            true => drop(kept.insert(release)),
            false => old.push((release, object)),
        }
    }
    old.retain(|(release, _)| !kept.contains(release));
    let needed = needed(store, tenant, &kept, &current.release).await?;
    let mut swept = Swept { kept: kept.len(), ..Swept::default() };
    let mut blobs = Vec::new();
    for blob in store.list(&layout::blobs(tenant)).await? {
        let name = blob.key.rsplit('/').next().unwrap_or_default();
        // A variant goes with its blob.
        let digest: Option<Digest> = name.split('.').next().and_then(|name| name.parse().ok());
        if digest.is_none_or(|digest| needed.contains(&digest)) || !is_older(&blob, sweeping.hours) {
            continue;
        }
        swept.bytes += blob.size;
        blobs.push(blob.key);
    }
    swept.blobs = blobs.len();
    let mut objects = Vec::new();
    for (release, object) in old {
        objects.push(object.key.clone());
        if !swept.releases.contains(&release) {
            swept.releases.push(release);
        }
    }
    if let Some(hold) = hold {
        listener(Event::Removing { objects: objects.len() + blobs.len() });
        let removed = |objects| listener(Event::Removed { objects });
        // One after the other: no release is there without its blobs.
        hold.remove(&objects, removed).await?;
        hold.remove(&blobs, removed).await?;
    }
    Ok(swept)
}

/// The blobs that the releases need.
async fn needed(
    store: &Store,
    tenant: &Slug,
    releases: &HashSet<Release>,
    current: &Release,
) -> Result<HashSet<Digest>, StoreError> {
    let read = |release: &Release| {
        let (store, key, is_current) = (store.clone(), layout::binary_manifest(tenant, release), release == current);
        async move {
            match store.get(&key).await? {
                Some(object) => Manifest::known(&object.bytes).map_err(|error| StoreError::malformed(&key, error)),
                None if is_current => Err(StoreError::malformed(&key, "it is gone")),
                // A release without it cannot be served; but what it may need is not guessed at.
                None => Ok(Known::new()),
            }
        }
    };
    let mut needed = HashSet::new();
    at_once(AT_ONCE, releases, read, |known: Known| needed.extend(known.into_keys())).await?;
    Ok(needed)
}

/// The release that a key of the folder of releases belongs to.
fn release_of(key: &str) -> Option<Release> {
    let name = key.rsplit('/').next()?;
    name.split_once('.').and_then(|(name, _)| name.parse().ok())
}
