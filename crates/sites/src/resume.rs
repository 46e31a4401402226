//! Ending what a run that died behind the pointer's turn left undone: the edge was not told, and its mark is still there.

use serde::Deserialize;

use crate::current::Current;
use crate::digest::Digest;
use crate::edge::{self, Edge, EdgeState};
use crate::error::SiteError;
use crate::layout;
use crate::release::Release;
use crate::s3::Store;
use crate::slug::Slug;

/// Whose marks are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Those of any run.
    Anyones,
    /// Those of rollbacks and promotions.
    Switches,
}

#[derive(Deserialize)]
struct Mark {
    release: Release,
    content: Option<Digest>,
}

/// Where a mark says that a run made `current` live and did not get to its end, tells the edge and takes the mark away.
/// `None`: there is no such mark. The run may be alive, and tells the edge the same.
pub(crate) async fn resume(
    store: &Store,
    edge: &dyn Edge,
    tenant: &Slug,
    current: &Current,
    whose: Whose,
) -> Result<Option<EdgeState>, SiteError> {
    let mut found = Vec::new();
    for listed in store.list(&layout::all_deploying(tenant)).await? {
        if listed.key == layout::sweeping(tenant) {
            continue;
        }
        let Some(object) = store.get(&listed.key).await? else { continue };
        let Ok(mark) = serde_json::from_slice::<Mark>(&object.bytes) else { continue };
        let is_wanted = whose == Whose::Anyones || mark.content.is_none();
        if is_wanted && mark.release == current.release {
            found.push(listed.key);
        }
    }
    if found.is_empty() {
        return Ok(None);
    }
    let (_, state) = edge::sync(store, edge, tenant).await?;
    for key in found {
        store.delete(&key).await?;
    }
    Ok(Some(state))
}
