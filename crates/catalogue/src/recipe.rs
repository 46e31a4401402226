//! Recipes: named sets of needs. A recipe states operations, never groups; the plan follows from them.

mod command;
mod file;
mod pattern;
mod terraform;

use std::fmt;

pub use self::command::Command;
use crate::group::{Group, Scope};
use crate::name::NameError;
use crate::nearest::nearest;
use crate::operation::{Operation, OperationError};
use crate::tables;

/// How many needs a recipe may state, those of its patterns counted one by one.
const MOST_NEEDS: usize = 5_000;

/// A named set of needs.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The name on the command line.
    pub name: String,
    /// What the recipe is for, in one line.
    pub title: String,
    /// What sort of work it is.
    pub kind: Kind,
    /// Where its needs come from.
    pub source: String,
    /// A command that does the work or a part of it, where there is one that fits everybody.
    pub command: Option<Command>,
    /// What the work is done on, each with what to give.
    pub parameters: Vec<(Parameter, String)>,
    /// The parts of the work that not everybody does, each with what it is.
    pub options: Vec<(String, String)>,
    /// All that the work calls, with every option.
    pub all_needs: Vec<Need>,
    /// Tests with names that people know, beside the needs.
    pub tests: Vec<NamedTest>,
    /// The list of groups that other documents give for the same work.
    pub documented: Option<Documented>,
    /// The options that were chosen.
    chosen: Vec<String>,
}

/// What sort of work a recipe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A thing that people set out to do.
    UseCase,
    /// A program, with what it calls.
    Tool,
    /// What one of Cloudflare's token templates, or a guide's, is taken for.
    Template,
}

/// What a recipe's work is done on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    /// An account.
    Account,
    /// A zone.
    Zone,
    /// An R2 bucket.
    Bucket,
    /// A Worker.
    Worker,
}

/// One operation that the work calls, and why.
#[derive(Debug, Clone)]
pub struct Need {
    /// The operation.
    pub operation: &'static Operation,
    /// What the work uses it for.
    pub why: String,
    /// The option that it belongs to, if it is not always called.
    pub option: Option<String>,
    /// Whether only a user's token can have this need: the endpoint takes no token that an account owns.
    pub user_only: bool,
}

/// A test with a name of its own.
#[derive(Debug, Clone)]
pub struct NamedTest {
    /// The name.
    pub name: String,
    /// The operation that it tries.
    pub operation: &'static Operation,
}

/// The groups that other documents list for a recipe's work.
#[derive(Debug, Clone)]
pub struct Documented {
    /// Which documents.
    pub source: String,
    /// The groups that they list.
    pub groups: Vec<&'static Group>,
    /// Whether they grant these on every account and every zone, and not only where the work is done.
    pub everywhere: bool,
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
    /// The recipe has no such option.
    #[error("recipe `{recipe}` has no option `{given}`")]
    NoOption {
        /// The recipe.
        recipe: String,
        /// What was given.
        given: String,
        /// The options that it has.
        options: Vec<String>,
    },
    /// The recipe is not TOML, or a key is missing.
    #[error("the recipe cannot be read, line {line}: {reason}")]
    Malformed {
        /// Where.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A text holds a character that a terminal would obey.
    #[error("the recipe cannot be read: `{0}` holds a control character")]
    ControlCharacter(String),
    /// The recipe states no need.
    #[error("the recipe cannot be read: it states no need")]
    Empty,
    /// The recipe states more needs than anybody's work has.
    #[error("the recipe cannot be read: it states more than {MOST_NEEDS} needs")]
    TooLong,
    /// A need belongs to an option that the recipe does not declare.
    #[error("the recipe cannot be read: `{operation}` belongs to the option `{option}`, which is not under [options]")]
    Undeclared {
        /// The need's operation.
        operation: String,
        /// The option.
        option: String,
    },
    /// What the Terraform provider calls for this type was not recorded.
    #[error("what the Terraform provider calls for `{0}` is not known")]
    NotRecorded(String),
    /// The command holds more than plain words.
    #[error("the recipe cannot be read: `run` takes plain words: letters, digits, spaces and any of `._/=-`")]
    Command,
    /// A pattern finds no operation.
    #[error("the recipe cannot be read: no operation is like `{0}`")]
    Pattern(String),
    /// A need or a test names no operation.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// The documented list names no group.
    #[error(transparent)]
    Group(#[from] NameError),
}

impl Recipe {
    /// Reads a recipe from TOML that may be anybody's: it is bounded, and holds nothing that a terminal would obey.
    pub fn parse(name: &str, text: &str) -> Result<Self, RecipeError> {
        file::check(name, text)?;
        file::read(name, text)
    }

    /// The recipe with these of its options.
    pub fn with(mut self, options: &[String]) -> Result<Self, RecipeError> {
        for option in options {
            if !self.options.iter().any(|(known, _)| known == option) {
                return Err(RecipeError::NoOption {
                    recipe: self.name,
                    given: option.escape_debug().take(120).collect(),
                    options: self.options.into_iter().map(|(known, _)| known).collect(),
                });
            }
        }
        self.chosen = options.to_vec();
        Ok(self)
    }

    /// What the work calls, with the options that were chosen.
    pub fn needs(&self) -> impl Iterator<Item = &Need> {
        self.all_needs.iter().filter(|need| need.option.as_ref().is_none_or(|option| self.chosen.contains(option)))
    }
}

impl Documented {
    /// The places that the documents grant all of, `every account and zone`; none where they keep to those of the work.
    #[must_use]
    pub fn every_place(&self) -> Option<&'static str> {
        let at = |scope| self.groups.iter().any(|group| group.scope == scope);
        match (at(Scope::Account), at(Scope::Zone)) {
            _ if !self.everywhere => None,
            (true, true) => Some("every account and zone"),
            (true, false) => Some("every account"),
            (false, true) => Some("every zone"),
            (false, false) => None,
        }
    }
}

impl Kind {
    /// The word that is shown.
    pub const fn word(self) -> &'static str {
        match self {
            Self::UseCase => "use case",
            Self::Tool => "tool",
            Self::Template => "template",
        }
    }
}

impl Parameter {
    /// The word, which is that of the command line's option too.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Zone => "zone",
            Self::Bucket => "bucket",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// The names of the recipes that come with the catalogue.
pub fn recipe_names() -> impl Iterator<Item = &'static str> {
    tables::recipes().iter().map(|(name, _)| *name)
}

/// The names of the catalogue's recipes of which some need, with every option, accepts this group. Reading them all in
/// full would take most of the time of a program that asks; so only the lines that name operations are looked at.
pub fn recipe_names_accepting(group: &Group) -> impl Iterator<Item = &'static str> {
    let accepts = |text: &str| {
        let operations = text.lines().filter_map(file::skimmed).filter_map(|line| pattern::operations(line).ok());
        operations.flatten().any(|operation| operation.accepts_group(group))
    };
    tables::recipes().iter().filter(move |(_, text)| accepts(text)).map(|(name, _)| *name)
}

/// The catalogue's recipe with this name; `terraform:TYPE` is one for each type of the Terraform provider.
pub fn recipe(name: &str) -> Result<Recipe, RecipeError> {
    if let Some(found) = terraform::read(name) {
        return found;
    }
    let (name, text) =
        tables::recipes().iter().find(|(known, _)| *known == name).ok_or_else(|| RecipeError::Unknown {
            given: name.escape_debug().take(120).collect(),
            nearest: nearest(name, recipe_names().map(str::to_owned)),
        })?;
    file::read(name, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYNC: &str = r#"
        title = "Sync records"
        kind = "tool"
        source = "a test"
        [parameters]
        zone = "the zone"
        [options]
        hostnames = "custom hostnames too"
        [[need]]
        operation = "GET /zones/{zone_id}/dns_records"
        why = "see them"
        [[need]]
        operation = "GET /zones/{zone_id}/custom_hostnames"
        why = "see these"
        option = "hostnames"
    "#;

    #[test]
    fn every_recipe_of_the_catalogue_reads() {
        for name in recipe_names() {
            let recipe = recipe(name).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(recipe.needs().next().is_some(), "{name}");
            let all = recipe.options.iter().map(|(option, _)| option.clone()).collect::<Vec<_>>();
            for option in &all {
                let used = recipe.all_needs.iter().any(|need| need.option.as_ref() == Some(option));
                assert!(used, "{name}: no need belongs to the option {option}");
            }
            assert_eq!(recipe.clone().with(&all).unwrap().needs().count(), recipe.all_needs.len(), "{name}");
        }
    }

    /// Against the recipes read in full. A test of a recipe may name an operation that it does not need.
    #[test]
    fn the_recipes_that_accept_a_group_are_found_without_reading_them() {
        let recipes: Vec<Recipe> = recipe_names().map(|name| recipe(name).unwrap()).collect();
        for group in crate::groups() {
            let found: Vec<&str> = recipe_names_accepting(group).collect();
            for recipe in &recipes {
                let needs = recipe.all_needs.iter().any(|need| need.operation.accepts_group(group));
                let tests = recipe.tests.iter().any(|test| test.operation.accepts_group(group));
                let listed = found.contains(&recipe.name.as_str());
                assert!(listed == needs || listed && tests, "{} and {}", recipe.name, group.name);
            }
        }
    }

    #[test]
    fn an_unknown_recipe_offers_the_nearest() {
        let Err(RecipeError::Unknown { nearest, .. }) = recipe("sass-platform") else { panic!("found") };
        assert_eq!(nearest.first().map(String::as_str), Some("saas-platform"));
    }

    #[test]
    fn the_needs_of_an_option_are_there_when_it_is_chosen() {
        let recipe = Recipe::parse("sync", SYNC).unwrap();
        assert_eq!(recipe.needs().count(), 1);
        assert_eq!(recipe.clone().with(&["hostnames".to_owned()]).unwrap().needs().count(), 2);
        let error = recipe.with(&["hosts".to_owned()]).unwrap_err();
        assert_eq!(error.to_string(), "recipe `sync` has no option `hosts`");
    }

    #[test]
    fn a_need_of_an_undeclared_option_is_refused() {
        let error = Recipe::parse("sync", &SYNC.replace("hostnames = ", "other = ")).unwrap_err();
        assert!(matches!(error, RecipeError::Undeclared { .. }), "{error}");
    }
}
