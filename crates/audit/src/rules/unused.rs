//! A token that was used once, and not for long.

use super::{Subject, days};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;

pub(crate) static RULE: Rule = Rule {
    id: "unused",
    title: "A token that has not been used for long",
    severity: Severity::Medium,
    why: "Its work is over as a rule, and its value lies somewhere still.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    let Some(last) = subject.last_use().filter(|_| token.is_living(settings.now)) else { return Vec::new() };
    let idle = days(last, settings.now);
    // One that was tried and no more was never used.
    if subject.is_trial(last) || idle < i64::from(settings.thresholds.unused_days) {
        return Vec::new();
    }
    let summary = format!("it was last used {} ago", counted(idle.unsigned_abs(), "day"));
    let found = Found::new(Confidence::Medium, summary)
        .detail(format!(
            "last used on {}; how exact Cloudflare's time of the last use is, is not documented",
            last.strftime("%Y-%m-%d")
        ))
        .mend(Mend::command("switch it off, and see whether anything stops", subject.command("disable", "")))
        .mend(Mend::command("or remove it", subject.command("revoke", "")));
    vec![found]
}
