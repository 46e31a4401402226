//! When Cloudflare looks again at what did not validate.

use std::sync::LazyLock;

/// Retries of one validation.
const RETRIES: i32 = 75;
const FOUR_HOURS: i64 = 4 * 3_600;

/// The times of the retries, in seconds from the beginning, rising.
#[derive(Debug)]
pub(in crate::products::custom_hostnames) struct Schedule(Vec<i64>);

/// The schedule of cloudflare-for-saas' page hostname-validation/backoff-schedule: 75 retries over about seven days.
pub(super) fn documented() -> &'static Schedule {
    static DOCUMENTED: LazyLock<Schedule> = LazyLock::new(|| Schedule::of((0..RETRIES).map(wait)));
    &DOCUMENTED
}

impl Schedule {
    /// A schedule of these waits.
    pub(super) fn of(waits: impl Iterator<Item = i64>) -> Self {
        let total = |sum: &mut i64, wait: i64| {
            *sum += wait;
            Some(*sum)
        };
        Self(waits.scan(0, total).collect())
    }

    /// The first retry at or after `ready` of what began at `since`.
    pub(super) fn first_from(&self, since: i64, ready: i64) -> Option<i64> {
        let passed = ready.saturating_sub(since);
        self.0.get(self.0.partition_point(|retry| *retry < passed)).map(|retry| since.saturating_add(*retry))
    }

    /// The last retry of what began at `since`.
    pub(super) fn end(&self, since: i64) -> i64 {
        since.saturating_add(self.0.last().copied().unwrap_or(0))
    }
}

/// Seconds before the retry of this number, counted from 0.
// Truncated as documented, and at most 14,400.
#[allow(clippy::cast_possible_truncation)]
fn wait(retry: i32) -> i64 {
    let growth: f64 = if retry < 10 { 1.05 } else { 1.15 };
    ((60.0 * growth.powi(retry)) as i64).min(FOUR_HOURS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_those_of_the_published_table() {
        let published =
            [(0, 60), (1, 63), (5, 76), (9, 93), (10, 242), (11, 279), (20, 981), (30, 3_972), (39, 13_975)];
        for (retry, seconds) in published {
            assert_eq!(wait(retry), seconds, "{retry}");
        }
        assert_eq!(wait(40), FOUR_HOURS);
        assert_eq!(wait(74), FOUR_HOURS);
    }

    #[test]
    fn it_takes_about_a_week() {
        let schedule = documented();
        assert_eq!(schedule.0.len(), 75);
        let days = schedule.end(0) as f64 / 86_400.0;
        assert!((6.5..7.5).contains(&days), "{days}");
        assert!(schedule.first_from(0, 20 * 60).is_some_and(|retry| retry <= 25 * 60));
    }

    #[test]
    fn a_retry_is_found() {
        let schedule = Schedule::of([10, 20, 30].into_iter());
        assert_eq!(schedule.first_from(100, 0), Some(110));
        assert_eq!(schedule.first_from(100, 110), Some(110));
        assert_eq!(schedule.first_from(100, 111), Some(130));
        assert_eq!(schedule.first_from(100, 161), None);
        assert_eq!(schedule.end(100), 160);
    }
}
