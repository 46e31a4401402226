//! A tenant's row of the registry, and what else of the bucket lies around a tenant's own folder.

use serde::{Deserialize, Serialize};

use crate::current::{self, Current, State};
use crate::edge::{self, Edge, EdgeState, Platform};
use crate::error::SiteError;
use crate::layout;
use crate::s3::{Body, Condition, Store, StoreError, Written};
use crate::slug::Slug;

/// So often a row is read again that somebody else wrote meanwhile.
const ATTEMPTS: usize = 5;
/// Why the edge is not told by whoever holds a tenant's own keys.
const HIDDEN: &str = "these keys reach the tenant's folder alone";

/// A tenant's row of the registry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenant {
    /// The version of the form.
    pub v: u8,
    /// Who it is.
    pub tenant: String,
    /// When it was entered, as RFC 3339 has it.
    pub created: String,
    /// What it may have.
    #[serde(default, skip_serializing_if = "Quota::is_none")]
    pub quota: Quota,
    /// Whether its site is served. The pointer has a copy, which the tenant's own keys can write; this one they cannot.
    #[serde(default, skip_serializing_if = "State::is_live")]
    pub state: State,
}

/// What a tenant may have; what is absent has no limit. The tool keeps it: keys of the bucket know no such limits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// The bytes of the files of a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The files of a release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub files: Option<u64>,
    /// The domains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<u64>,
}

impl Quota {
    /// Whether there is no limit.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Refuses a release of so many files and bytes that is more than the tenant may have.
    ///
    /// # Errors
    /// [`SiteError::Quota`], of files before bytes.
    pub fn admit(&self, tenant: &Slug, files: usize, bytes: u64) -> Result<(), SiteError> {
        let files = u64::try_from(files).unwrap_or(u64::MAX);
        for (what, has, most) in [("files", files, self.files), ("bytes", bytes, self.bytes)] {
            if let Some(most) = most.filter(|most| has > *most) {
                return Err(SiteError::Quota { tenant: tenant.clone(), what, has, most });
            }
        }
        Ok(())
    }
}

/// The tenant's row.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn tenant(store: &Store, slug: &Slug) -> Result<Option<Tenant>, StoreError> {
    Ok(load(store, slug).await?.map(|(row, _)| row))
}

/// Enters the tenant in the registry, if it is not there, and gives its row. `now` is the time, as RFC 3339 has it.
///
/// # Errors
/// When the bucket cannot be read or written.
pub async fn register(store: &Store, slug: &Slug, now: &str) -> Result<Tenant, StoreError> {
    let row = Tenant::new(slug, now);
    match write(store, slug, &row, Condition::Absent).await? {
        Written::Made(_) => Ok(row),
        Written::Not => Ok(tenant(store, slug).await?.unwrap_or(row)),
    }
}

/// Changes the tenant's row, which is made where there is none.
///
/// # Errors
/// When others change it all the time, or the bucket fails.
pub async fn change(
    store: &Store,
    slug: &Slug,
    now: &str,
    edit: impl Fn(&mut Tenant) + Send,
) -> Result<Tenant, SiteError> {
    for _ in 0..ATTEMPTS {
        let before = load(store, slug).await?;
        let mut row = before.as_ref().map_or_else(|| Tenant::new(slug, now), |(row, _)| row.clone());
        edit(&mut row);
        let condition = match &before {
            Some((same, _)) if *same == row => return Ok(row),
            Some((_, etag)) => Condition::Is(etag),
            None => Condition::Absent,
        };
        if let Written::Made(_) = write(store, slug, &row, condition).await? {
            return Ok(row);
        }
    }
    Err(SiteError::Contended { tenant: slug.clone() })
}

/// Has the tenant's site served, or not: in the registry, which decides, in the pointer, and at the edge. Stopped anywhere,
/// the same call goes on. Whether the registry said otherwise before, and what the edge knows; `None` where there is no site.
///
/// # Errors
/// When there is no such tenant, when others change its row or its pointer all the time, or when the bucket fails.
pub async fn serve(
    store: &Store,
    edge: &dyn Edge,
    slug: &Slug,
    state: State,
) -> Result<(bool, Option<EdgeState>), SiteError> {
    let Some(before) = tenant(store, slug).await? else { return Err(SiteError::NoSite { tenant: slug.clone() }) };
    let created = before.created;
    change(store, slug, &created, |row| row.state = state).await?;
    let around = around(store, slug, None).await?;
    let is_new = before.state != state;
    for _ in 0..ATTEMPTS {
        let Some((current, etag)) = current::load(store, slug).await? else { return Ok((is_new, None)) };
        let next = Current { state, ..current.clone() };
        if next != current {
            match current::commit(store, slug, Some(&etag), &next).await {
                // A deploy came between: what it wrote is looked at in its turn.
                Err(SiteError::Overtaken { .. }) => continue,
                answer => answer?,
            }
        }
        return Ok((is_new, Some(around.tell(edge, slug, &next).await)));
    }
    Err(SiteError::Contended { tenant: slug.clone() })
}

impl Tenant {
    fn new(slug: &Slug, now: &str) -> Self {
        let (tenant, created) = (slug.to_string(), now.to_owned());
        Self { v: 1, tenant, created, quota: Quota::default(), state: State::Live }
    }
}

async fn load(store: &Store, slug: &Slug) -> Result<Option<(Tenant, String)>, StoreError> {
    let key = layout::tenant(slug);
    let Some(object) = store.get(&key).await? else { return Ok(None) };
    let row = serde_json::from_slice(&object.bytes).map_err(|error| StoreError::malformed(&key, error))?;
    Ok(Some((row, object.etag)))
}

async fn write(store: &Store, slug: &Slug, row: &Tenant, condition: Condition<'_>) -> Result<Written, StoreError> {
    let key = layout::tenant(slug);
    let bytes = serde_json::to_vec(row).map_err(|error| StoreError::malformed(&key, error))?;
    store.put(&key, &Body::bytes(bytes), condition, "application/json").await
}

/// What lies around a tenant's folder. Whoever holds the tenant's own keys sees nothing of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Around {
    pub(crate) platform: Option<Platform>,
    row: Option<Tenant>,
    hidden: bool,
}

/// Reads it, in one turn. A newcomer is entered in the registry, at this time.
pub(crate) async fn around(store: &Store, slug: &Slug, newcomer: Option<&str>) -> Result<Around, SiteError> {
    let row = async {
        match newcomer {
            Some(now) => register(store, slug, now).await.map(Some),
            None => tenant(store, slug).await,
        }
        .map_err(SiteError::from)
    };
    match tokio::try_join!(edge::platform(store), row) {
        Ok((platform, row)) => Ok(Around { platform, row, hidden: false }),
        Err(SiteError::Store(error)) if error.is_refused_credential() => {
            Ok(Around { hidden: true, ..Around::default() })
        }
        Err(error) => Err(error),
    }
}

impl Around {
    /// Whether the tenant is not in the registry, as far as that can be seen.
    pub(crate) fn is_newcomer(&self) -> bool {
        !self.hidden && self.row.is_none()
    }

    /// Refuses what is more than the tenant may have.
    pub(crate) fn admit(&self, tenant: &Slug, files: usize, bytes: u64) -> Result<(), SiteError> {
        self.row.as_ref().map_or(Ok(()), |row| row.quota.admit(tenant, files, bytes))
    }

    /// Says in the pointer what the registry and the platform say; what is hidden stays as it was before.
    pub(crate) fn enter(&self, next: &mut Current, before: Option<&Current>) {
        next.domain = self.domain(before);
        next.state = self.state().unwrap_or(next.state);
    }

    /// The platform's domain.
    pub(crate) fn domain(&self, before: Option<&Current>) -> Option<String> {
        match self.hidden {
            true => before.and_then(|before| before.domain.clone()),
            false => self.platform.as_ref().map(|platform| platform.domain.clone()),
        }
    }

    /// Whether the tenant's site is served, as the registry says, where that can be seen.
    pub(crate) fn state(&self) -> Option<State> {
        (!self.hidden).then(|| self.row.as_ref().map_or(State::Live, |row| row.state))
    }

    /// Tells the edge which release is live.
    pub(crate) async fn tell(&self, edge: &dyn Edge, tenant: &Slug, current: &Current) -> EdgeState {
        match self.hidden {
            true => EdgeState::Behind { why: HIDDEN.to_owned() },
            false => edge::tell(edge, self.platform.as_ref(), tenant, current).await,
        }
    }
}
