//! A token without an end works for whoever finds it, for as long as nobody notices.

use jiff::{SignedDuration, Timestamp};

use super::limits::is_far;
use super::{Subject, days};
use crate::level::{Confidence, Severity};
use crate::mend::{Mend, SafeMend};
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;

pub(crate) static RULE: Rule = Rule {
    id: "no-expiry",
    title: "A token without an end",
    severity: Severity::Medium,
    why: "A value that leaks works until somebody notices. An end bounds that time, and makes rotation a habit.",
    check: Check::Token(check),
};

/// Work is done once a year at the rarest: who was idle for longer has none.
const YEARLY: i64 = 400;
/// How long a token lives on that nobody has used for long, when it is given an end.
const FAREWELL: SignedDuration = SignedDuration::from_hours(30 * 24);

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    if !subject.may_act(settings.now) || token.expires_on.is_some_and(|end| !is_far(end, settings)) {
        return Vec::new();
    }
    let summary = match token.expires_on {
        Some(end) => format!(
            "its end is {} off, which is as good as none",
            counted(days(settings.now, end).unsigned_abs(), "day")
        ),
        None => "it has no end".to_owned(),
    };
    let nearer = if token.expires_on.is_some() { "give it a nearer end" } else { "give it an end" };
    let mut mend = Mend::command(nearer, subject.command("update", "--expires 90d"));
    if let Some(expires_on) = farewell(subject, settings) {
        let (token, owner) = (token.id, token.owner);
        mend = mend.safe(SafeMend::Expire { token, owner, expires_on });
    }
    let mut found = Found::new(Confidence::High, summary).mend(mend);
    if subject.reach.can_become_owner() {
        found = found.severity(Severity::High).detail("it can give itself more than its policies say");
    }
    vec![found]
}

/// The end for a token that nobody has used for long: no living job is hurt by it.
fn farewell(subject: &Subject<'_>, settings: &Settings) -> Option<Timestamp> {
    let last = subject.last_use()?;
    let idle = days(last, settings.now) >= YEARLY.max(i64::from(settings.thresholds.unused_days));
    let second = Timestamp::from_second(settings.now.as_second()).ok()?;
    second.checked_add(FAREWELL).ok().filter(|_| idle)
}
