//! The processes that run: one for each version of a Worker in use, started by the first request for it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use flarekeep_catalogue::AccountId;
use tokio::sync::OnceCell;

use super::process::Process;

/// A version of an account's Worker.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) account: AccountId,
    pub(super) script: String,
    pub(super) version: String,
}

/// Why a version does not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It has what is not simulated.
    NotSimulated(String),
    /// workerd did not start: what it wrote.
    NotStarted(String),
}

type Started = Result<Arc<Process>, (Refused, Instant)>;

/// All processes. Which are dropped here end once no request is under way at them.
#[derive(Default)]
pub(super) struct Pool {
    slots: Mutex<HashMap<Key, Slot>>,
}

struct Slot {
    cell: Arc<OnceCell<Started>>,
    used: Instant,
}

/// How long a failure to start is remembered, so that it does not cost a start for each request.
const REMEMBERED: Duration = Duration::from_secs(2);

impl Pool {
    /// The process of a version, started with `start` where there is none. Of its Worker only the versions of `live` stay,
    /// and of all processes no more than `most`.
    pub(super) async fn process<F>(
        &self,
        key: Key,
        live: &[String],
        most: usize,
        start: impl FnOnce() -> F,
    ) -> Result<Arc<Process>, Refused>
    where
        F: Future<Output = Result<Process, Refused>>,
    {
        let cell = self.cell(&key, live, most);
        let started =
            cell.get_or_init(|| async { start().await.map(Arc::new).map_err(|refused| (refused, Instant::now())) });
        started.await.clone().map_err(|(refused, _)| refused)
    }

    /// Ends what was not used for so long, and forgets what has ended.
    pub(super) fn sweep(&self, idle: Duration) {
        self.slots().retain(|_, slot| slot.is_good() && slot.used.elapsed() < idle);
    }

    /// Lets go of a process that does not answer, if it is still the one.
    pub(super) fn forget(&self, key: &Key, process: &Arc<Process>) {
        let mut slots = self.slots();
        let is = |slot: &Slot| matches!(slot.cell.get(), Some(Ok(held)) if Arc::ptr_eq(held, process));
        if slots.get(key).is_some_and(is) {
            slots.remove(key);
        }
    }

    pub(super) fn clear(&self) {
        self.slots().clear();
    }

    fn cell(&self, key: &Key, live: &[String], most: usize) -> Arc<OnceCell<Started>> {
        let mut slots = self.slots();
        slots.retain(|other, slot| {
            let gone = other.account == key.account && other.script == key.script && !live.contains(&other.version);
            slot.is_good() && !gone
        });
        while slots.len() >= most.max(1) && !slots.contains_key(key) {
            let oldest = slots.iter().min_by_key(|(_, slot)| slot.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            slots.remove(&oldest);
        }
        let now = Instant::now();
        let slot = slots.entry(key.clone()).or_insert_with(|| Slot { cell: Arc::default(), used: now });
        slot.used = now;
        slot.cell.clone()
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Whether it starts, runs, or failed a moment ago.
    fn is_good(&self) -> bool {
        match self.cell.get() {
            None => true,
            Some(Ok(process)) => !process.has_ended(),
            Some(Err((_, at))) => at.elapsed() < REMEMBERED,
        }
    }
}
