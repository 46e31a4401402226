//! Recipes by name: those of the catalogue, then the user's own, then those of the working directory.
//!
//! A name of the catalogue is never taken by a file: a folder that is somebody else's must not change what a recipe of
//! this program means. A file is always reached by its path.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use flarekeep_catalogue::{Group, Recipe, RecipeError, nearest, recipe, recipe_names, recipe_names_accepting};

use crate::environment::config_folder;
use crate::error::CommandError;
use crate::output::plain;

/// Where a recipe is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// It comes with the program.
    Catalogue,
    /// It was read from this file.
    File(PathBuf),
}

/// The folder of the working directory in which recipes are looked for.
const LOCAL: &str = "recipes";
const ENDING: &str = "toml";
/// The longest file that is read as a recipe, in bytes.
const LONGEST: u64 = 1 << 20;

/// The recipe with this name, or in this file.
pub(crate) fn find(name: &str) -> Result<Recipe, CommandError> {
    let path = Path::new(name);
    if name.contains(std::path::MAIN_SEPARATOR) || path.extension().is_some_and(|ending| ending == ENDING) {
        return read(path);
    }
    match recipe(name) {
        Err(RecipeError::Unknown { given, nearest: known }) => match files().get(name) {
            Some(path) => read(path),
            None => {
                let nearest = known.into_iter().chain(nearest(&given, files().into_keys())).take(3).collect();
                Err(RecipeError::Unknown { given, nearest }.into())
            }
        },
        found => Ok(found?),
    }
}

/// Every recipe that a name reaches; files that cannot be read come as errors.
pub(crate) fn all() -> impl Iterator<Item = Result<(Recipe, Origin), CommandError>> {
    recipe_names().map(|name| Ok((recipe(name)?, Origin::Catalogue))).chain(own())
}

/// Every recipe that a name reaches and that accepts this group for a need; files that cannot be read are passed over.
pub(crate) fn accepting(group: &Group) -> impl Iterator<Item = Recipe> {
    let of_the_catalogue = recipe_names_accepting(group).filter_map(|name| recipe(name).ok());
    let all = of_the_catalogue.chain(own().flatten().map(|(recipe, _)| recipe));
    all.filter(|recipe| recipe.needs().any(|need| need.operation.accepts_group(group)))
}

fn own() -> impl Iterator<Item = Result<(Recipe, Origin), CommandError>> {
    files().into_values().map(|path| Ok((read(&path)?, Origin::File(path))))
}

/// The files that a name reaches; the user's go before those of the working directory.
fn files() -> BTreeMap<String, PathBuf> {
    let folders = [Some(PathBuf::from(LOCAL)), config_folder().map(|folder| folder.join("recipes"))];
    let mut found = BTreeMap::new();
    for entry in folders.into_iter().flatten().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let path = entry.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // A pipe or a device would be waited for.
        let is_recipe = path.is_file() && path.extension().is_some_and(|ending| ending == ENDING) && !name.is_empty();
        if is_recipe && !recipe_names().any(|known| known == name) {
            found.insert(name, path);
        }
    }
    found
}

fn read(path: &Path) -> Result<Recipe, CommandError> {
    let shown = plain(&path.display().to_string());
    if path.exists() && !path.is_file() {
        return Err(CommandError::usage(format!("the recipe `{shown}` is no file"))
            .hint("flarekeep recipe list shows the recipes that have a name"));
    }
    let mut text = String::new();
    let opened = fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
    opened.map_err(|error| {
        CommandError::usage(format!("cannot read the recipe `{shown}`"))
            .because(error.to_string())
            .hint("flarekeep recipe list shows the recipes that have a name")
    })?;
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    Recipe::parse(name, &text).map_err(|error| {
        let error = CommandError::from(error);
        CommandError { message: format!("`{shown}`: {}", error.message), ..error }
    })
}
