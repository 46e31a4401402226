//! What uses the token will stop on the day it ends.

use super::{Subject, days};
use crate::level::{Confidence, Severity};
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;

pub(crate) static RULE: Rule = Rule {
    id: "expires-soon",
    title: "A token that ends soon",
    severity: Severity::Medium,
    why: "What uses it stops on that day, as a rule at night.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let Some(end) = subject.token.expires_on.filter(|end| *end > settings.now) else { return Vec::new() };
    let left = days(settings.now, end);
    if !subject.token.is_living(settings.now) || left >= i64::from(settings.thresholds.expires_soon_days) {
        return Vec::new();
    }
    let when = match left {
        0 => "it ends within a day".to_owned(),
        left => format!("it ends in {}", counted(left.unsigned_abs(), "day")),
    };
    let found = Found::new(Confidence::High, when)
        .detail(format!("it ends on {}", end.strftime("%Y-%m-%d %H:%M UTC")))
        .mend(subject.rotation("put a successor in its place before that"));
    // Nothing stops with a token that nobody uses.
    let idle =
        subject.last_use().is_some_and(|last| days(last, settings.now) >= i64::from(settings.thresholds.unused_days));
    vec![if idle { found.severity(Severity::Info) } else { found }]
}
