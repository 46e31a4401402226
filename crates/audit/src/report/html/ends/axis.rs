//! The axis of the time line: from when to when, and where an instant lies on it.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned};

use super::Tick;
use crate::audit::Audit;

/// It shows no more than a year on either side of the audit, and at least a quarter: one date far away would press all others
/// into a corner.
const MOST: SignedDuration = SignedDuration::from_hours(24 * 365);
const LEAST: SignedDuration = SignedDuration::from_hours(24 * 90);
/// A tick that is nearer than this to the time of the audit gives its word up to that.
const NEAR: f64 = 4.0;

pub(super) struct Axis {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    now: Timestamp,
}

impl Axis {
    pub(super) fn of(audit: &Audit) -> Self {
        let now = audit.now;
        let before = |span: SignedDuration| now.checked_sub(span).unwrap_or(Timestamp::MIN);
        let after = |span: SignedDuration| now.checked_add(span).unwrap_or(Timestamp::MAX);
        let begins = audit.tokens.iter().filter_map(|token| token.issued_on).min().unwrap_or(now);
        let ends = audit.tokens.iter().filter_map(|token| token.expires_on).max().unwrap_or(now);
        Self {
            from: begins.clamp(before(MOST), before(LEAST)),
            // A little beyond the last end, so that its mark is whole.
            to: ends
                .saturating_add(SignedDuration::from_hours(24 * 7))
                .unwrap_or(ends)
                .clamp(after(LEAST), after(MOST)),
            now,
        }
    }

    pub(super) fn holds(&self, at: Timestamp) -> bool {
        self.from <= at && at <= self.to
    }

    /// Where an instant lies: `12.34%`. What lies outside lies at the edge.
    pub(super) fn percent(&self, at: Timestamp) -> String {
        format!("{:.2}%", self.place(at))
    }

    /// Where a part begins, and its width; never so narrow that it cannot be seen.
    pub(super) fn span(&self, from: Timestamp, to: Timestamp) -> (String, String) {
        let width = (self.place(to) - self.place(from)).max(0.3);
        (self.percent(from), format!("{width:.2}%"))
    }

    /// The beginnings of months, with a word at those that have room for it.
    pub(super) fn ticks(&self) -> Vec<Tick> {
        let Ok(first) = self.from.to_zoned(TimeZone::UTC).first_of_month().and_then(|day| day.start_of_day()) else {
            return Vec::new();
        };
        let months: Vec<Zoned> = (1..=24)
            .filter_map(|month| first.checked_add(Span::new().months(month)).ok())
            .take_while(|month| month.timestamp() < self.to)
            .collect();
        let step = months.len().div_ceil(9).max(1);
        let tick = |(at, month): (usize, &Zoned)| {
            let place = self.place(month.timestamp());
            let has_room =
                at.is_multiple_of(step) && (place - self.place(self.now)).abs() > NEAR && (3.0..97.0).contains(&place);
            let word = has_room.then(|| month.strftime("%b %y").to_string());
            Tick { at: self.percent(month.timestamp()), word }
        };
        months.iter().enumerate().map(tick).collect()
    }

    fn place(&self, at: Timestamp) -> f64 {
        let since = |at: Timestamp| at.duration_since(self.from).as_secs_f64();
        let all = since(self.to);
        if all > 0.0 { (since(at) / all * 100.0).clamp(0.0, 100.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_axis_holds_what_matters_and_no_more_than_two_years() {
        let axis = Axis::of(&fixture::audit());
        assert_eq!(axis.percent(axis.from), "0.00%");
        assert_eq!(axis.percent(axis.to), "100.00%");
        assert_eq!(axis.percent(Timestamp::MAX), "100.00%");
        assert!(axis.now.duration_since(axis.from) <= MOST && axis.to.duration_since(axis.now) >= LEAST);
        let ticks = axis.ticks();
        assert!(ticks.len() >= 12 && ticks.iter().filter(|tick| tick.word.is_some()).count() <= 9);
    }
}
