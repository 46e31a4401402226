//! A grant of which nobody has published what it opens.

use super::Subject;
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::counted;

pub(crate) static RULE: Rule = Rule {
    id: "unproved-grant",
    title: "A grant of unknown reach",
    severity: Severity::Info,
    why: "Nobody has published what it opens: the token may reach more than this report says.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let unproved = &subject.reach.unproved;
    if !subject.has_known_policies(settings.now) || unproved.is_empty() {
        return Vec::new();
    }
    let summary = format!("what {} open is not known", counted(unproved.len() as u64, "grant"));
    let summary = if unproved.len() == 1 { "what one of its grants opens is not known".to_owned() } else { summary };
    let learn = Mend::command("learn the groups of today", "flarekeep permission update");
    vec![Found::new(Confidence::High, summary).details(unproved.iter().cloned()).mend(learn)]
}
