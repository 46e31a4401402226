//! Which recipes a group is there for.

use flarekeep_catalogue::{Group, Recipe};
use flarekeep_planner::{Options, needs_of_recipe, plan};
use flarekeep_policy::Owner;

use crate::place::{self, SOME_USER};
use crate::recipes;

/// Recipes whose needs accept a group.
pub(super) struct Uses {
    /// Those whose smallest plan takes it.
    pub(super) planned: Vec<Use>,
    /// Those that are planned with others.
    pub(super) accepted: Vec<Use>,
}

/// A recipe.
pub(super) struct Use {
    pub(super) recipe: String,
    pub(super) title: String,
}

impl Uses {
    /// Recipes of files that cannot be read are passed over: `recipe list` tells of them.
    pub(super) fn of(group: &Group) -> Self {
        let accepts = |recipe: &Recipe| recipe.needs().any(|need| need.operation.accepts_group(group));
        let recipes = recipes::all().flatten().map(|(recipe, _)| recipe).filter(accepts);
        let (planned, accepted): (Vec<_>, Vec<_>) = recipes.partition(|recipe| takes(recipe, group));
        let named = |recipe: Recipe| Use { recipe: recipe.name, title: recipe.title };
        Self { planned: planned.into_iter().map(named).collect(), accepted: accepted.into_iter().map(named).collect() }
    }
}

/// Whether the smallest plan for the recipe takes the group.
fn takes(recipe: &Recipe, group: &Group) -> bool {
    let owner = Owner::User(SOME_USER);
    let Ok(needs) = needs_of_recipe(recipe, &place::anywhere(), owner) else { return false };
    plan(&needs, &Options::new(owner)).grants.iter().any(|grant| grant.group == group)
}
