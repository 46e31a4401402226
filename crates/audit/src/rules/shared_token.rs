//! One value in several hands: nobody can say who did what, and no one of them can be stopped alone.

use std::collections::BTreeSet;

use super::{Subject, listed};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::shown;

pub(crate) static RULE: Rule = Rule {
    id: "shared-token",
    title: "A token that several programs share",
    severity: Severity::Low,
    why: "Nobody can say who did what, and it cannot be taken from one without stopping the others.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    let Some(usage) = subject.usage.filter(|_| subject.may_act(settings.now)) else { return Vec::new() };
    // `Terraform/1.9 (…)` and `Terraform/1.8` are one program.
    let program = |agent: &String| agent.split(['/', ' ', '(']).next().unwrap_or_default().to_ascii_lowercase();
    let programs: BTreeSet<String> =
        usage.user_agents.iter().map(program).filter(|name| !name.is_empty()).map(|name| shown(&name)).collect();
    if programs.len() < 2 || usage.addresses.len() < 2 {
        return Vec::new();
    }
    let names: Vec<String> = programs.into_iter().collect();
    let summary = format!("{} programs use it from {} addresses", names.len(), usage.addresses.len());
    let found =
        Found::new(Confidence::Low, summary).detail(format!("they call themselves {}", listed(&names, 6))).mend(
            Mend::command("make a token for each, with what that one needs (flarekeep recipe list)", subject.another()),
        );
    vec![found]
}
