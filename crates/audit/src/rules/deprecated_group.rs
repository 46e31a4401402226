//! A permission group that Cloudflare is about to take away.

use std::collections::BTreeMap;

use flarekeep_catalogue::Group;
use flarekeep_policy::Policy;

use super::{REPLAN, Subject};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;
use crate::text::shown;

pub(crate) static RULE: Rule = Rule {
    id: "deprecated-group",
    title: "A deprecated permission group",
    severity: Severity::Low,
    why: "On the day it goes, what rests on it stops, or the token is edited in a hurry.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let token = subject.token;
    let replace = || Mend::command(format!("give it the groups of today; {REPLAN}"), subject.replan(""));
    let name =
        |id| flarekeep_catalogue::group_by_id(id).map_or_else(|| format!("group {id}"), |group| group.name.to_owned());
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for (id, end) in &token.deprecated {
        let end = end.as_deref().map(|end| format!(" and ends on {}", shown(end))).unwrap_or_default();
        let one = Found::new(Confidence::High, format!("{} is deprecated{end}", name(*id)));
        found.insert(id.to_string(), one.detail("the API says so").thing(id.to_string()).mend(replace()));
    }
    for group in token.policies().iter().flat_map(Policy::known_groups).filter(|group| is_over(group)) {
        let thing = group.id.map_or_else(|| group.name.to_owned(), |id| id.to_string());
        let one = Found::new(Confidence::Medium, format!("all that {} opens is deprecated", group.name));
        found.entry(thing.clone()).or_insert_with(|| one.thing(thing).mend(replace()));
    }
    found.into_values().collect()
}

/// Whether Cloudflare's schema marks all that the group opens as deprecated, or has dropped it.
fn is_over(group: &Group) -> bool {
    let mut operations = group.operations().peekable();
    operations.peek().is_some() && operations.all(|operation| operation.deprecated || operation.withdrawn)
}
