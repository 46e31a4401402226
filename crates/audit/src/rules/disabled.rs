//! A token that is switched off is one click away from working again.

use flarekeep_policy::Status;

use super::{Subject, days};
use crate::level::{Confidence, Severity};
use crate::mend::{Mend, SafeMend};
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "disabled",
    title: "A token that is switched off and listed still",
    severity: Severity::Low,
    why: "Whoever may edit tokens can switch it on again, with a value that somebody may have kept.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    if token.status != Status::Disabled || token.expires_on.is_some_and(|end| end <= settings.now) {
        return Vec::new();
    }
    let since = token.modified_on.map(|changed| days(changed, settings.now));
    let mut mend = Mend::command("remove it, if it is not to be used again", subject.command("revoke", ""));
    // That switching it off moves the time of the last change is not documented: nobody has used it since, either.
    let long = |days: i64| days >= i64::from(settings.thresholds.unused_days);
    let idle = subject.last_use().or(token.issued_on).is_some_and(|last| long(days(last, settings.now)));
    if idle && since.is_some_and(long) {
        mend = mend.safe(SafeMend::Revoke { token: token.id, owner: token.owner });
    }
    let found = Found::new(Confidence::High, "it is switched off").mend(mend);
    let changed = token.modified_on.map(|day| format!("last changed on {}", day.strftime("%Y-%m-%d")));
    vec![found.details(changed)]
}
