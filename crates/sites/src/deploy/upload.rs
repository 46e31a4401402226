//! The uploads: so many at once, each blob written but where there is none.
//!
//! A first deploy begins with them before it knows that no sweep is under way. What went up so early is proved afterwards: a
//! list of the blobs, made when the mark is set, shows whether each is still there, and what is not goes up again.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::run::blobs;
use super::{Event, Listener};
use crate::at_once::at_once;
use crate::digest::Digest;
use crate::error::SiteError;
use crate::files::{Refusal, Tree};
use crate::layout;
use crate::manifest::Manifest;
use crate::s3::{Body, Condition, Store, StoreError, Written};
use crate::slug::Slug;

/// What goes up early has at most so many bytes: a killed deploy's blobs may be there already, and are sent in vain then.
const SMALL: u64 = 64 << 10;
/// So many go up early at most, for each of those at once: the mark takes two round trips.
const EARLY: usize = 3;

/// What was uploaded.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Done {
    pub(super) blobs: usize,
    pub(super) bytes: u64,
}

/// Uploads that are under way.
pub(super) struct Upload(Arc<Job>);

struct Blob {
    digest: Digest,
    size: u64,
    path: String,
}

struct Job {
    store: Store,
    tenant: Slug,
    root: PathBuf,
    /// `sites/<tenant>/blobs/`.
    folder: String,
    blobs: Vec<Blob>,
    workers: usize,
    /// So many of the first blobs need not wait for the mark.
    early: usize,
    /// What killed deploys have left; set when the mark is.
    there: OnceLock<HashSet<Digest>>,
    /// The blobs that went up before that.
    unproved: Mutex<Vec<usize>>,
    state: watch::Sender<State>,
    next: AtomicUsize,
    made: AtomicUsize,
    bytes: AtomicU64,
    stopped: AtomicBool,
    failure: Mutex<Option<SiteError>>,
    listener: Listener,
}

#[derive(Default)]
struct State {
    /// Whether the tenant may have so much: the first may go.
    admitted: bool,
    /// Whether the mark is set.
    open: bool,
    /// Whether every blob has a worker.
    taken: bool,
    /// How many of those that began before the mark was set have not arrived.
    flying: usize,
}

impl Upload {
    /// Of the contents of the manifest's entries at `missing`, `jobs` at once; `early` says whether the first may go before
    /// [`Self::open`], from [`Self::admit`] on.
    #[allow(clippy::too_many_arguments, reason = "each is one thing, and there is one caller")]
    pub(super) fn new(
        store: &Store,
        tenant: &Slug,
        tree: &Tree,
        manifest: &Manifest,
        missing: Vec<usize>,
        jobs: usize,
        early: bool,
        listener: &Listener,
    ) -> Self {
        let blob = |at: usize| {
            let entry = &manifest.entries[at];
            Blob { digest: entry.digest, size: entry.size, path: entry.path.clone() }
        };
        let workers = jobs.clamp(1, 512).min(missing.len());
        let mut blobs: Vec<Blob> = missing.into_iter().map(blob).collect();
        // The largest first: none of them is left alone at the end. Before them a few small ones.
        let mut left = if early { workers * EARLY } else { 0 };
        blobs.sort_by_cached_key(|blob| {
            let is_early = left > 0 && blob.size <= SMALL;
            left -= usize::from(is_early);
            (!is_early, std::cmp::Reverse(blob.size >> 20))
        });
        let early = if early { workers * EARLY - left } else { 0 };
        listener(Event::Uploading { files: blobs.len(), bytes: blobs.iter().map(|blob| blob.size).sum() });
        Self(Arc::new(Job {
            store: store.clone(),
            tenant: tenant.clone(),
            root: tree.root.clone(),
            folder: layout::blobs(tenant),
            state: watch::Sender::new(State { taken: blobs.is_empty(), ..State::default() }),
            blobs,
            workers,
            early,
            there: OnceLock::new(),
            unproved: Mutex::default(),
            next: AtomicUsize::new(0),
            made: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
            failure: Mutex::new(None),
            listener: listener.clone(),
        }))
    }

    /// Uploads all, and ends at the first failure when those under way have ended. Dropped, it ends at once.
    pub(super) async fn run(&self) -> Result<Done, SiteError> {
        let job = &self.0;
        let mut set = JoinSet::new();
        for _ in 0..job.workers {
            set.spawn(job.clone().work());
        }
        set.join_all().await;
        match job.failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(failure) => Err(failure),
            None => Ok(Done { blobs: job.made.load(Ordering::Relaxed), bytes: job.bytes.load(Ordering::Relaxed) }),
        }
    }

    /// Lets the first go: the tenant may have so much.
    pub(super) fn admit(&self) {
        self.0.state.send_modify(|state| state.admitted = true);
    }

    /// Lets the rest go: the mark is set, and `there` is what need not be uploaded.
    pub(super) fn open(&self, there: HashSet<Digest>) {
        let _ = self.0.there.set(there);
        self.0.state.send_modify(|state| state.open = true);
    }

    /// Waits until every blob is under way.
    pub(super) async fn all_taken(&self) {
        let _ = self.0.state.subscribe().wait_for(|state| state.taken).await;
    }

    /// Sees to it that what went up before the mark was set is there.
    pub(super) async fn prove(&self) -> Result<(), SiteError> {
        let job = &self.0;
        let _ = job.state.subscribe().wait_for(|state| state.open && state.flying == 0).await;
        let early = std::mem::take(&mut *job.unproved.lock().unwrap_or_else(PoisonError::into_inner));
        if early.is_empty() {
            return Ok(());
        }
        let there = blobs(&job.store, &job.tenant).await?;
        let lost = early.into_iter().filter(|at| !there.contains(&job.blobs[*at].digest));
        let again = |at: usize| {
            let job = job.clone();
            async move { job.send(&job.blobs[at]).await }
        };
        at_once(job.workers, lost, again, drop).await
    }
}

impl Job {
    /// Uploads one blob after the other until there is none, or something failed.
    async fn work(self: Arc<Self>) {
        while !self.stopped.load(Ordering::Relaxed) {
            let at = self.next.fetch_add(1, Ordering::Relaxed);
            if at + 1 == self.blobs.len() {
                self.state.send_modify(|state| state.taken = true);
            }
            let Some(blob) = self.blobs.get(at) else { return };
            let is_early = self.begin(at).await;
            let known = self.there.get().is_some_and(|there| there.contains(&blob.digest));
            let sent = if known { Ok(false) } else { self.send(blob).await };
            if is_early {
                self.unproved.lock().unwrap_or_else(PoisonError::into_inner).push(at);
                self.state.send_modify(|state| state.flying -= 1);
            }
            match sent {
                Ok(made) => {
                    if made {
                        self.made.fetch_add(1, Ordering::Relaxed);
                        self.bytes.fetch_add(blob.size, Ordering::Relaxed);
                    }
                    (self.listener)(Event::Uploaded { bytes: blob.size });
                }
                Err(error) => {
                    self.stopped.store(true, Ordering::Relaxed);
                    self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        }
    }

    /// Waits until the blob may go; whether it goes before the mark is set.
    async fn begin(&self, at: usize) -> bool {
        if self.there.get().is_some() {
            return false;
        }
        let mut is_early = false;
        if at < self.early {
            let _ = self.state.subscribe().wait_for(|state| state.admitted || state.open).await;
            self.state.send_modify(|state| {
                is_early = !state.open;
                state.flying += usize::from(is_early);
            });
        } else {
            let _ = self.state.subscribe().wait_for(|state| state.open).await;
        }
        is_early
    }

    /// Whether the blob was not there.
    async fn send(&self, blob: &Blob) -> Result<bool, SiteError> {
        let place = self.root.join(blob.path.trim_start_matches('/'));
        let changed = || SiteError::File(Refusal::Changed { path: blob.path.clone() });
        // The bucket refuses a body that is not what its name says: a file that changed is never served.
        let body = Body::file(place, blob.size, blob.digest).map_err(|_| changed())?;
        let key = format!("{}{}", self.folder, blob.digest);
        match self.store.put(&key, &body, Condition::Absent, "application/octet-stream").await {
            Ok(written) => Ok(matches!(written, Written::Made(_))),
            Err(StoreError::Changed) => Err(changed()),
            Err(error) => Err(error.into()),
        }
    }
}
