//! A deploy: upload what is missing, write the manifest, and turn the pointer by one conditional write.

mod copy;
mod run;
mod upload;
mod variants;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) use self::copy::Original;
use self::run::Run;
use crate::current::{self, Current};
use crate::digest::Digest;
use crate::edge::{Edge, EdgeState};
use crate::error::SiteError;
use crate::files::{Hashed, Tree};
use crate::layout;
use crate::manifest::{Known, Manifest, Settings};
use crate::release::Release;
use crate::resume::{Whose, resume};
use crate::s3::{Store, StoreError};
use crate::slug::Slug;
use crate::tenant::around;

/// What was looked at longer ago is looked at again before anything is uploaded.
const FRESH: Duration = Duration::from_secs(1);

/// What is asked of a deploy, beside the files.
#[derive(Debug, Clone)]
pub struct Wishes {
    /// The new release's name.
    pub release: Release,
    /// Now, as RFC 3339 has it.
    pub now: String,
    /// What its maker says of it.
    pub message: Option<String>,
    /// Whether it only becomes reachable at its own host.
    pub preview: bool,
    /// How it is served.
    pub settings: Settings,
    /// How many requests are under way at once, at most.
    pub jobs: usize,
    /// The program, with its version.
    pub tool: String,
}

/// What a deploy did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deployed {
    /// The release that has the content: the live one where nothing had changed.
    pub release: Release,
    /// The content's id.
    pub content: Digest,
    /// How many files it has.
    pub files: usize,
    /// How many blobs were uploaded.
    pub uploaded: usize,
    /// How many bytes these have.
    pub bytes_uploaded: u64,
    /// Whether visitors see it.
    pub live: bool,
    /// Whether the site had this content already.
    pub unchanged: bool,
    /// Whether visitors are told that the site is suspended, whatever is live.
    pub suspended: bool,
    /// Whether the edge knows; `None` where it was not asked.
    pub edge: Option<EdgeState>,
    /// The platform's domain, where there is a platform.
    pub domain: Option<String>,
}

/// What happens meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// So many blobs of so many bytes are to be uploaded.
    Uploading {
        /// How many.
        files: usize,
        /// Of how many bytes together.
        bytes: u64,
    },
    /// One of them has been, or was there.
    Uploaded {
        /// Its size in bytes.
        bytes: u64,
    },
    /// So many bytes are to be fetched.
    Fetching {
        /// How many.
        bytes: u64,
    },
    /// So many have been, or were here.
    Fetched {
        /// How many.
        bytes: u64,
    },
    /// So many objects are to be removed.
    Removing {
        /// How many.
        objects: usize,
    },
    /// Somebody may be taking things out of the tenant's folder: that is watched, for at most so long.
    Watching {
        /// How long.
        longest: Duration,
    },
    /// So many have been.
    Removed {
        /// How many.
        objects: usize,
    },
}

/// Where the contents of a manifest's entries are.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// In files of this tree.
    Folder(&'a Tree),
    /// In objects of the bucket, in the order of the entries.
    Objects(&'a [Original]),
}

/// Hears what happens.
pub type Listener = Arc<dyn Fn(Event) + Send + Sync>;

/// What the bucket had when a deploy began. To look takes a round trip, and reading the files need not wait for it.
pub struct Looked {
    store: Store,
    tenant: Slug,
    before: Option<(Current, String)>,
    at: Instant,
    settled: Option<(Release, String)>,
}

/// Looks at what is live.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn look(store: &Store, tenant: &Slug) -> Result<Looked, SiteError> {
    let (at, before) = (Instant::now(), current::load(store, tenant).await?);
    Ok(Looked { store: store.clone(), tenant: tenant.clone(), before, at, settled: None })
}

/// Deploys the tree, whose contents are in the order of its files, for the tenant.
///
/// # Errors
/// Whatever stops it. Up to the pointer's turn nothing has changed for visitors, and what was uploaded need not be again.
pub async fn deploy(
    store: &Store,
    edge: &dyn Edge,
    tenant: &Slug,
    tree: &Tree,
    contents: &[Hashed],
    wishes: &Wishes,
    listener: &Listener,
) -> Result<Deployed, SiteError> {
    look(store, tenant).await?.deploy(edge, tree, contents, wishes, listener).await
}

impl Looked {
    /// Says which turn is known to have been brought to its end: of which release, and when it went live. Whether the run that
    /// made another one has died on the way is looked at.
    #[must_use]
    pub fn settled(mut self, turn: Option<(Release, String)>) -> Self {
        self.settled = turn;
        self
    }

    /// What [`deploy()`] does, from what was found on.
    ///
    /// # Errors
    /// As those of [`deploy()`].
    pub async fn deploy(
        self,
        edge: &dyn Edge,
        tree: &Tree,
        contents: &[Hashed],
        wishes: &Wishes,
        listener: &Listener,
    ) -> Result<Deployed, SiteError> {
        let manifest = Manifest::new(tree, contents, wishes.settings.clone());
        self.release(edge, &manifest, Source::Folder(tree), wishes, listener).await
    }

    /// Makes a release of the manifest.
    pub(crate) async fn release(
        mut self,
        edge: &dyn Edge,
        manifest: &Manifest,
        source: Source<'_>,
        wishes: &Wishes,
        listener: &Listener,
    ) -> Result<Deployed, SiteError> {
        let content = manifest.content_id();
        if self.found(content).is_none() && self.at.elapsed() > FRESH {
            self = look(&self.store, &self.tenant).await?;
        }
        if let Some(current) = self.found(content) {
            let last = current.history.first();
            let is_settled = self
                .settled
                .as_ref()
                .is_some_and(|(release, at)| last.is_some_and(|live| (release, at) == (&live.release, &live.at)));
            let edge = match is_settled {
                true => None,
                false => resume(&self.store, edge, &self.tenant, current, Whose::Anyones).await?,
            };
            return Ok(Deployed {
                release: current.release.clone(),
                content,
                files: manifest.entries.len(),
                uploaded: 0,
                bytes_uploaded: 0,
                live: true,
                unchanged: true,
                suspended: !current.state.is_live(),
                edge,
                domain: current.domain.clone(),
            });
        }
        let run = Run { looked: &self, edge, source, manifest, content, wishes, listener };
        run.act().await
    }

    /// The pointer, if it has this content.
    fn found(&self, content: Digest) -> Option<&Current> {
        self.current().filter(|current| current.content == content)
    }

    /// The pointer, if there is one.
    pub(crate) fn current(&self) -> Option<&Current> {
        self.before.as_ref().map(|(current, _)| current)
    }
}

/// What a deploy of the tree would upload: how many blobs, and bytes. Nothing is written. `None`: nothing has changed.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn missing(
    store: &Store,
    tenant: &Slug,
    tree: &Tree,
    contents: &[Hashed],
    settings: Settings,
) -> Result<Option<(usize, u64)>, SiteError> {
    let manifest = Manifest::new(tree, contents, settings);
    let before = current::load(store, tenant).await?.map(|(current, _)| current);
    if before.as_ref().is_some_and(|current| current.content == manifest.content_id()) {
        return Ok(None);
    }
    let (around, known) = tokio::try_join!(around(store, tenant, None), known(store, tenant, before.as_ref()))?;
    around.admit(tenant, manifest.entries.len(), manifest.bytes())?;
    let missing = absent(&manifest, &known);
    let bytes = missing.iter().map(|at| manifest.entries[*at].size).sum();
    Ok(Some((missing.len(), bytes)))
}

/// The blobs that the live release has.
async fn known(store: &Store, tenant: &Slug, current: Option<&Current>) -> Result<Known, SiteError> {
    let Some(current) = current else { return Ok(Known::new()) };
    let key = layout::binary_manifest(tenant, &current.release);
    // Without it all is taken for missing: the bucket says what is there.
    let Some(object) = store.get(&key).await? else { return Ok(Known::new()) };
    Ok(Manifest::known(&object.bytes).map_err(|error| StoreError::malformed(&key, error))?)
}

/// The entries whose contents are not among the known, each content once.
fn absent(manifest: &Manifest, known: &Known) -> Vec<usize> {
    let mut seen = HashSet::new();
    let is_new = |digest: Digest| !known.contains_key(&digest);
    let entries = manifest.entries.iter().enumerate();
    entries.filter(|(_, entry)| is_new(entry.digest) && seen.insert(entry.digest)).map(|(at, _)| at).collect()
}
