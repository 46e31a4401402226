//! Where everything lies: the keys of the bucket and of the edge's KV namespace. A tenant's keys begin with
//! `sites/<tenant>/`: the slash closes the prefix, so credentials of one tenant reach no other's.

use crate::{Release, Slug};

/// What `platform deploy` made, for whoever deploys sites later.
pub const PLATFORM: &str = "platform/platform.json";
/// The registry's folder of tenants.
pub const TENANTS: &str = "platform/tenants/";
/// The registry's folder of hosts.
pub const HOSTS: &str = "platform/hosts/";

/// A tenant's folder.
#[must_use]
pub fn site(tenant: &Slug) -> String {
    format!("sites/{tenant}/")
}

/// The folder of a tenant's blobs.
#[must_use]
pub fn blobs(tenant: &Slug) -> String {
    format!("sites/{tenant}/blobs/")
}

/// The pointer to the live release.
#[must_use]
pub fn current(tenant: &Slug) -> String {
    format!("sites/{tenant}/current.json")
}

/// A release's manifest, for the tool.
#[must_use]
pub fn manifest(tenant: &Slug, release: &Release) -> String {
    format!("sites/{tenant}/releases/{release}.json")
}

/// A release's manifest, for the edge.
#[must_use]
pub fn binary_manifest(tenant: &Slug, release: &Release) -> String {
    format!("sites/{tenant}/releases/{release}.bin")
}

/// The mark of a deploy that is under way.
#[must_use]
pub fn deploying(tenant: &Slug, release: &Release) -> String {
    format!("sites/{tenant}/deploying/{release}.json")
}

/// A tenant's row of the registry.
#[must_use]
pub fn tenant(tenant: &Slug) -> String {
    format!("{TENANTS}{tenant}.json")
}

/// A host's row of the registry. The host is a validated, lower-case one.
#[must_use]
pub fn host(host: &str) -> String {
    format!("{HOSTS}{host}.json")
}

/// The edge's key of a host that is no label of the platform's domain.
#[must_use]
pub fn kv_host(host: &str) -> String {
    format!("host:{host}")
}

/// The edge's key of a tenant's site: which release is live.
#[must_use]
pub fn kv_site(tenant: &Slug) -> String {
    format!("site:{tenant}")
}

/// The edge's key of a release's manifest.
#[must_use]
pub fn kv_manifest(tenant: &Slug, release: &Release) -> String {
    format!("m:{tenant}:{release}")
}
