//! The hold on a tenant's folder while something is taken out of it: no deploy and no rollback begins meanwhile, and it is
//! not taken while one is under way.
//!
//! Whoever holds the folder renews the mark as long as it lives. Who finds the mark of another watches it: one that stays as it
//! is belongs to a run that is dead. So no two clocks are compared, and a killed run keeps nobody away for long.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::deploy::{Event, Listener};
use crate::error::SiteError;
use crate::layout;
use crate::marker::is_dead;
use crate::s3::{Body, Condition, Store, StoreError, Written};
use crate::slug::Slug;

/// A mark is renewed so often.
const RENEWED: Duration = Duration::from_secs(5);
/// A mark that stays as it is for so long is a dead run's.
const WATCHED: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_secs(2);
/// So many objects go between two proofs that the hold is still ours.
const AT_ONCE: usize = 4_000;

/// A hold that is ours.
pub(crate) struct Hold {
    tenant: Slug,
    mark: Arc<Mark>,
    /// Renews the mark until the hold is dropped.
    renewal: JoinSet<()>,
    /// The keys of the marks of dead runs.
    pub(crate) dead: Vec<String>,
}

impl Hold {
    /// Takes it. Where a dead run has left its mark, that takes half a minute.
    ///
    /// # Errors
    /// When a deploy is under way, another holds the folder, or the bucket fails.
    pub(crate) async fn take(store: &Store, tenant: &Slug, listener: &Listener) -> Result<Self, SiteError> {
        let key = layout::sweeping(tenant);
        let etag = mark(store, tenant, &key, listener).await?;
        let mark = Arc::new(Mark { store: store.clone(), key, etag: Mutex::new(Some(etag)) });
        let mut renewal = JoinSet::new();
        renewal.spawn(mark.clone().keep());
        let mut hold = Self { tenant: tenant.clone(), mark, renewal, dead: Vec::new() };
        for other in store.list(&layout::all_deploying(tenant)).await? {
            if other.key == hold.mark.key {
                continue;
            }
            if is_dead(&other) {
                hold.dead.push(other.key);
                continue;
            }
            hold.release().await?;
            let name = other.key.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
            let release = name.to_owned();
            return Err(SiteError::Deploying { tenant: tenant.clone(), release, since: other.modified });
        }
        Ok(hold)
    }

    /// Takes objects away, as long as the hold is ours. `removed` hears how many went.
    pub(crate) async fn remove(&mut self, keys: &[String], removed: impl Fn(usize)) -> Result<(), SiteError> {
        for some in keys.chunks(AT_ONCE) {
            // No clock says it: a machine may have slept.
            if !self.mark.renew().await? {
                return Err(SiteError::Sweeping { tenant: self.tenant.clone() });
            }
            self.mark.store.delete_all(some, &removed).await?;
        }
        Ok(())
    }

    /// Lets go.
    pub(crate) async fn release(mut self) -> Result<(), SiteError> {
        {
            // Not in the middle of a renewal, whose answer says what is ours.
            let _quiet = self.mark.etag.lock().await;
            self.renewal.abort_all();
        }
        // There is no conditional removal: another's mark is not to be taken away for ours.
        if self.mark.renew().await? {
            self.mark.store.delete(&self.mark.key).await?;
        }
        Ok(())
    }
}

/// A mark that is ours.
struct Mark {
    store: Store,
    key: String,
    /// `None` when it is another's.
    etag: Mutex<Option<String>>,
}

impl Mark {
    /// Writes the mark anew, where it is ours still.
    async fn renew(&self) -> Result<bool, StoreError> {
        let mut etag = self.etag.lock().await;
        if let Some(known) = &*etag {
            *etag = written(&self.store, &self.key, Condition::Is(known)).await?;
        }
        Ok(etag.is_some())
    }

    /// Renews it again and again. Where that fails, the next time shows whose it is.
    async fn keep(self: Arc<Self>) {
        loop {
            sleep(RENEWED).await;
            let _ = self.renew().await;
        }
    }
}

/// Ends the mark of a run that is dead; whether there is one of a run that lives.
pub(crate) async fn is_held(store: &Store, tenant: &Slug, listener: &Listener) -> Result<bool, SiteError> {
    let key = layout::sweeping(tenant);
    match watched(store, &key, listener).await? {
        Watched::Gone => Ok(false),
        Watched::Alive => Ok(true),
        Watched::Dead(etag) => {
            // First ours, then nobody's: of two who find it dead, one takes it away.
            let is_ours = written(store, &key, Condition::Is(&etag)).await?.is_some();
            if is_ours {
                store.delete(&key).await?;
            }
            Ok(!is_ours)
        }
    }
}

/// Writes the mark where there is none, or a dead one's. Its ETag.
async fn mark(store: &Store, tenant: &Slug, key: &str, listener: &Listener) -> Result<String, SiteError> {
    let held = || SiteError::Sweeping { tenant: tenant.clone() };
    if let Some(etag) = written(store, key, Condition::Absent).await? {
        return Ok(etag);
    }
    match watched(store, key, listener).await? {
        Watched::Gone => written(store, key, Condition::Absent).await?.ok_or_else(held),
        Watched::Alive => Err(held()),
        Watched::Dead(etag) => written(store, key, Condition::Is(&etag)).await?.ok_or_else(held),
    }
}

/// What becomes of a mark.
enum Watched {
    /// It was taken away.
    Gone,
    /// It was renewed.
    Alive,
    /// It stayed as it was: its ETag.
    Dead(String),
}

async fn watched(store: &Store, key: &str, listener: &Listener) -> Result<Watched, StoreError> {
    let Some(first) = store.get(key).await? else { return Ok(Watched::Gone) };
    let begun = Instant::now();
    listener(Event::Watching { longest: WATCHED });
    while begun.elapsed() < WATCHED {
        sleep(LOOK).await;
        match store.get(key).await? {
            None => return Ok(Watched::Gone),
            Some(now) if now.etag != first.etag => return Ok(Watched::Alive),
            Some(_) => {}
        }
    }
    Ok(Watched::Dead(first.etag))
}

/// Writes a mark of its own kind where the condition holds. An attempt whose answer was lost may be what keeps the next one from
/// being made: what lies there says whose it is.
async fn written(store: &Store, key: &str, condition: Condition<'_>) -> Result<Option<String>, StoreError> {
    let now = jiff::Timestamp::now().as_nanosecond().to_string();
    let text = json!({ "v": 1, "by": now, "process": std::process::id() }).to_string();
    let body = Body::bytes(text.clone().into_bytes());
    if let Written::Made(etag) = store.put(key, &body, condition, "application/json").await? {
        return Ok(Some(etag));
    }
    let found = store.get(key).await?;
    Ok(found.filter(|object| object.bytes == text.as_bytes()).map(|object| object.etag))
}
