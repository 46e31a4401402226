//! The edge's copy: what the router Worker reads from KV. R2 decides; a copy that is behind is written again.

use std::sync::atomic::{AtomicU64, Ordering};

use flarekeep_cloudflare::{Client, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::current::{self, Current};
use crate::error::SiteError;
use crate::layout;
use crate::release::Release;
use crate::s3::{BoxFuture, Store, StoreError};
use crate::slug::Slug;
use crate::tenant::{around, register};

/// What `platform deploy` made, as the bucket has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// The version of the format.
    pub v: u8,
    /// The domain that tenants' hosts are labels of.
    pub domain: String,
    /// Its zone.
    pub zone_id: String,
    /// The account.
    pub account_id: String,
    /// The namespace that the router reads.
    pub kv_namespace_id: String,
    /// The router's name.
    pub worker: String,
    /// The bucket that holds this.
    #[serde(default)]
    pub bucket: String,
    /// Where by law it lies.
    #[serde(default)]
    pub jurisdiction: String,
    /// The patterns of the exceptions that were made from the router's route.
    #[serde(default)]
    pub excluded: Vec<String>,
}

impl Platform {
    /// Reads it.
    ///
    /// # Errors
    /// When it is none, or of a later form.
    pub fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let platform: Self = serde_json::from_slice(bytes)?;
        if platform.v == 1 {
            return Ok(platform);
        }
        Err(serde::de::Error::custom(format!("it has the form {}, and this program knows 1", platform.v)))
    }
}

/// The edge's store of small values.
pub trait Edge: Send + Sync {
    /// Writes a value.
    ///
    /// # Errors
    /// Why it was not written, in words.
    fn write<'a>(&'a self, platform: &'a Platform, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), String>>;

    /// Removes a value.
    ///
    /// # Errors
    /// Why it was not removed, in words.
    fn remove<'a>(&'a self, platform: &'a Platform, key: &'a str) -> BoxFuture<'a, Result<(), String>>;
}

/// Whether the edge knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EdgeState {
    /// It has been told, and shows it within a minute (docs: kv/concepts/how-kv-works).
    Told,
    /// There is no platform in the bucket, and nobody to tell.
    NoPlatform,
    /// It could not be told.
    Behind {
        /// Why, in words.
        why: String,
    },
}

/// Workers KV, through Cloudflare's API.
#[derive(Debug)]
pub struct KvEdge {
    client: Client,
    calls: AtomicU64,
}

impl KvEdge {
    /// Through this client.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self { client, calls: AtomicU64::new(0) }
    }

    /// How many calls were made.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    async fn done(&self, request: flarekeep_cloudflare::Request) -> Result<(), String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        request.done().await.map_err(|error| error.to_string())
    }

    fn path(platform: &Platform, key: &str) -> String {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        format!(
            "/accounts/{}/storage/kv/namespaces/{}/values/{}",
            encoded(&platform.account_id),
            encoded(&platform.kv_namespace_id),
            encoded(key)
        )
    }
}

impl Edge for KvEdge {
    fn write<'a>(&'a self, platform: &'a Platform, key: &'a str, value: Vec<u8>) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            let request = self.client.request(Method::PUT, &Self::path(platform, key));
            self.done(request.body("application/octet-stream", value)).await
        })
    }

    fn remove<'a>(&'a self, platform: &'a Platform, key: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move { self.done(self.client.request(Method::DELETE, &Self::path(platform, key))).await })
    }
}

/// The platform that the bucket belongs to, if one has been deployed.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn platform(store: &Store) -> Result<Option<Platform>, SiteError> {
    let Some(object) = store.get(layout::PLATFORM).await? else { return Ok(None) };
    let platform = Platform::read(&object.bytes).map_err(|error| StoreError::malformed(layout::PLATFORM, error))?;
    Ok(Some(platform))
}

/// Tells the edge of a release's files, before it is live: the edge has them when its pointer names them. That it fails is
/// no harm: the router reads the bucket then.
pub(crate) async fn tell_of_files(
    edge: &dyn Edge,
    platform: Option<&Platform>,
    tenant: &Slug,
    release: &Release,
    manifest: Vec<u8>,
) {
    if let Some(platform) = platform {
        let _ = edge.write(platform, &layout::kv_manifest(tenant, release), manifest).await;
    }
}

/// Removes the edge's copies of the files of releases that are gone: nothing asks for them any more.
///
/// # Errors
/// Why one was not removed, in words. It costs its storage, and no more.
pub async fn forget(store: &Store, edge: &dyn Edge, tenant: &Slug, releases: &[Release]) -> Result<(), String> {
    let platform = platform(store).await.map_err(|error| error.to_string())?;
    let Some(platform) = platform else { return Ok(()) };
    for release in releases {
        edge.remove(&platform, &layout::kv_manifest(tenant, release)).await?;
    }
    Ok(())
}

/// Tells the edge which release is live.
pub(crate) async fn tell(edge: &dyn Edge, platform: Option<&Platform>, tenant: &Slug, current: &Current) -> EdgeState {
    let Some(platform) = platform else { return EdgeState::NoPlatform };
    match edge.write(platform, &layout::kv_site(tenant), current.for_the_edge()).await {
        Ok(()) => EdgeState::Told,
        Err(why) => EdgeState::Behind { why },
    }
}

/// Looks, when the edge has been told of `told`, whether that is still live, and tells it again where it is not. Of two who
/// turn the pointer one after the other, the first may be the last to tell the edge, which knows no conditions; whoever tells
/// it last looks last, and finds what is live.
pub(crate) async fn settle(
    store: &Store,
    edge: &dyn Edge,
    tenant: &Slug,
    told: &Current,
    state: EdgeState,
) -> EdgeState {
    if state != EdgeState::Told {
        return state;
    }
    let behind = |error: SiteError| EdgeState::Behind { why: error.to_string() };
    match is_live(store, tenant, told).await {
        Ok(true) => state,
        Ok(false) => sync(store, edge, tenant).await.map_or_else(behind, |(_, state)| state),
        Err(error) => behind(error),
    }
}

/// Whether nobody has turned the pointer since.
async fn is_live(store: &Store, tenant: &Slug, told: &Current) -> Result<bool, SiteError> {
    let now = current::load(store, tenant).await?;
    Ok(now.is_none_or(|(now, _)| now.release == told.release && now.history == told.history))
}

/// Makes the edge's copy what the bucket says: the live release's files, and which one it is.
///
/// # Errors
/// When there is no site, or the bucket cannot be read.
pub async fn sync(store: &Store, edge: &dyn Edge, tenant: &Slug) -> Result<(Release, EdgeState), SiteError> {
    let none = || SiteError::NoSite { tenant: tenant.clone() };
    loop {
        let (mut current, _) = current::load(store, tenant).await?.ok_or_else(none)?;
        let around = around(store, tenant, None).await?;
        let platform = around.platform.as_ref();
        // The registry decides whether a site is served: the pointer can be written with the tenant's own keys.
        current.state = around.state().unwrap_or(current.state);
        if around.is_newcomer() {
            // Its first deploy was made with its own keys, which do not reach the registry.
            register(store, tenant, &jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).await?;
        }
        if platform.is_some()
            && let Some(manifest) = store.get(&layout::binary_manifest(tenant, &current.release)).await?
        {
            tell_of_files(edge, platform, tenant, &current.release, manifest.bytes.to_vec()).await;
        }
        let state = around.tell(edge, tenant, &current).await;
        if state != EdgeState::Told || is_live(store, tenant, &current).await? {
            return Ok((current.release, state));
        }
    }
}
