//! The pointer: which release is live, and which were. Its one conditional write is what a deploy and a rollback are.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::edge::Platform;
use crate::error::SiteError;
use crate::layout;
use crate::release::Release;
use crate::s3::{Body, Condition, Store, StoreError, Written};
use crate::slug::Slug;

/// So many turns are remembered.
const LONGEST_HISTORY: usize = 100;
/// So many earlier releases serve what open tabs still ask for.
const PREVIOUS: usize = 3;

/// A tenant's pointer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Current {
    /// The version of the format.
    pub v: u8,
    /// Whose it is.
    pub tenant: String,
    /// The live release.
    pub release: Release,
    /// The content's id of the live release.
    pub content: Digest,
    /// Whether it is served.
    pub state: State,
    /// The platform's domain, where there was a platform: it says at which host the site is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The releases that went live, the newest first; one that went live twice stands twice.
    pub history: Vec<Live>,
}

/// Whether a site is served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is.
    #[default]
    Live,
    /// Visitors are told that it is not.
    Suspended,
}

/// A release that went live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Live {
    /// The release.
    pub release: Release,
    /// Its content's id.
    pub content: Digest,
    /// How many files it has.
    pub files: usize,
    /// How many bytes these have.
    pub bytes: u64,
    /// When it went live, as RFC 3339 has it.
    pub at: String,
    /// What its maker said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl State {
    /// Whether the site is served.
    #[must_use]
    pub fn is_live(&self) -> bool {
        *self == Self::Live
    }
}

impl Current {
    /// The pointer after `live` went live.
    #[must_use]
    pub(crate) fn after(before: Option<&Self>, tenant: &Slug, live: Live, platform: Option<&Platform>) -> Self {
        let (release, content) = (live.release.clone(), live.content);
        let earlier = before.map_or(&[][..], |before| &before.history);
        let history = std::iter::once(live).chain(earlier.iter().cloned()).take(LONGEST_HISTORY).collect();
        let state = before.map_or(State::Live, |before| before.state);
        let domain = platform.map(|platform| platform.domain.clone());
        Self { v: 1, tenant: tenant.to_string(), release, content, state, domain, history }
    }

    /// The releases that were live before, the newest first, each once.
    pub fn earlier(&self) -> impl Iterator<Item = &Live> {
        self.history.iter().enumerate().filter_map(|(at, live)| {
            let is_new =
                live.release != self.release && !self.history[..at].iter().any(|other| other.release == live.release);
            is_new.then_some(live)
        })
    }

    /// What the edge has of it: `site:<tenant>`.
    #[must_use]
    pub(crate) fn for_the_edge(&self) -> Vec<u8> {
        let previous: Vec<&Release> = self.earlier().take(PREVIOUS).map(|live| &live.release).collect();
        let site = serde_json::json!({ "v": 1, "release": self.release, "previous": previous, "state": self.state });
        site.to_string().into_bytes()
    }
}

/// The tenant's pointer, with its ETag.
pub(crate) async fn load(store: &Store, tenant: &Slug) -> Result<Option<(Current, String)>, SiteError> {
    let key = layout::current(tenant);
    let Some(object) = store.get(&key).await? else { return Ok(None) };
    let current: Current = serde_json::from_slice(&object.bytes).map_err(|error| StoreError::malformed(&key, error))?;
    Ok(Some((current, object.etag)))
}

/// Makes `next` the pointer, where the one that was read is still there. This is the moment at which visitors see another
/// site: whatever fails before leaves everything as it was.
pub(crate) async fn commit(store: &Store, tenant: &Slug, etag: Option<&str>, next: &Current) -> Result<(), SiteError> {
    let key = layout::current(tenant);
    let bytes = serde_json::to_vec(next).map_err(|error| StoreError::malformed(&key, error))?;
    let condition = etag.map_or(Condition::Absent, Condition::Is);
    let written = store.put(&key, &Body::bytes(bytes), condition, "application/json").await;
    match written {
        Ok(Written::Made(_)) => return Ok(()),
        Ok(Written::Not)
        | Err(StoreError::Lost { may_have_acted: true, .. } | StoreError::Refused { status: 500.., .. }) => {}
        Err(error) => return Err(error.into()),
    }
    // An attempt whose answer was lost may have been the one that did it.
    match load(store, tenant).await? {
        Some((now, _)) if now == *next => Ok(()),
        Some((now, _)) if written.is_ok() || etag.is_none() => {
            Err(SiteError::Overtaken { tenant: tenant.clone(), other: now.release })
        }
        _ => Err(written.err().map_or_else(|| SiteError::NoSite { tenant: tenant.clone() }, SiteError::from)),
    }
}
