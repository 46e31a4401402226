//! Where everything lies: the keys of the bucket and of the edge's KV namespace. A tenant's keys begin with
//! `sites/<tenant>/`: the slash closes the prefix, so credentials of one tenant reach no other's.

use crate::{Release, Slug};

/// The folder of all tenants' sites.
pub const SITES: &str = "sites/";
/// The folder of what is said about tenants, hosts and the platform.
pub const REGISTRY: &str = "platform/";
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

/// The mark of a rollback or a promotion that is under way.
#[must_use]
pub fn switching(tenant: &Slug, release: &Release) -> String {
    format!("sites/{tenant}/deploying/{release}.switch.json")
}

/// The folder of the marks of deploys that are under way.
#[must_use]
pub fn all_deploying(tenant: &Slug) -> String {
    format!("sites/{tenant}/deploying/")
}

/// The mark of a sweep that is under way: a deploy that sees it waits for another time.
#[must_use]
pub fn sweeping(tenant: &Slug) -> String {
    format!("sites/{tenant}/deploying/sweep.json")
}

/// The folder of a tenant's releases.
#[must_use]
pub fn releases(tenant: &Slug) -> String {
    format!("sites/{tenant}/releases/")
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
