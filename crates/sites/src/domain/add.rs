//! Adding a domain.

use flarekeep_catalogue::ZoneId;
use flarekeep_cloudflare::{Client, CustomHostname, Error, NewCustomHostname, NewHostnameSsl};
use serde_json::json;

use super::state::{Stand, stand_of};
use super::{DomainError, Host, registry};
use crate::edge::{Edge, Platform};
use crate::layout;
use crate::s3::Store;
use crate::slug::Slug;

/// Cloudflare's code for a custom hostname that exists.
const DUPLICATE: i64 = 1_406;

/// A domain that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// How it stands.
    pub stand: Stand,
    /// Whether the custom hostname is new.
    pub is_new: bool,
}

/// What was looked at before a domain is added: nothing speaks against it.
#[derive(Debug, Clone)]
pub struct Ready {
    /// Whether the tenant is in the registry.
    is_known: bool,
    /// The custom hostname, where it is there.
    found: Option<CustomHostname>,
}

/// Looks whether the domain can be the tenant's, who need not be in the registry yet. Nothing is written.
///
/// # Errors
/// When the domain is another tenant's or the platform's own, when the tenant has all that it may have, when there is no
/// room, or when a call fails.
pub async fn ready(
    store: &Store,
    client: &Client,
    platform: &Platform,
    zone: ZoneId,
    (host, tenant): (&Host, &Slug),
) -> Result<Ready, DomainError> {
    if host.is_wildcard() {
        return Err(DomainError::Wildcard { host: host.clone() });
    }
    if host.is_within(&platform.domain) {
        return Err(DomainError::Own { host: host.clone(), domain: platform.domain.clone() });
    }
    let hostnames = client.custom_hostnames(zone);
    let (known, row, found) = tokio::try_join!(
        async { Ok::<_, DomainError>(crate::tenant::tenant(store, tenant).await?) },
        async { Ok(registry::row(store, host).await?) },
        async { Ok(hostnames.list(Some(host.as_str())).await?.into_iter().next()) },
    )?;
    match row {
        Some(row) if row.tenant != tenant.as_str() => {
            return Err(DomainError::Taken { host: host.clone(), tenant: row.tenant });
        }
        Some(_) => {}
        None => {
            if let Some(most) = known.as_ref().and_then(|row| row.quota.hosts) {
                let has = u64::try_from(registry::rows(store, Some(tenant)).await?.len()).unwrap_or(u64::MAX);
                if has >= most {
                    return Err(DomainError::Quota { tenant: tenant.clone(), has, most });
                }
            }
        }
    }
    if found.is_none() {
        refuse_full(client, zone).await?;
    }
    Ok(Ready { is_known: known.is_some(), found })
}

/// Makes a domain the tenant's: the registry's row, the custom hostname, and the edge's key. Whoever was stopped calls it
/// again. `now` is RFC 3339.
///
/// # Errors
/// Those of [`ready`], and when there is no such tenant.
pub async fn add(
    store: &Store,
    client: &Client,
    edge: &dyn Edge,
    platform: &Platform,
    zone: ZoneId,
    (host, tenant): (&Host, &Slug),
    now: &str,
) -> Result<Added, DomainError> {
    let ready = ready(store, client, platform, zone, (host, tenant)).await?;
    if !ready.is_known {
        return Err(DomainError::NoTenant { tenant: tenant.clone() });
    }
    let is_claimed_now = registry::claim(store, host, tenant, now).await?;
    let is_new = ready.found.is_none();
    let hostname = match ready.found {
        Some(found) => found,
        None => match create(client, zone, host).await {
            Err(error) if is_claimed_now && is_refusal(&error) => {
                // Nobody else shall find it taken by somebody who does not have it.
                store.delete(&layout::host(host.as_str())).await?;
                return Err(error.into());
            }
            answer => answer?,
        },
    };
    let row = json!({ "v": 1, "tenant": tenant.as_str() }).to_string().into_bytes();
    let told = edge.write(platform, &layout::kv_host(host.as_str()), row).await;
    told.map_err(|why| DomainError::Edge { host: host.clone(), why })?;
    let target = target(platform);
    Ok(Added { stand: stand_of(Some(&hostname), host, &target), is_new })
}

/// Where customers' domains point to.
pub(super) fn target(platform: &Platform) -> String {
    format!("customers.{}", platform.domain)
}

async fn create(client: &Client, zone: ZoneId, host: &Host) -> Result<CustomHostname, Error> {
    let hostnames = client.custom_hostnames(zone);
    let ssl = NewHostnameSsl { method: "http".to_owned(), ..NewHostnameSsl::default() };
    let new = NewCustomHostname { hostname: host.to_string(), ssl, custom_metadata: None };
    match hostnames.create(&new).await {
        Err(error) if error.has_code(DUPLICATE) => {
            // Made by an attempt whose answer was lost; or in a zone of somebody else's.
            let again = hostnames.list(Some(host.as_str())).await?.into_iter().next();
            again.ok_or(error)
        }
        answer => answer,
    }
}

/// Whether Cloudflare said no, so that nothing was made.
fn is_refusal(error: &Error) -> bool {
    error.status().is_some_and(|status| (400..500).contains(&status) && status != 429)
}

async fn refuse_full(client: &Client, zone: ZoneId) -> Result<(), DomainError> {
    // New, and not open to every token: what it does not say, making the hostname will.
    let Ok(quota) = client.hostname_quota(zone).await else { return Ok(()) };
    match quota.hard_cap {
        Some(cap) if quota.used >= cap => Err(DomainError::Full { used: quota.used }),
        _ => Ok(()),
    }
}
