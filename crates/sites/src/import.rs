//! Taking over tenants of the earlier system, which kept the files of a site below `<tenant>/` in the bucket, under their own
//! names (upstream cloudflare-saas 1.0.8, `deploy_tenant_site`). Each object is read once for its digest and copied within the
//! bucket; nothing of the earlier layout is changed.

use std::sync::{Mutex, PoisonError};

use ring::digest::{Context, SHA256};

use crate::at_once::at_once;
use crate::deploy::{Deployed, Listener, Original, Source, Wishes, look};
use crate::digest::Digest;
use crate::edge::Edge;
use crate::error::SiteError;
use crate::files::{Hashed, Tree, named};
use crate::manifest::Manifest;
use crate::release::Release;
use crate::s3::{Store, StoreError};
use crate::slug::Slug;

/// The folders that are ours, whatever slugs there may be.
const OURS: [&str; 2] = ["platform", "sites"];

/// What came of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// Its files are a release, or were one already.
    Released(Box<Deployed>),
    /// It has a site with another content, which stays.
    Kept {
        /// The live release.
        release: Release,
    },
}

/// The tenants that have files in the earlier layout: the bucket's folders whose names are slugs.
///
/// # Errors
/// When the bucket cannot be listed.
pub async fn earlier(store: &Store) -> Result<Vec<Slug>, SiteError> {
    let folders = store.folders().await?;
    let foreign = folders.iter().filter(|name| !OURS.contains(&name.as_str()));
    Ok(foreign.filter_map(|name| name.parse().ok()).collect())
}

/// What the earlier system left of a tenant, with its rules. A site may have no file.
///
/// # Errors
/// When the bucket cannot be read, or a file cannot be deployed.
pub async fn left(store: &Store, tenant: &Slug) -> Result<Tree, SiteError> {
    if OURS.contains(&tenant.as_str()) {
        return Ok(Tree::default());
    }
    let folder = folder(tenant);
    let listed = store.list(&folder).await?;
    let name = |key: &str| key.strip_prefix(&folder).map(str::to_owned);
    let mut tree = named(listed.iter().filter_map(|object| Some((name(&object.key)?, object.size))))?;
    tree.redirects = rules(store, &format!("{folder}_redirects")).await?;
    tree.headers = rules(store, &format!("{folder}_headers")).await?;
    Ok(tree)
}

/// Makes a release of what the earlier system left, and makes it live where the tenant has no site yet. `hashed` hears the
/// bytes of each object that was read.
///
/// # Errors
/// Those of a deploy, and when an object changes meanwhile.
pub async fn import(
    store: &Store,
    edge: &dyn Edge,
    tenant: &Slug,
    tree: &Tree,
    wishes: &Wishes,
    hashed: &(dyn Fn(u64) + Sync),
    listener: &Listener,
) -> Result<Imported, SiteError> {
    let folder = folder(tenant);
    let files: Vec<_> = tree.files.iter().map(|file| (format!("{folder}{}", &file.path[1..]), file.size)).collect();
    let work = |(at, (key, size)): (usize, (String, u64))| {
        let store = store.clone();
        async move { content(&store, key, size).await.map(|found| (at, found)) }
    };
    let mut found = Vec::with_capacity(files.len());
    at_once(wishes.jobs, files.into_iter().enumerate(), work, |(at, content): (usize, (Hashed, Original))| {
        hashed(content.0.size);
        found.push((at, content));
    })
    .await?;
    found.sort_unstable_by_key(|(at, _)| *at);
    let (contents, originals): (Vec<Hashed>, Vec<Original>) = found.into_iter().map(|(_, content)| content).unzip();
    let manifest = Manifest::new(tree, &contents, wishes.settings.clone());
    let looked = look(store, tenant).await?;
    if let Some(current) = looked.current()
        && current.content != manifest.content_id()
    {
        return Ok(Imported::Kept { release: current.release.clone() });
    }
    let done = looked.release(edge, &manifest, Source::Objects(&originals), wishes, listener).await?;
    Ok(Imported::Released(Box::new(done)))
}

async fn content(store: &Store, key: String, size: u64) -> Result<(Hashed, Original), SiteError> {
    let context = Mutex::new(Context::new(&SHA256));
    let add = |piece: &[u8]| context.lock().unwrap_or_else(PoisonError::into_inner).update(piece);
    let gone = || StoreError::malformed(&key, "it is gone");
    let etag = store.read_through(&key, size, add).await?.ok_or_else(gone)?;
    let context = context.into_inner().unwrap_or_else(PoisonError::into_inner);
    let digest = Digest::from_ring(&context.finish());
    Ok((Hashed { digest, size }, Original { key, etag }))
}

async fn rules(store: &Store, key: &str) -> Result<Option<String>, SiteError> {
    let Some(object) = store.get(key).await? else { return Ok(None) };
    let text = String::from_utf8(object.bytes.to_vec()).map_err(|_| StoreError::malformed(key, "it is not UTF-8"))?;
    Ok(Some(text))
}

fn folder(tenant: &Slug) -> String {
    format!("{tenant}/")
}
