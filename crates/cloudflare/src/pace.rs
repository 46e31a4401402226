//! Pacing: stays below Cloudflare's limit of 1,200 calls in five minutes for one user or account token.

use std::num::NonZeroU32;
use std::sync::Mutex;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use reqwest::header::HeaderMap;
use tokio::time::Instant;

/// Lets calls through at a pace that the limit bears.
pub(crate) struct Pace<C: Clock = DefaultClock> {
    bucket: Option<RateLimiter<NotKeyed, InMemoryState, C, NoOpMiddleware<C::Instant>>>,
    clock: C,
    /// No call leaves before this: Cloudflare has said that nothing is left.
    held_until: Mutex<Option<Instant>>,
    longest_hold: Duration,
}

impl Pace {
    pub(crate) fn new(longest_hold: Duration) -> Self {
        Self::with_clock(longest_hold, DefaultClock::default())
    }

    /// Heeds what Cloudflare says, and counts nothing itself.
    pub(crate) fn unpaced(longest_hold: Duration) -> Self {
        Self { bucket: None, ..Self::new(longest_hold) }
    }

    /// A pace of the same kind, at its start.
    pub(crate) fn afresh(&self, longest_hold: Duration) -> Self {
        if self.bucket.is_some() { Self::new(longest_hold) } else { Self::unpaced(longest_hold) }
    }

    /// Waits until a call may leave. Each wait is told before it starts.
    pub(crate) async fn turn(&self, tell: impl Fn(Duration)) {
        while let Some(wait) = self.held().or_else(|| self.empty()) {
            tell(wait);
            tokio::time::sleep(wait).await;
        }
    }

    /// Reads `ratelimit: "default";r=50;t=30` (what is left, and in how many seconds it is full again).
    pub(crate) fn observe(&self, headers: &HeaderMap) {
        let lines = headers.get_all("ratelimit").iter().filter_map(|line| line.to_str().ok());
        if let Some(wait) = lines.filter_map(exhausted_for).max() {
            self.hold(wait);
        }
    }

    /// Holds all calls for `wait`. A wait above the bound is cut to it: the next call then learns the truth.
    pub(crate) fn hold(&self, wait: Duration) {
        let until = Instant::now() + wait.min(self.longest_hold);
        let mut held = self.held_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *held = Some(held.map_or(until, |earlier| earlier.max(until)));
    }

    fn held(&self) -> Option<Duration> {
        let held = self.held_until.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        held.map(|until| until.saturating_duration_since(Instant::now())).filter(|wait| !wait.is_zero())
    }
}

/// A bucket of `BURST` that gains `PER_SECOND` lets at most `BURST + 300 * PER_SECOND` calls through in any five minutes:
/// full at the start, and all that flows in meanwhile. The two must therefore share the 1,200 between them. A burst of
/// 1,150 refilled at 4/s would allow 2,350. 550 at once serve a plan, an audit or a deploy without any wait; 2/s is
/// half of the allowance for ever. Together 1,150: the 50 that remain are for the dashboard and other tools, which count
/// against the same limit.
const BURST: u32 = 550;
const PER_SECOND: u32 = 2;

impl<C: Clock + Clone> Pace<C> {
    fn with_clock(longest_hold: Duration, clock: C) -> Self {
        const { assert!(BURST + 300 * PER_SECOND <= 1_200) };
        let cells = |count: u32| NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::per_second(cells(PER_SECOND)).allow_burst(cells(BURST));
        let bucket = RateLimiter::direct_with_clock(quota, clock.clone());
        Self { bucket: Some(bucket), clock, held_until: Mutex::new(None), longest_hold }
    }

    /// Takes from the bucket, or says how long it stays empty.
    fn empty(&self) -> Option<Duration> {
        let refused = self.bucket.as_ref()?.check().err()?;
        Some(refused.wait_time_from(self.clock.now()))
    }
}

fn exhausted_for(line: &str) -> Option<Duration> {
    let policy = |item: &str| {
        let value = |key: &str| {
            item.split(';').find_map(|part| part.trim().strip_prefix(key)?.strip_prefix('=')?.parse::<u64>().ok())
        };
        (value("r")? == 0).then(|| Duration::from_secs(value("t").unwrap_or(1)))
    };
    line.split(',').filter_map(policy).max()
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn no_five_minutes_see_more_than_the_limit() {
        let clock = FakeRelativeClock::default();
        let pace = Pace::with_clock(Duration::ZERO, clock.clone());
        let step = Duration::from_millis(100);
        let mut sent = Vec::new();
        for tick in 0..9_000u32 {
            while pace.empty().is_none() {
                sent.push(tick);
            }
            clock.advance(step);
        }
        let most = (0..sent.len()).map(|i| sent[i..].iter().take_while(|tick| **tick <= sent[i] + 3_000).count()).max();
        assert!(most <= Some(1_200), "{most:?}");
        assert!(most >= Some(1_140), "the allowance is used: {most:?}");
        assert_eq!(sent.iter().filter(|tick| **tick == 0).count(), BURST as usize);
    }

    #[test]
    fn only_an_exhausted_policy_holds() {
        assert_eq!(exhausted_for(r#""default";r=50;t=30"#), None);
        assert_eq!(exhausted_for(r#""default";r=0;t=30"#), Some(Duration::from_secs(30)));
        assert_eq!(exhausted_for(r#""a"; r=3; t=9, "b"; r=0; t=4"#), Some(Duration::from_secs(4)));
        assert_eq!(exhausted_for("nonsense;r=;t=x"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_hold_is_waited_and_told_and_bounded() {
        let pace = Pace::new(Duration::from_secs(60));
        pace.hold(Duration::from_secs(3_600));
        pace.hold(Duration::from_secs(1));
        let (start, told) = (Instant::now(), Mutex::new(Vec::new()));
        pace.turn(|wait| told.lock().unwrap().push(wait)).await;
        assert_eq!(*told.lock().unwrap(), [Duration::from_secs(60)]);
        assert_eq!(start.elapsed().as_secs(), 60);
    }
}
