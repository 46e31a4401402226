//! What the journal writes of a change before it begins, and of a token that lives.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Credential, Owner};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};

use crate::text;

/// A piece of work on one token that takes several calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Names it in the journal.
    pub id: ChangeId,
    /// What is done.
    pub kind: Kind,
    /// To which token.
    pub subject: Subject,
    /// Whose credential does it.
    pub manager: Fingerprint,
    /// The living token whose place the new one takes.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "text::optional")]
    pub replaces: Option<TokenId>,
    /// Where the value goes, as sinks are spelled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sinks: Vec<String>,
    /// The declaration that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
    /// How long the old token is kept once the new value is delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Grace>,
    /// When it began.
    pub begun: Timestamp,
}

/// How long the old token of a rotation is kept once the new value is delivered: at most. It ends after half of the time
/// if the new one was used and the old one was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grace {
    /// So many seconds.
    pub seconds: u32,
    /// Whether it is kept longer if the new one was not used by then.
    #[serde(default)]
    pub until_used: bool,
}

/// The kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A token is made and its value delivered.
    Create,
    /// A token is made, delivered, and takes the place of another, which ends.
    Rotate,
    /// A token gets a new value in the place of its old one.
    Roll,
    /// A token is made for one command and ends with it.
    Exec,
}

/// Which token is meant: its name with its owner at an API. Ids change when tokens are rotated; this does not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Subject {
    /// The base URL of the API.
    pub api: String,
    /// Who owns the token.
    pub owner: Owner,
    /// Its name.
    pub name: String,
}

/// Names a change: 16 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(u64);

/// A text that names no change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a change is named by 16 hexadecimal digits")]
pub struct BadChangeId;

/// Tells one credential from another and gives nothing of it away: the first half of a SHA-256 sum.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

/// Where a token was declared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Declared {
    /// The file, as an absolute path without links.
    pub file: PathBuf,
    /// The project that its defaults name: another file at the same path, on another machine or in another container,
    /// has another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// After how many seconds it is to be rotated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_every: Option<u64>,
    /// The time at which it ends, where that is declared and not an age. Rotation does not put it off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Declared {
    /// The declared end of a token that is made at `now`; none where that is past.
    #[must_use]
    pub fn end_after(&self, now: Timestamp) -> Option<Timestamp> {
        self.until.filter(|end| *end > now)
    }
}

/// What the journal knows of a living token that it saw made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// Which token.
    pub subject: Subject,
    /// Its id now.
    #[serde(with = "text")]
    pub id: TokenId,
    /// Who holds its value, as sinks are spelled.
    #[serde(default)]
    pub sinks: Vec<String>,
    /// The declaration that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared: Option<Declared>,
    /// Since when they hold it.
    pub since: Timestamp,
}

impl Subject {
    /// The subject as one text, which no other subject has.
    #[must_use]
    pub fn key(&self) -> String {
        let owner = match self.owner {
            Owner::User => "user".to_owned(),
            Owner::Account(account) => account.to_string(),
        };
        format!("{} {owner} {}", self.api, self.name)
    }
}

impl ChangeId {
    /// One that no other change has.
    #[must_use]
    pub fn random() -> Self {
        Self(getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id())))
    }
}

impl Fingerprint {
    /// That of a credential.
    #[must_use]
    pub fn of(credential: &Credential) -> Self {
        let sum = Sha256::new()
            .chain_update(b"flarekeep credential\0")
            .chain_update(credential.value().expose_secret())
            .finalize();
        Self(sum.iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Display for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for ChangeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChangeId({self})")
    }
}

impl FromStr for ChangeId {
    type Err = BadChangeId;

    fn from_str(text: &str) -> Result<Self, BadChangeId> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u64::from_str_radix(text, 16).ok().filter(|_| digits);
        number.map(Self).ok_or(BadChangeId)
    }
}

impl Serialize for ChangeId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ChangeId {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        text::deserialize(from)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Create => "create",
            Self::Rotate => "rotate",
            Self::Roll => "roll",
            Self::Exec => "exec",
        })
    }
}

/// A subject as the journal writes it.
#[derive(Serialize, Deserialize)]
struct Written {
    api: String,
    /// The account; none where a user owns the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    account: Option<String>,
    name: String,
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let account = match self.owner {
            Owner::User => None,
            Owner::Account(account) => Some(account.to_string()),
        };
        Written { api: self.api.clone(), account, name: self.name.clone() }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let Written { api, account, name } = Written::deserialize(from)?;
        let owner = match account {
            None => Owner::User,
            Some(account) => Owner::Account(account.parse().map_err(de::Error::custom)?),
        };
        Ok(Self { api, owner, name })
    }
}
