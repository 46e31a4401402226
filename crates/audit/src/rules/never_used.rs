//! A token that nobody ever used: a value lies somewhere for nothing.

use super::{Subject, days};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;

pub(crate) static RULE: Rule = Rule {
    id: "never-used",
    title: "A token that was never used",
    severity: Severity::Medium,
    why: "Its value lies somewhere and can leak, and nobody would miss it.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    let Some(issued) = token.issued_on.filter(|_| token.is_living(settings.now) && token.last_use_known) else {
        return Vec::new();
    };
    let used = subject.last_use().is_some_and(|last| !subject.is_trial(last));
    // Before its beginning nobody could use it.
    let usable = token.not_before.map_or(issued, |start| start.max(issued));
    let age = days(usable, settings.now);
    if used || subject.was_seen() || age < i64::from(settings.thresholds.never_used_days) {
        return Vec::new();
    }
    let since = if usable == issued { "since it was made" } else { "for which it has been valid" };
    let summary = format!("it was never used in the {} {since}", counted(age.unsigned_abs(), "day"));
    let found = Found::new(Confidence::Medium, summary)
        .detail("as far as Cloudflare knows: how exact the time of the last use is, is not documented")
        .mend(Mend::command("switch it off, and see whether anything stops", subject.command("disable", "")))
        .mend(Mend::command("or remove it", subject.command("revoke", "")));
    vec![found]
}
