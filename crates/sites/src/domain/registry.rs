//! Which domain is whose.

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::DomainError;
use super::host::Host;
use crate::layout;
use crate::s3::{Body, Condition, Store, StoreError, Written};
use crate::slug::Slug;

/// So many rows are read at once.
const AT_ONCE: usize = 32;

/// A domain's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// The version of the form.
    pub v: u32,
    /// The domain.
    pub host: String,
    /// Whose it is.
    pub tenant: String,
    /// When it was made, as RFC 3339 has it.
    pub created: String,
}

/// All rows, or those of one tenant, by name.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn rows(store: &Store, tenant: Option<&Slug>) -> Result<Vec<Row>, StoreError> {
    let mut rows: Vec<Row> = Vec::new();
    for some in store.list(layout::HOSTS).await?.chunks(AT_ONCE) {
        let mut set = JoinSet::new();
        for listed in some {
            let (store, key) = (store.clone(), listed.key.clone());
            set.spawn(async move {
                let object = store.get(&key).await?;
                object.map(|object| read(&key, &object.bytes)).transpose()
            });
        }
        for row in set.join_all().await {
            rows.extend(row?.filter(|row: &Row| tenant.is_none_or(|tenant| row.tenant == tenant.as_str())));
        }
    }
    rows.sort_by(|one, other| one.host.cmp(&other.host));
    Ok(rows)
}

/// The row of a domain.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn row(store: &Store, host: &Host) -> Result<Option<Row>, StoreError> {
    let key = layout::host(host.as_str());
    let object = store.get(&key).await?;
    object.map(|object| read(&key, &object.bytes)).transpose()
}

/// Makes the domain the tenant's, unless it is somebody's already. Whether it was nobody's.
pub(super) async fn claim(store: &Store, host: &Host, tenant: &Slug, now: &str) -> Result<bool, DomainError> {
    let row = Row { v: 1, host: host.to_string(), tenant: tenant.to_string(), created: now.to_owned() };
    let key = layout::host(host.as_str());
    let bytes = serde_json::to_vec(&row).map_err(|error| StoreError::malformed(&key, error))?;
    match store.put(&key, &Body::bytes(bytes), Condition::Absent, "application/json").await? {
        Written::Made(_) => Ok(true),
        Written::Not => match self::row(store, host).await? {
            Some(row) if row.tenant != tenant.as_str() => {
                Err(DomainError::Taken { host: host.clone(), tenant: row.tenant })
            }
            // Ours from an earlier run, or gone in this moment: whoever comes next claims it anew.
            _ => Ok(false),
        },
    }
}

fn read(key: &str, bytes: &[u8]) -> Result<Row, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::malformed(key, error))
}
