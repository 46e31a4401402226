//! A status that nobody has documented: whether the token may be used is not known.

use flarekeep_policy::Status;

use super::Subject;
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::shown;

pub(crate) static RULE: Rule = Rule {
    id: "unknown-status",
    title: "A token of a status that is not documented",
    severity: Severity::Low,
    why: "Whether it may be used is not known. It is judged as if it could be.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, _: &Settings) -> Vec<Found> {
    if subject.token.status != Status::Unknown {
        return Vec::new();
    }
    let summary = format!("its status is `{}`", shown(&subject.token.status_word));
    let look = Mend::command("look at it in the dashboard", subject.command("show", ""));
    vec![Found::new(Confidence::High, summary).mend(look)]
}
