//! A token made from one of Cloudflare's templates, which grant more than the work for which people take them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use flarekeep_catalogue::{AccountId, Group, Recipe, RecipeKind, UserId, ZoneId, recipe, recipe_names};
use flarekeep_planner::{Options, Target, compare_documented, needs_of_recipe, plan};
use flarekeep_policy::Owner;

use super::places::effective;
use super::{Subject, listed};
use crate::level::{Confidence, Severity};
use crate::mend::Mend;
use crate::rule::{Check, Found, Rule};
use crate::settings::Settings;

pub(crate) static RULE: Rule = Rule {
    id: "broad-template",
    title: "A template that grants more than its work needs",
    severity: Severity::Medium,
    why: "Templates are the fastest way to a token, and grant what somebody might need. A leak gives away all of it.",
    check: Check::Token(check),
};

/// One of Cloudflare's templates, beside the plan for the work that people take it for.
struct Template {
    /// The recipe of that work.
    recipe: String,
    /// What the template is called.
    name: String,
    groups: BTreeSet<u16>,
    /// The groups that the work does without, each with why, as a line.
    beyond: Vec<(u16, String)>,
}

/// How much of a template that reads everything has to be there: Cloudflare adds groups to it as they come.
const ENOUGH: usize = 80;
/// A template of more groups than these reads everything.
const MANY: usize = 30;

fn check(subject: &Subject<'_>, settings: &Settings) -> Vec<Found> {
    if !subject.has_known_policies(settings.now) {
        return Vec::new();
    }
    let held: BTreeSet<u16> = effective(subject).map(|group| group.index).collect();
    let is_there = |template: &&Template| {
        let there = template.groups.intersection(&held).count();
        match template.groups.len() {
            many if many > MANY => there * 100 >= many * ENOUGH,
            all => there == all,
        }
    };
    let Some(template) = TEMPLATES.iter().filter(is_there).max_by_key(|template| template.groups.len()) else {
        return Vec::new();
    };
    let beyond: Vec<String> =
        template.beyond.iter().filter(|(group, _)| held.contains(group)).map(|(_, why)| why.clone()).collect();
    if beyond.is_empty() {
        return Vec::new();
    }
    let count = beyond.len();
    let summary = format!("it holds the template `{}`, {count} of whose groups its work does without", template.name);
    let plan = format!("flarekeep plan{} --recipe {}", subject.owner(), template.recipe);
    let narrow = subject.command("update", &format!("--recipe {}", template.recipe));
    let found = Found::new(Confidence::Medium, summary)
        .thing(template.recipe.clone())
        .details(std::iter::once(listed(&beyond, 8)))
        .mend(Mend::command("see what the work needs, option by option (--with)", plan))
        .mend(Mend::command("then grant that and no more; the difference is shown before it is written", narrow));
    vec![found]
}

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(|| {
    // Their names tell, and the others need not be read.
    let named = recipe_names().filter(|name| name.starts_with("template-"));
    let recipes = named.filter_map(|name| recipe(name).ok());
    recipes.filter(|recipe| recipe.kind == RecipeKind::Template).filter_map(|recipe| template(&recipe)).collect()
});

/// The template of a recipe; none where it grants nothing beyond its work. What is asked is which groups, not where: any
/// account and zone will do.
fn template(recipe: &Recipe) -> Option<Template> {
    let documented = recipe.documented.as_ref()?;
    let name = recipe.title.split('`').nth(1)?.to_owned();
    let (account, zone) = (Some(AccountId::from_u128(1)), Some(ZoneId::from_u128(1)));
    let target = Target { account, zone, ..Target::default() };
    let owner = Owner::User(UserId::from_u128(1));
    let plan = plan(&needs_of_recipe(recipe, &target, owner).ok()?, &Options::new(owner));
    let left_out = compare_documented(&plan, recipe, &target).ok()?.left_out;
    let beyond: Vec<(u16, String)> = left_out.iter().map(|one| (one.choice.group.index, one.to_string())).collect();
    let groups = documented.groups.iter().map(|group: &&'static Group| group.index).collect();
    (!beyond.is_empty()).then_some(Template { recipe: recipe.name.clone(), name, groups, beyond })
}
