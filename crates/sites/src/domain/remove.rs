//! Removing a domain, on both sides.

use flarekeep_catalogue::ZoneId;
use flarekeep_cloudflare::Client;

use super::{DomainError, Host, registry};
use crate::edge::{Edge, Platform};
use crate::layout;
use crate::s3::Store;

/// Takes a domain from its tenant: the edge forgets it first, then the custom hostname goes, and the registry's row last, so
/// that nobody else can claim what is half gone.
///
/// # Errors
/// When nobody has the domain, or a call fails; the row stays then, and the same call goes on.
pub async fn remove(
    store: &Store,
    client: &Client,
    edge: &dyn Edge,
    platform: &Platform,
    zone: ZoneId,
    host: &Host,
) -> Result<String, DomainError> {
    let row = registry::row(store, host).await?;
    let hostnames = client.custom_hostnames(zone);
    let found = hostnames.list(Some(host.as_str())).await?;
    let Some(row) = row else { return Err(DomainError::Unknown { host: host.clone() }) };
    let forgotten = edge.remove(platform, &layout::kv_host(host.as_str())).await;
    forgotten.map_err(|why| DomainError::Edge { host: host.clone(), why })?;
    for hostname in found {
        hostnames.delete(&hostname.id).await?;
    }
    store.delete(&layout::host(host.as_str())).await?;
    Ok(row.tenant)
}
