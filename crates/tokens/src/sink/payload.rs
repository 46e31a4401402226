//! What is delivered: one value, or named pairs.

use std::collections::BTreeSet;

use flarekeep_catalogue::TokenId;
use secrecy::{ExposeSecret, SecretString};

use super::env_value::quoted;
use super::names::is_variable;
use super::{DEFAULT_KEY, SinkError};

/// What a sink is given.
#[derive(Debug, Clone)]
pub struct Payload(Content);

#[derive(Debug, Clone)]
enum Content {
    Value { value: SecretString, of: Option<TokenId> },
    Pairs(Vec<(String, SecretString)>),
}

/// What a payload will be, without its values: enough to prove a sink for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One value, under the sink's own name.
    Value,
    /// Values under these names.
    Pairs(Vec<String>),
}

/// Pairs that make no payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadPayload {
    /// There is nothing to deliver.
    #[error("there is nothing to deliver")]
    Empty,
    /// A name that no shell takes.
    #[error("`{0}` is not the name of an environment variable")]
    Name(String),
    /// Two values of one name.
    #[error("`{0}` is named twice")]
    Twice(String),
}

impl Payload {
    /// The value of the token with this id: enough for what follows from both, as R2's keys do.
    #[must_use]
    pub fn of_token(id: TokenId, value: &SecretString) -> Self {
        Self(Content::Value { value: value.clone(), of: Some(id) })
    }

    /// Values with names of their own, as tools read them from the environment: `AWS_ACCESS_KEY_ID` and its like.
    pub fn pairs(pairs: impl IntoIterator<Item = (String, SecretString)>) -> Result<Self, BadPayload> {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let mut seen = BTreeSet::new();
        for (name, _) in &pairs {
            if !is_variable(name) {
                return Err(BadPayload::Name(name.escape_debug().to_string()));
            }
            if !seen.insert(name.as_str()) {
                return Err(BadPayload::Twice(name.clone()));
            }
        }
        if pairs.is_empty() {
            return Err(BadPayload::Empty);
        }
        Ok(Self(Content::Pairs(pairs)))
    }

    /// The payload without its values.
    #[must_use]
    pub fn shape(&self) -> Shape {
        match &self.0 {
            Content::Value { .. } => Shape::Value,
            Content::Pairs(pairs) => Shape::Pairs(pairs.iter().map(|(name, _)| name.clone()).collect()),
        }
    }

    /// The values with their names; one value alone goes by the sink's own name.
    pub(super) fn entries<'a>(&'a self, own: &'a str) -> Vec<(&'a str, &'a SecretString)> {
        match &self.0 {
            Content::Value { value, .. } => vec![(own, value)],
            Content::Pairs(pairs) => pairs.iter().map(|(name, value)| (name.as_str(), value)).collect(),
        }
    }

    /// The value if it is one.
    pub(super) fn value(&self) -> Option<&SecretString> {
        match &self.0 {
            Content::Value { value, .. } => Some(value),
            Content::Pairs(_) => None,
        }
    }

    /// The value and the token that it is of, where that is known.
    pub(super) fn of(&self) -> Option<(TokenId, &SecretString)> {
        match &self.0 {
            Content::Value { value, of } => of.map(|id| (id, value)),
            Content::Pairs(_) => None,
        }
    }

    /// The value and a line feed, or one line `KEY=value` a pair, quoted as in an env file where it must be.
    pub(super) fn lines(&self) -> SecretString {
        let text: String = match &self.0 {
            Content::Value { value, .. } => format!("{}\n", value.expose_secret()),
            Content::Pairs(pairs) => {
                pairs.iter().map(|(name, value)| format!("{name}={}\n", quoted(value.expose_secret()))).collect()
            }
        };
        SecretString::from(text)
    }

    /// Fails for values that could not be told from what stands around them: an empty one, or one with a line feed or a
    /// single quote, which would write into an env file what a shell runs, or a backslash, which the readers of such files
    /// take differently. No token holds any.
    pub(super) fn refuse_unfit(&self) -> Result<(), SinkError> {
        let ends = |c: char| c.is_control() || c == '\'' || c == '\\';
        let unfit = |value: &str| value.is_empty() || value.trim() != value || value.chars().any(ends);
        match self.entries("").iter().any(|(_, value)| unfit(value.expose_secret())) {
            true => Err(SinkError::UnfitValue),
            false => Ok(()),
        }
    }
}

impl Shape {
    /// The names under which values will lie in a sink whose own name for a value is `own`. A chosen name and pairs do
    /// not go together: which tool would read `MY_NAME_AWS_ACCESS_KEY_ID`?
    pub(super) fn names<'a>(&'a self, own: &'a str, default: &str) -> Result<Vec<&'a str>, SinkError> {
        match self {
            Self::Value => Ok(vec![own]),
            Self::Pairs(names) if own == default => Ok(names.iter().map(String::as_str).collect()),
            Self::Pairs(names) => Err(SinkError::NameForPairs { name: own.to_owned(), pairs: names.join(", ") }),
        }
    }

    /// As [`Shape::names`], for sinks whose default is [`DEFAULT_KEY`].
    pub(super) fn keys<'a>(&'a self, own: &'a str) -> Result<Vec<&'a str>, SinkError> {
        self.names(own, DEFAULT_KEY)
    }
}

impl From<SecretString> for Payload {
    fn from(value: SecretString) -> Self {
        Self(Content::Value { value, of: None })
    }
}

impl From<&SecretString> for Payload {
    fn from(value: &SecretString) -> Self {
        value.clone().into()
    }
}

impl From<&Payload> for Payload {
    fn from(payload: &Payload) -> Self {
        payload.clone()
    }
}
