//! One token for several kinds of work.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use flarekeep_catalogue::{Group, RecipeKind, recipe, recipe_names};

use super::places::effective;
use super::{Subject, listed};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::reach::family_of;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "many-purposes",
    title: "One token for many purposes",
    severity: Severity::Medium,
    why: "A leak in one place gives away all of them, and it cannot be rotated without touching them all.",
    check: Check::Token(check),
};

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let mut families: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
    // What a policy takes away again is no purpose.
    let operations = &subject.measured.operations;
    let changes = |group: &&Group| group.operations().any(|one| one.mutates() && operations.contains(one));
    for group in effective(subject).filter(changes) {
        if let Some(family) = family_of(group) {
            families.entry(family).or_default().insert(group.name);
        }
    }
    let count = families.len();
    let held: BTreeSet<&'static str> = families.keys().copied().collect();
    if count <= settings.thresholds.purposes as usize || WORKS.iter().any(|work| held.is_subset(work)) {
        return Vec::new();
    }
    let names: Vec<String> = held.iter().map(|family| (*family).to_owned()).collect();
    let lines = families.iter().map(|(family, groups)| {
        format!("{family}: {}", listed(&groups.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>(), 6))
    });
    let found = Found::new(Confidence::Medium, format!("it may change things of {count} kinds: {}", listed(&names, 6)))
        .details(lines)
        .mend(Mend::command(
            "make a token for each purpose (flarekeep recipe list), then revoke this one",
            subject.another(),
        ));
    vec![found]
}

/// For each recipe the families that its work, with every option, changes something in. What a template grants is no
/// work.
static WORKS: LazyLock<Vec<BTreeSet<&'static str>>> = LazyLock::new(|| {
    let named = recipe_names().filter(|name| !name.starts_with("template-"));
    let recipes = named.filter_map(|name| recipe(name).ok());
    let works = recipes.filter(|recipe| recipe.kind != RecipeKind::Template);
    works
        .map(|recipe| {
            let changing = recipe.all_needs.iter().map(|need| need.operation).filter(|operation| operation.mutates());
            changing.map(flarekeep_catalogue::Operation::family).collect()
        })
        .collect()
});
