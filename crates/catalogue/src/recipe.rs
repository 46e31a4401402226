//! Recipes: named sets of needs. A recipe states operations, never groups; the plan follows from them.

use serde::Deserialize;

use crate::group::Group;
use crate::name::{NameError, resolve};
use crate::nearest::nearest;
use crate::operation::{Operation, OperationError, operation};
use crate::tables;

/// A named set of needs.
#[derive(Debug)]
pub struct Recipe {
    /// The name on the command line.
    pub name: String,
    /// What the recipe is for, in one line.
    pub title: String,
    /// Where its needs come from.
    pub source: String,
    /// What the work calls.
    pub needs: Vec<Need>,
    /// Tests with names that people know, beside the needs.
    pub tests: Vec<NamedTest>,
    /// The list of groups that other documents give for the same work.
    pub documented: Option<Documented>,
}

/// One operation that the work calls, and why.
#[derive(Debug)]
pub struct Need {
    /// The operation.
    pub operation: &'static Operation,
    /// What the work uses it for.
    pub why: String,
    /// Whether only a user's token can have this need: the endpoint takes no token that an account owns.
    pub user_only: bool,
}

/// A test with a name of its own.
#[derive(Debug)]
pub struct NamedTest {
    /// The name.
    pub name: String,
    /// The operation that it tries.
    pub operation: &'static Operation,
}

/// The groups that other documents list for a recipe's work.
#[derive(Debug)]
pub struct Documented {
    /// Which documents.
    pub source: String,
    /// The groups that they list.
    pub groups: Vec<&'static Group>,
}

/// Why a text is no recipe, or a name is none.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// No recipe is called so.
    #[error("no recipe `{given}`")]
    Unknown {
        /// What was given.
        given: String,
        /// The names that are spelt most like it.
        nearest: Vec<String>,
    },
    /// The recipe is not TOML, or a key is missing.
    #[error("the recipe cannot be read: {0}")]
    Malformed(#[from] toml::de::Error),
    /// A need or a test names no operation.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The documented list names no group.
    #[error(transparent)]
    Group(#[from] NameError),
}

impl Recipe {
    /// Reads a recipe from TOML.
    pub fn parse(name: &str, text: &str) -> Result<Self, RecipeError> {
        let raw: RawRecipe = toml::from_str(text)?;
        let needs = raw
            .need
            .into_iter()
            .map(|need| Ok(Need { operation: operation(&need.operation)?, why: need.why, user_only: need.user_only }))
            .collect::<Result<_, OperationError>>()?;
        let tests = raw
            .test
            .into_iter()
            .map(|test| Ok(NamedTest { name: test.name, operation: operation(&test.operation)? }))
            .collect::<Result<_, OperationError>>()?;
        let documented = raw.documented.map(|documented| {
            let groups = documented.groups.iter().map(|name| resolve(name).map(|(group, _)| group));
            Ok::<_, NameError>(Documented { source: documented.source, groups: groups.collect::<Result<_, _>>()? })
        });
        Ok(Self {
            name: name.to_owned(),
            title: raw.title,
            source: raw.source,
            needs,
            tests,
            documented: documented.transpose()?,
        })
    }
}

/// The names of the recipes that come with the catalogue.
pub fn recipe_names() -> impl Iterator<Item = &'static str> {
    tables::recipes().iter().map(|(name, _)| *name)
}

/// The catalogue's recipe with this name.
pub fn recipe(name: &str) -> Result<Recipe, RecipeError> {
    let (name, text) =
        tables::recipes().iter().find(|(known, _)| *known == name).ok_or_else(|| RecipeError::Unknown {
            given: name.escape_debug().take(120).collect(),
            nearest: nearest(name, recipe_names().map(str::to_owned)),
        })?;
    Recipe::parse(name, text)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRecipe {
    title: String,
    source: String,
    need: Vec<RawNeed>,
    #[serde(default)]
    test: Vec<RawTest>,
    documented: Option<RawDocumented>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNeed {
    operation: String,
    why: String,
    #[serde(default)]
    user_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTest {
    name: String,
    operation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDocumented {
    source: String,
    groups: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_of_the_catalogue_reads() {
        for name in recipe_names() {
            let recipe = recipe(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(!recipe.needs.is_empty(), "{name}");
        }
    }

    #[test]
    fn an_unknown_recipe_offers_the_nearest() {
        let Err(RecipeError::Unknown { nearest, .. }) = recipe("sass-platform") else { panic!("found") };
        assert_eq!(nearest, ["saas-platform"]);
    }
}
