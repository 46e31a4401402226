//! A name that does not say whose the token is, what for, and where.

use flarekeep_planner::is_customary;

use super::Subject;
use crate::glob::matches;
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "name-pattern",
    title: "A name outside the pattern",
    severity: Severity::Low,
    why: "In a list of fifty, and in audit logs, the name is all that says whose a token is and what would stop without it.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let token = subject.token;
    let fits = match &settings.name_pattern {
        Some(pattern) => matches(pattern, &token.name),
        None => is_customary(&token.name),
    };
    // A token that is being made is named last.
    if fits || !subject.may_act(settings.now) || token.name.contains(" (pending ") {
        return Vec::new();
    }
    let pattern = settings.name_pattern.as_deref().unwrap_or("{project}-{purpose}-{environment}");
    let summary = match token.name.trim().is_empty() {
        true => "it has no name".to_owned(),
        false => format!("its name is not `{}`", crate::text::shown(pattern)),
    };
    let rename = Mend::command("name it after its work", subject.command("update", "--name NAME"));
    vec![Found::new(Confidence::High, summary).mend(rename)]
}
