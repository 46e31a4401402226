//! The time line: when each token was made, changed and used, and when it ends.

mod axis;

use jiff::Timestamp;

use self::axis::Axis;
use super::matrix::state;
use crate::audit::{Audit, Audited};
use crate::report::words;

/// So many tokens stand there at once; the rest is folded.
const ROWS: usize = 100;
const LONGEST_NAME: usize = 60;
/// An end that is nearer than this is pointed out.
const SOON_DAYS: i64 = 30;

pub(super) struct Ends {
    pub(super) ticks: Vec<Tick>,
    /// Where the time of the audit is.
    pub(super) now: String,
    pub(super) rows: Vec<Row>,
    /// The rows that are folded.
    pub(super) more: Vec<Row>,
}

/// The beginning of a month.
pub(super) struct Tick {
    pub(super) at: String,
    /// Its name; none where there is no room for one.
    pub(super) word: Option<String>,
}

pub(super) struct Row {
    /// The token's place in the audit's list, which is its anchor.
    pub(super) token: usize,
    pub(super) name: String,
    pub(super) owner: String,
    pub(super) changed: String,
    pub(super) used: String,
    pub(super) ends: String,
    /// How far away the end is, in words.
    pub(super) distance: String,
    /// The class of how urgent that is.
    pub(super) urgency: &'static str,
    pub(super) bars: Vec<Bar>,
    pub(super) marks: Vec<Mark>,
}

/// A part of a token's time. Places and widths are percents of the axis.
pub(super) struct Bar {
    pub(super) class: &'static str,
    pub(super) from: String,
    pub(super) width: String,
}

/// An instant of a token's time.
pub(super) struct Mark {
    pub(super) class: &'static str,
    pub(super) at: String,
}

impl Ends {
    pub(super) fn of(audit: &Audit) -> Self {
        let axis = Axis::of(audit);
        let mut order: Vec<(usize, &Audited)> = audit.tokens.iter().enumerate().collect();
        order.sort_by_key(|(_, token)| urgency(token, audit.now));
        let mut rows: Vec<Row> = order.into_iter().map(|(at, token)| row(at, token, audit.now, &axis)).collect();
        let more = rows.split_off(rows.len().min(ROWS));
        Self { ticks: axis.ticks(), now: axis.percent(audit.now), rows, more }
    }
}

/// What ends next comes first, then what never ends (the longest unchanged first), then what cannot be used any more.
fn urgency(token: &Audited, now: Timestamp) -> (bool, Option<Timestamp>, Option<Timestamp>) {
    let is_over = !token.reach.is_usable || token.expires_on.is_some_and(|end| end <= now);
    (is_over, token.expires_on.or(Some(Timestamp::MAX)), token.modified_on.or(token.issued_on))
}

fn row(at: usize, token: &Audited, now: Timestamp, axis: &Axis) -> Row {
    let day_or = |instant: Option<Timestamp>, without: &str| instant.map_or_else(|| without.to_owned(), words::day);
    let (distance, urgency) = distance(token, now);
    Row {
        token: at,
        name: words::name(&token.token.name, LONGEST_NAME),
        owner: words::shown(&token.owner, LONGEST_NAME),
        changed: day_or(token.modified_on.or(token.issued_on), "not known"),
        used: day_or(token.last_used_on, "never seen"),
        ends: day_or(token.expires_on, "never"),
        distance,
        urgency,
        bars: bars(token, now, axis),
        marks: marks(token, axis),
    }
}

/// How far away the end is, and how urgent that is.
fn distance(token: &Audited, now: Timestamp) -> (String, &'static str) {
    let Some(end) = token.expires_on else {
        return match token.reach.is_usable {
            true => (String::new(), "late"),
            false => (state(token), "ended"),
        };
    };
    let days = end.duration_since(now).as_hours().div_euclid(24);
    match days {
        _ if !token.reach.is_usable => (state(token), "ended"),
        ..0 => (format!("{} days ago", days.saturating_neg()), "ended"),
        0..=1 => (format!("in {} hours", end.duration_since(now).as_hours()), "late"),
        2..=SOON_DAYS => (format!("in {days} days"), "late"),
        _ => (format!("in {days} days"), ""),
    }
}

fn bars(token: &Audited, now: Timestamp, axis: &Axis) -> Vec<Bar> {
    let from = token.not_before.or(token.issued_on).unwrap_or(axis.from).max(axis.from);
    let to = token.expires_on.unwrap_or(axis.to).min(axis.to);
    let bar = |class, from: Timestamp, to: Timestamp| {
        let (at, width) = axis.span(from, to);
        Bar { class, from: at, width }
    };
    if !token.reach.is_usable {
        return vec![bar("over", from, to.min(now))];
    }
    let ahead = if token.expires_on.is_some() { "ahead" } else { "never" };
    let parts = [("past", from, to.min(now)), (ahead, from.max(now), to)];
    parts.into_iter().filter(|(_, from, to)| from < to).map(|(class, from, to)| bar(class, from, to)).collect()
}

fn marks(token: &Audited, axis: &Axis) -> Vec<Mark> {
    let instants = [("rotated", token.modified_on), ("used", token.last_used_on), ("end", token.expires_on)];
    let inside = |(class, at): (&'static str, Option<Timestamp>)| {
        at.filter(|at| axis.holds(*at)).map(|at| Mark { class, at: axis.percent(at) })
    };
    instants.into_iter().filter_map(inside).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_next_end_comes_first_then_what_never_ends_then_what_is_over() {
        let ends = Ends::of(&fixture::audit());
        let found: Vec<_> = ends.rows.iter().map(|row| (row.token, row.ends.as_str(), row.distance.as_str())).collect();
        let expected = [
            (1, "2027-01-02", "in 40 days"),
            (2, "2027-01-02", "in 40 days"),
            (0, "never", ""),
            (3, "2026-11-03", "expired"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn bars_show_what_is_past_and_what_is_ahead() {
        let ends = Ends::of(&fixture::audit());
        let classes: Vec<Vec<_>> = ends.rows.iter().map(|row| row.bars.iter().map(|bar| bar.class).collect()).collect();
        assert_eq!(classes, [vec!["past", "ahead"], vec!["past", "ahead"], vec!["past", "never"], vec!["over"]]);
        let marks: Vec<usize> = ends.rows.iter().map(|row| row.marks.len()).collect();
        assert_eq!(marks, [2, 3, 2, 3]);
    }

    #[test]
    fn dates_at_the_ends_of_time_do_not_panic() {
        let mut audit = fixture::audit();
        for (token, at) in audit.tokens.iter_mut().zip([Timestamp::MIN, Timestamp::MAX].into_iter().cycle()) {
            (token.issued_on, token.expires_on, token.not_before) =
                (Some(Timestamp::MAX), Some(at), Some(Timestamp::MIN));
        }
        for now in [Timestamp::MIN, Timestamp::MAX] {
            audit.now = now;
            assert_eq!(Ends::of(&audit).rows.len(), 4);
        }
    }
}
