//! States that are kept to go back to: the seeded one, and those that were named.
//!
//! A state shares what it leaves alone with the one it was copied from, so that a snapshot costs what changes after it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::{Body, bad};
use crate::emulator::Inner;
use crate::http::{ApiError, OWN_NOT_THERE};
use crate::products::{audit_logs, timestamp};
use crate::state::State;

/// How many snapshots are kept at most.
const MOST: usize = 64;

/// The snapshots by their names.
#[derive(Debug, Default)]
pub(crate) struct Snapshots(Mutex<BTreeMap<String, Snapshot>>);

#[derive(Debug)]
struct Snapshot {
    state: Arc<State>,
    taken_at: i64,
}

impl Snapshots {
    pub(super) fn show(&self) -> Value {
        let snapshots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.iter().map(|(name, one)| json!({"name": name, "taken_at": timestamp(one.taken_at)})).collect()
    }

    /// Keeps the state as it is now, in place of a snapshot of the same name. Without a name it gets a number.
    pub(super) fn take(&self, emulator: &Inner, body: &Body) -> Result<Value, ApiError> {
        body.only(&["name"])?;
        let mut snapshots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = match body.text("name")? {
            Some(name) if super::is_name(name) => name.to_owned(),
            Some(_) => {
                return Err(bad("the `name` of a snapshot has 1 to 64 letters, digits, dots, hyphens or underscores"));
            }
            // Of more names than there are snapshots one is free.
            None => {
                (1..=MOST + 1).map(|n| format!("snapshot-{n}")).find(|n| !snapshots.contains_key(n)).unwrap_or_default()
            }
        };
        if snapshots.len() >= MOST && !snapshots.contains_key(&name) {
            return Err(bad(&format!("there are {MOST} snapshots, and no more are kept: delete some")));
        }
        let taken_at = emulator.now().0;
        snapshots.insert(name.clone(), Snapshot { state: Arc::new(audit_logs::apart(&emulator.state())), taken_at });
        Ok(json!({"name": name, "taken_at": timestamp(taken_at)}))
    }

    /// The state of a snapshot.
    pub(super) fn state(&self, name: &str) -> Result<Arc<State>, ApiError> {
        let snapshots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots.get(name).map(|one| one.state.clone()).ok_or_else(|| missing(name))
    }

    /// Forgets one, or all.
    pub(super) fn remove(&self, name: Option<&str>) -> Result<Value, ApiError> {
        let mut snapshots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match name {
            None => snapshots.clear(),
            Some(name) => drop(snapshots.remove(name).ok_or_else(|| missing(name))?),
        }
        Ok(json!({}))
    }
}

fn missing(name: &str) -> ApiError {
    let name = crate::log::printable(name, 64);
    ApiError::new(404, OWN_NOT_THERE, format!("there is no snapshot `{name}`"))
}
