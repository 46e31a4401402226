//! Which recipes a group is there for.

use flarekeep_catalogue::{Group, Recipe};
use flarekeep_planner::{Options, needs_of_recipe, plan};
use flarekeep_policy::Owner;

use crate::place::{self, SOME_USER};
use crate::recipes;

/// To plan more needs than this takes longer than anybody waits for the answer.
const MOST_NEEDS: usize = 150;

/// Recipes whose needs accept a group.
pub(super) struct Uses {
    /// Those whose smallest plan takes it.
    pub(super) planned: Vec<Use>,
    /// Those that are planned with others.
    pub(super) accepted: Vec<Use>,
    /// Those that call so much that they were not planned.
    pub(super) unplanned: Vec<Use>,
}

/// A recipe.
pub(super) struct Use {
    pub(super) recipe: String,
    pub(super) title: String,
}

impl Uses {
    /// Recipes of files that cannot be read are passed over: `recipe list` tells of them.
    pub(super) fn of(group: &Group) -> Self {
        let (small, large): (Vec<_>, Vec<_>) =
            recipes::accepting(group).partition(|recipe| recipe.needs().count() <= MOST_NEEDS);
        let (planned, accepted): (Vec<_>, Vec<_>) = small.into_iter().partition(|recipe| takes(recipe, group));
        let named = |recipes: Vec<Recipe>| {
            recipes.into_iter().map(|recipe| Use { recipe: recipe.name, title: recipe.title }).collect()
        };
        Self { planned: named(planned), accepted: named(accepted), unplanned: named(large) }
    }
}

/// Whether the smallest plan for the recipe takes the group.
fn takes(recipe: &Recipe, group: &Group) -> bool {
    let owner = Owner::User(SOME_USER);
    let Ok(needs) = needs_of_recipe(recipe, &place::anywhere(), owner) else { return false };
    plan(&needs, &Options::new(owner)).grants.iter().any(|grant| grant.group == group)
}
