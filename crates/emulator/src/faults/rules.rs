//! Reading rules: from TOML or JSON to what is checked, with errors that name the rule and the key.

mod action;
mod matching;

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value};

pub(super) use self::action::{Action, Answered, Drop};
pub(super) use self::matching::{Matching, Seen};
use crate::control::is_name;
use crate::log::printable;

/// The most rules there may be.
const MOST: usize = 256;

/// Faults that are wanted, and when. Clones share the rules.
///
/// ```
/// let rules = flarekeep_emulator::FaultRules::from_toml(
///     r#"
///     seed = 7                                # what is left to chance follows from it
///
///     [[rule]]
///     name = "busy"
///     match = { method = "POST", path = "/zones/*/dns_records", first = 2 }
///     answer = { status = 429, retry_after = 1 }
///     "#,
/// )?;
/// # Ok::<(), flarekeep_emulator::FaultError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FaultRules {
    pub(super) seed: u64,
    pub(super) rules: Arc<Vec<Arc<Rule>>>,
}

/// One rule.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) on: Matching,
    pub(super) action: Action,
    /// As it was given, to be shown.
    given: Map<String, Value>,
}

/// Why a text holds no rules.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// It is neither TOML nor JSON, whichever it was to be.
    #[error("{0}")]
    Syntax(String),
    /// A key holds what it cannot, or is not known.
    #[error("{place}, key `{key}`: {problem}", place = place(rule.as_deref()))]
    Key {
        /// The rule's name or number; none of what stands beside the rules.
        rule: Option<String>,
        /// The key.
        key: String,
        /// What is wrong.
        problem: String,
    },
}

/// What is wrong with a key of a rule.
#[derive(Debug)]
pub(super) struct Problem {
    key: String,
    problem: String,
}

impl FaultRules {
    /// Reads `seed` and `[[rule]]` from TOML.
    ///
    /// # Errors
    /// Syntax, with its line; keys that are not known or hold what they cannot; two actions in one rule; two rules of
    /// one name; more than 256 rules.
    pub fn from_toml(text: &str) -> Result<Self, FaultError> {
        let whole: Map<String, Value> = toml::from_str(text).map_err(|error| {
            let before = error.span().map_or(0, |span| span.start);
            let line = text.bytes().take(before).filter(|byte| *byte == b'\n').count() + 1;
            FaultError::Syntax(format!("line {line}: {}", error.message()))
        })?;
        Self::read(&whole)
    }

    /// Reads the same from JSON: an object with `seed` and the list `rule`.
    ///
    /// # Errors
    /// As [`Self::from_toml`].
    pub fn from_json(bytes: &[u8]) -> Result<Self, FaultError> {
        Self::read(&json(bytes)?)
    }

    /// These and one more, which JSON holds.
    pub(super) fn with(&self, bytes: &[u8]) -> Result<Self, FaultError> {
        let mut rules = self.rules.to_vec();
        let is_free = |name: &String| !self.rules.iter().any(|rule| rule.name == *name);
        // Of more names than there are rules one is free.
        let usual = (1..=rules.len() + 1).map(|number| format!("rule-{number}")).find(is_free).unwrap_or_default();
        rules.push(Rule::read(&Value::Object(json(bytes)?), rules.len() + 1, usual)?);
        Self { seed: self.seed, rules: Arc::new(rules) }.checked()
    }

    fn read(whole: &Map<String, Value>) -> Result<Self, FaultError> {
        let beside = |key: &str, problem: &str| FaultError::Key {
            rule: None,
            key: printable(key, 40),
            problem: problem.to_owned(),
        };
        let mut read = Self::default();
        for (key, value) in whole {
            match (key.as_str(), value) {
                ("seed", value) => {
                    read.seed = value.as_u64().ok_or_else(|| beside(key, "must be a whole number, 0 or more"))?;
                }
                ("rule", Value::Array(entries)) => {
                    let rules = entries
                        .iter()
                        .enumerate()
                        .map(|(at, entry)| Rule::read(entry, at + 1, format!("rule-{}", at + 1)));
                    read.rules = Arc::new(rules.collect::<Result<_, _>>()?);
                }
                ("rule", _) => return Err(beside(key, "must be a list of rules")),
                _ => return Err(beside(key, "is not known: there are `seed` and `rule`")),
            }
        }
        read.checked()
    }

    fn checked(self) -> Result<Self, FaultError> {
        let key =
            |rule: &str, problem: String| FaultError::Key { rule: Some(rule.to_owned()), key: "name".into(), problem };
        for (at, rule) in self.rules.iter().enumerate() {
            if self.rules.iter().take(at).any(|other| other.name == rule.name) {
                return Err(key(&rule.name, "is the name of a rule before it".to_owned()));
            }
        }
        match self.rules.get(MOST) {
            Some(rule) => Err(key(&rule.name, format!("is one rule too many: {MOST} are the most"))),
            None => Ok(self),
        }
    }
}

impl Rule {
    /// Reads the rule that stands at a place, counted from 1, and has the usual name unless it says another.
    fn read(entry: &Value, number: usize, usual: String) -> Result<Arc<Self>, FaultError> {
        let named = entry.get("name").and_then(Value::as_str).filter(|name| is_name(name));
        let shown = named.map_or_else(|| format!("number {number}"), |name| format!("`{name}`"));
        let problem = |Problem { key, problem }| FaultError::Key { rule: Some(shown.clone()), key, problem };
        let Some(entry) = entry.as_object() else { return Err(problem(Problem::of("rule", "must be a table"))) };
        if entry.contains_key("name") && named.is_none() {
            let form = "must have 1 to 64 letters, digits, dots, hyphens or underscores";
            return Err(problem(Problem::of("name", form)));
        }
        let known = |key: &&String| !matches!(key.as_str(), "name" | "match") && !action::KEYS.contains(&key.as_str());
        if let Some(key) = entry.keys().find(known) {
            let known = format!("is not known: there are name, match, and one of {}", action::KEYS.join(", "));
            return Err(problem(Problem::of(&printable(key, 40), known)));
        }
        let on = Matching::read(entry.get("match")).map_err(problem)?;
        let action = Action::read(entry, &on).map_err(problem)?;
        let name = named.map_or(usual, ToOwned::to_owned);
        Ok(Arc::new(Self { name, on, action, given: entry.clone() }))
    }

    /// The rule as it was given, with its name.
    pub(super) fn shown(&self) -> Map<String, Value> {
        let mut shown = self.given.clone();
        shown.insert("name".to_owned(), self.name.clone().into());
        shown
    }
}

impl Problem {
    pub(super) fn of(key: &str, problem: impl Into<String>) -> Self {
        Self { key: key.to_owned(), problem: problem.into() }
    }

    /// The same, of a key in a table.
    fn within(self, table: &str) -> Self {
        Self { key: format!("{table}.{}", self.key), ..self }
    }
}

fn json(bytes: &[u8]) -> Result<Map<String, Value>, FaultError> {
    serde_json::from_slice(bytes).map_err(|error| FaultError::Syntax(error.to_string()))
}

fn place(rule: Option<&str>) -> impl fmt::Display {
    rule.map_or_else(|| "beside the rules".to_owned(), |rule| format!("rule {rule}"))
}

#[cfg(test)]
mod tests;
