//! A value that has been the same for long has been in many places.

use super::{Subject, days};
use crate::level::{Confidence, Severity};
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;

pub(crate) static RULE: Rule = Rule {
    id: "not-rotated",
    title: "A token whose value is old",
    severity: Severity::Medium,
    why: "In time a value comes to logs, backups and former colleagues. A new one ends all of that.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    // An edit moves the time of the last change. That a roll does is inferred: if it does, no value is younger than that.
    let Some(renewed) = token.modified_on.max(token.issued_on).filter(|_| subject.may_act(settings.now)) else {
        return Vec::new();
    };
    let age = days(renewed, settings.now);
    if age < i64::from(settings.thresholds.rotated_days) {
        return Vec::new();
    }
    let summary = format!("nothing shows a new value in the last {}", counted(age.unsigned_abs(), "day"));
    let made = token.issued_on.map(|made| format!("made on {}", made.strftime("%Y-%m-%d")));
    let found = Found::new(Confidence::Medium, summary)
        .details(made)
        .detail(format!(
            "last changed on {}; that a new value counts as a change is inferred",
            renewed.strftime("%Y-%m-%d")
        ))
        .mend(subject.rotation("put a successor in its place"));
    vec![found]
}
