//! The mark of a change that is under way. A deploy writes its mark and then looks for a sweep's; a sweep writes its mark and
//! then looks for a deploy's: the bucket is strongly consistent, so at least one of them sees the other, and gives way.

use std::sync::Arc;

use jiff::{Span, Timestamp};
use serde::Deserialize;
use serde_json::json;

use crate::deploy::Listener;
use crate::digest::Digest;
use crate::error::SiteError;
use crate::hold::is_held;
use crate::layout;
use crate::release::Release;
use crate::s3::{Body, Condition, Listed, Store};
use crate::slug::Slug;

/// A mark that is older belongs to a run that is dead: a sweep takes it away.
const OLDEST_HOURS: i64 = 24;

/// A mark that was set.
pub(crate) struct Marker {
    key: String,
    /// The keys of other deploys' marks, living or killed.
    pub(crate) others: Vec<String>,
}

impl Marker {
    /// Marks that a deploy of `release` is under way, and looks for others. As long as the mark is there, a release that was
    /// never live is not taken for a whole one.
    pub(crate) async fn deploying(
        store: &Store,
        tenant: &Slug,
        release: &Release,
        content: Digest,
        listener: &Listener,
    ) -> Result<Self, SiteError> {
        Self::set(store, tenant, layout::deploying(tenant, release), release, Some(content), listener).await
    }

    /// Marks that `release` is to be live, and looks for others.
    pub(crate) async fn switching(store: &Store, tenant: &Slug, release: &Release) -> Result<Self, SiteError> {
        let silent: Listener = Arc::new(|_| {});
        Self::set(store, tenant, layout::switching(tenant, release), release, None, &silent).await
    }

    async fn set(
        store: &Store,
        tenant: &Slug,
        key: String,
        release: &Release,
        content: Option<Digest>,
        listener: &Listener,
    ) -> Result<Self, SiteError> {
        let text = json!({ "v": 1, "release": release, "content": content }).to_string();
        store.put(&key, &Body::bytes(text.into_bytes()), Condition::Always, "application/json").await?;
        let all = store.list(&layout::all_deploying(tenant)).await?;
        let sweep = layout::sweeping(tenant);
        // Our mark is there: whoever sweeps from now on gives way.
        if all.iter().any(|mark| mark.key == sweep) && is_held(store, tenant, listener).await? {
            store.delete(&key).await?;
            return Err(SiteError::Sweeping { tenant: tenant.clone() });
        }
        let others = all.into_iter().map(|mark| mark.key).filter(|other| *other != key && *other != sweep).collect();
        Ok(Self { key, others })
    }

    /// Takes the mark away, and those of killed deploys of the same content, which has gone live now: all that they would
    /// keep a sweep from is kept by the live release.
    pub(crate) async fn fulfil(self, store: &Store, content: Digest) {
        #[derive(Deserialize)]
        struct Mark {
            content: Option<Digest>,
        }
        for other in &self.others {
            let Ok(Some(object)) = store.get(other).await else { continue };
            let mark: Option<Mark> = serde_json::from_slice(&object.bytes).ok();
            if mark.is_some_and(|mark| mark.content == Some(content)) {
                let _ = store.delete(other).await;
            }
        }
        // That it stays is no harm: the next sweep sees that it is old.
        let _ = self.clear(store).await;
    }

    /// Takes the mark away.
    pub(crate) async fn clear(self, store: &Store) -> Result<(), SiteError> {
        Ok(store.delete(&self.key).await?)
    }
}

/// The release of a deploy's mark; none of other marks.
pub(crate) fn deployed_by(key: &str) -> Option<Release> {
    key.rsplit('/').next()?.strip_suffix(".json")?.parse().ok()
}

/// Whether the deploy or rollback that set it has been dead for long.
pub(crate) fn is_dead(mark: &Listed) -> bool {
    is_older(mark, OLDEST_HOURS)
}

/// Whether the object was written more than so many hours ago.
pub(crate) fn is_older(object: &Listed, hours: i64) -> bool {
    let limit = Timestamp::now().checked_sub(Span::new().hours(hours));
    match (object.modified.parse::<Timestamp>(), limit) {
        (Ok(modified), Ok(limit)) => modified < limit,
        // What has no readable time is taken for young: nothing is removed that may be needed.
        _ => false,
    }
}
