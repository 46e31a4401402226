//! The emulated time, which may be set, moved on and stopped.
//!
//! Everything that ends by time goes by it: tokens, values, temporary credentials, the windows of the rate limit. The
//! times in S3 signatures and links do not: clients sign with the real clock, and so they are checked by it.

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Body, bad};
use crate::duration;
use crate::emulator::Inner;
use crate::http::ApiError;
use crate::options::Clock;
use crate::products::timestamp;

/// Tells the emulated time.
pub(crate) struct Timekeeper {
    /// What runs underneath: the system's clock, or a test's.
    under: Option<Clock>,
    /// The time that was asked for at the start.
    start: Option<i64>,
    /// Seconds by which the emulated time is ahead.
    ahead: AtomicI64,
    /// The time at which it stands still; [`RUNS`] while it runs.
    stands: AtomicI64,
    /// Held while it is changed.
    changing: Mutex<()>,
}

const RUNS: i64 = i64::MIN;

impl Timekeeper {
    /// A clock that shows `start`, or the time underneath, and runs.
    pub(crate) fn new(under: Option<Clock>, start: Option<i64>) -> Self {
        let (ahead, stands) = (AtomicI64::new(0), AtomicI64::new(RUNS));
        let keeper = Self { under, start, ahead, stands, changing: Mutex::default() };
        keeper.reset();
        keeper
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn now(&self) -> i64 {
        match self.stands.load(Ordering::Acquire) {
            RUNS => self.under().saturating_add(self.ahead.load(Ordering::Acquire)),
            stands => stands,
        }
    }

    /// As it was at the start.
    pub(crate) fn reset(&self) {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let under = self.under();
        self.ahead.store(self.start.map_or(0, |start| start - under), Ordering::Release);
        self.stands.store(RUNS, Ordering::Release);
    }

    /// Moves it on; false where that leaves the calendar.
    pub(crate) fn advance(&self, by: Duration) -> bool {
        let by = i64::try_from(by.as_secs()).unwrap_or(i64::MAX);
        self.set(self.now().saturating_add(by))
    }

    /// Sets it; false where the time is none of the calendar's, or before 1970.
    fn set(&self, to: i64) -> bool {
        if to < 0 || Timestamp::from_second(to).is_err() {
            return false;
        }
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.ahead.store(to - self.under(), Ordering::Release);
        if self.is_frozen() {
            self.stands.store(to, Ordering::Release);
        }
        true
    }

    /// Stops it where it is, or lets it go on from there.
    fn freeze(&self, frozen: bool) {
        let _alone = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        self.ahead.store(now - self.under(), Ordering::Release);
        self.stands.store(if frozen { now } else { RUNS }, Ordering::Release);
    }

    fn is_frozen(&self) -> bool {
        self.stands.load(Ordering::Acquire) != RUNS
    }

    fn under(&self) -> i64 {
        self.under.as_ref().map_or_else(system, |clock| clock())
    }

    fn shown(&self) -> Value {
        let now = self.now();
        json!({
            "now": timestamp(now),
            "seconds": now,
            "frozen": self.is_frozen(),
            "ahead_of_system_seconds": now - system(),
        })
    }
}

impl fmt::Debug for Timekeeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timekeeper")
            .field("now", &self.now())
            .field("frozen", &self.is_frozen())
            .finish_non_exhaustive()
    }
}

pub(super) fn show(emulator: &Inner) -> Value {
    emulator.control.clock.shown()
}

/// `now`, `advance`, `freeze` and `reset`, as the body says.
pub(super) fn change(emulator: &Inner, body: &Body) -> Result<Value, ApiError> {
    body.only(&["now", "advance", "freeze", "reset"])?;
    let clock = &emulator.control.clock;
    let before = clock.now();
    let (freeze, reset) = (body.flag("freeze")?, body.flag("reset")?);
    let goal = match (body.get("now"), body.get("advance")) {
        (Some(_), Some(_)) => return Err(bad("`now` and `advance` exclude each other")),
        (Some(now), None) => Some(time(now)?),
        (None, Some(by)) => Some(before.saturating_add(advance(by)?)),
        (None, None) => None,
    };
    if reset == Some(true) && (goal.is_some() || freeze.is_some()) {
        return Err(bad("`reset` stands alone"));
    }
    if goal.is_none() && freeze.is_none() && reset != Some(true) {
        return Err(bad("a clock is changed by one of `now`, `advance`, `freeze` and `reset`"));
    }
    if reset == Some(true) {
        clock.reset();
    }
    if let Some(goal) = goal
        && !clock.set(goal)
    {
        return Err(bad("the time must lie between 1970 and 9999"));
    }
    if let Some(frozen) = freeze {
        clock.freeze(frozen);
    }
    if clock.now() < before {
        // A window that ends in the past's future would hold its principals for as long as the way back was.
        emulator.forget_calls();
    }
    Ok(clock.shown())
}

fn time(given: &Value) -> Result<i64, ApiError> {
    let time = given.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    time.map(Timestamp::as_second)
        .ok_or_else(|| bad("`now` must be a time as in RFC 3339, such as 2027-01-01T00:00:00Z"))
}

fn advance(given: &Value) -> Result<i64, ApiError> {
    let text = || duration::parse(given.as_str()?).and_then(|by| i64::try_from(by.as_secs()).ok());
    let seconds = given.as_u64().and_then(|seconds| i64::try_from(seconds).ok());
    seconds
        .or_else(text)
        .ok_or_else(|| bad("`advance` must be a duration such as 90d or 1h30m, or a number of seconds"))
}

fn system() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// A clock over one that a test turns.
    fn over(start: Option<i64>) -> (Timekeeper, Arc<AtomicI64>) {
        let under = Arc::new(AtomicI64::new(1_000));
        let told = under.clone();
        (Timekeeper::new(Some(Arc::new(move || told.load(Ordering::Relaxed))), start), under)
    }

    #[test]
    fn it_runs_on_from_wherever_it_is_set() {
        let (clock, under) = over(Some(5_000));
        assert_eq!(clock.now(), 5_000);
        under.store(1_010, Ordering::Relaxed);
        assert_eq!(clock.now(), 5_010);
        assert!(clock.advance(Duration::from_secs(90)));
        assert_eq!(clock.now(), 5_100);
        assert!(clock.set(200));
        under.store(1_020, Ordering::Relaxed);
        assert_eq!(clock.now(), 210);
        clock.reset();
        assert_eq!(clock.now(), 5_000);
    }

    #[test]
    fn frozen_it_moves_only_when_it_is_told_to() {
        let (clock, under) = over(None);
        clock.freeze(true);
        under.store(2_000, Ordering::Relaxed);
        assert_eq!(clock.now(), 1_000);
        assert!(clock.advance(Duration::from_secs(5)));
        assert_eq!(clock.now(), 1_005);
        clock.freeze(false);
        under.store(2_001, Ordering::Relaxed);
        assert_eq!(clock.now(), 1_006);
        clock.reset();
        assert_eq!(clock.now(), 2_001);
    }

    #[test]
    fn it_stays_in_the_calendar() {
        let (clock, _) = over(None);
        assert!(!clock.advance(Duration::MAX) && !clock.set(-1));
        assert_eq!(clock.now(), 1_000);
    }
}
