//! Which turn of the pointer this machine has brought to its end. As long as that is the last one, nobody looks whether the run
//! that made it has died on the way: a request less where nothing has changed. Others do look, as does who has lost the note.

use std::fs;
use std::path::PathBuf;

use flarekeep_sites::s3::Store;
use flarekeep_sites::{Deployed, EdgeState, Release, Slug};

use crate::environment::state_folder;

/// The turn that was noted last: the release, whose id is one of a kind in all buckets of this name, and when it went live.
pub(super) fn noted(store: &Store, tenant: &Slug) -> Option<(Release, String)> {
    let text = fs::read_to_string(place(store, tenant)?).ok()?;
    let (release, at) = text.split_once(' ')?;
    Some((release.parse().ok()?, at.to_owned()))
}

/// Notes a turn that was made at `at` and is at its end. That it cannot be noted costs a request the next time.
pub(super) fn note(store: &Store, tenant: &Slug, done: &Deployed, at: &str) {
    let is_behind = matches!(done.edge, Some(EdgeState::Behind { .. }));
    if !done.live || done.unchanged || is_behind {
        return;
    }
    if let Some(place) = place(store, tenant)
        && let Some(folder) = place.parent()
    {
        let _ = fs::create_dir_all(folder).and_then(|()| fs::write(&place, format!("{} {at}", done.release)));
    }
}

fn place(store: &Store, tenant: &Slug) -> Option<PathBuf> {
    let name = format!("{}.{tenant}", store.bucket());
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    is_plain.then(|| Some(state_folder()?.join("settled").join(name)))?
}
