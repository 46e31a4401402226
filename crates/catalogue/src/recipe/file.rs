//! The file of a recipe, in TOML.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Command, Documented, Kind, MOST_NEEDS, NamedTest, Need, Parameter, Recipe, RecipeError, pattern};
use crate::group::{Group, groups};
use crate::hostile::is_hostile;
use crate::name::resolve;
use crate::operation::operation;

/// Stands in a documented list for every group that is named for reading.
const EVERY_READ: &str = "* Read";

/// Reads a recipe.
pub(super) fn read(name: &str, text: &str) -> Result<Recipe, RecipeError> {
    let file: File = toml::from_str(text).map_err(|error| malformed(text, &error))?;
    let mut all_needs = Vec::with_capacity(file.need.len());
    for line in file.need {
        if let Some(option) = line.option.as_ref().filter(|option| !file.options.contains_key(*option)) {
            let shown = |text: &str| text.escape_debug().take(120).collect();
            return Err(RecipeError::Undeclared { operation: shown(&line.operation), option: shown(option) });
        }
        let is_pattern = pattern::is_pattern(&line.operation);
        let why = one_line(&line.why);
        for operation in pattern::operations(&line.operation)? {
            let (why, option) = (why.clone(), line.option.clone());
            // Whoever reads everything reads what the token may read at all.
            let user_only = line.user_only || is_pattern && operation.closed_to_account_tokens;
            all_needs.push(Need { operation, why, option, user_only });
        }
        if all_needs.len() > MOST_NEEDS {
            return Err(RecipeError::TooLong);
        }
    }
    if all_needs.is_empty() {
        return Err(RecipeError::Empty);
    }
    let command = file.run.map(|text| Command::new(&text).ok_or(RecipeError::Command)).transpose()?;
    let tests = file.test.into_iter().map(|test| {
        let operation = operation(&test.operation)?;
        Ok(NamedTest { name: one_line(&test.name), operation })
    });
    Ok(Recipe {
        name: name.to_owned(),
        title: one_line(&file.title),
        kind: file.kind.into(),
        source: one_line(&file.source),
        command,
        parameters: file.parameters.into_iter().map(|(parameter, what)| (parameter.into(), one_line(&what))).collect(),
        options: file.options.into_iter().collect(),
        all_needs,
        tests: tests.collect::<Result<_, RecipeError>>()?,
        documented: file.documented.as_ref().map(documented).transpose()?,
        chosen: Vec::new(),
    })
}

/// The operation that a line of a recipe of the catalogue names. All of them are written `operation = "…"`; a test
/// compares what is found so with what the whole files say.
pub(super) fn skimmed(line: &str) -> Option<&str> {
    line.strip_prefix("operation = \"")?.strip_suffix('"')
}

/// Refuses a recipe whose name or file holds a character that a terminal would obey, escaped or not. The lines of a text
/// are made one when it is read; a name or a key has one anyway.
pub(super) fn check(name: &str, text: &str) -> Result<(), RecipeError> {
    let file: toml::Table = toml::from_str(text).map_err(|error| malformed(text, &error))?;
    refuse("name", name, is_hostile)?;
    file.iter().try_for_each(|(key, value)| check_value(key, value))
}

fn check_value(key: &str, value: &toml::Value) -> Result<(), RecipeError> {
    refuse(key, key, is_hostile)?;
    match value {
        toml::Value::String(text) => refuse(key, text, |c| is_hostile(c) && !c.is_ascii_whitespace()),
        toml::Value::Array(values) => values.iter().try_for_each(|value| check_value(key, value)),
        toml::Value::Table(table) => table.iter().try_for_each(|(key, value)| check_value(key, value)),
        _ => Ok(()),
    }
}

fn refuse(key: &str, text: &str, hostile: impl Fn(char) -> bool) -> Result<(), RecipeError> {
    match text.chars().any(hostile) {
        true => Err(RecipeError::ControlCharacter(key.escape_debug().take(60).collect())),
        false => Ok(()),
    }
}

/// A text of several lines as one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The library's message shows the lines of the file as they are, and these may be hostile: its sentence does.
fn malformed(text: &str, error: &toml::de::Error) -> RecipeError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    RecipeError::Malformed { line, reason: error.message().escape_debug().take(200).collect() }
}

fn documented(file: &FileDocumented) -> Result<Documented, RecipeError> {
    let mut listed: Vec<&'static Group> = Vec::new();
    for name in &file.groups {
        if name == EVERY_READ {
            listed.extend(groups().iter().filter(|group| group.is_named_for_reading()));
        } else {
            listed.push(resolve(name)?.0);
        }
    }
    Ok(Documented { source: one_line(&file.source), groups: listed, everywhere: file.everywhere })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    title: String,
    #[serde(default)]
    kind: FileKind,
    source: String,
    run: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<FileParameter, String>,
    #[serde(default)]
    options: BTreeMap<String, String>,
    need: Vec<FileNeed>,
    #[serde(default)]
    test: Vec<FileTest>,
    documented: Option<FileDocumented>,
}

/// A user's own recipe need not say what it is: it is what they do.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum FileKind {
    #[default]
    UseCase,
    Tool,
    Template,
}

#[derive(Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "kebab-case")]
enum FileParameter {
    Account,
    Zone,
    Bucket,
    Worker,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNeed {
    operation: String,
    why: String,
    option: Option<String>,
    #[serde(default)]
    user_only: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTest {
    name: String,
    operation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileDocumented {
    source: String,
    groups: Vec<String>,
    #[serde(default)]
    everywhere: bool,
}

impl From<FileKind> for Kind {
    fn from(kind: FileKind) -> Self {
        match kind {
            FileKind::UseCase => Self::UseCase,
            FileKind::Tool => Self::Tool,
            FileKind::Template => Self::Template,
        }
    }
}

impl From<FileParameter> for Parameter {
    fn from(parameter: FileParameter) -> Self {
        match parameter {
            FileParameter::Account => Self::Account,
            FileParameter::Zone => Self::Zone,
            FileParameter::Bucket => Self::Bucket,
            FileParameter::Worker => Self::Worker,
        }
    }
}
