//! What `flarekeep.toml` declares.

mod read;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use flarekeep_catalogue::{Operation, TokenId};
use flarekeep_planner::Target;
use flarekeep_policy::{Effect, Grant, Resource};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

use crate::sink::Sink;

/// A file of declared tokens.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// The project that `[defaults]` names.
    pub project: Option<String>,
    /// The tokens, by their keys.
    pub tokens: Vec<Declared>,
}

/// One declared token, with the defaults of its file.
#[derive(Debug, Clone, PartialEq)]
pub struct Declared {
    /// The key: `dns-updater` of `[token.dns-updater]`.
    pub key: String,
    /// The line of the file, from 1.
    pub line: usize,
    /// The token's name at Cloudflare.
    pub name: String,
    /// The token's id, where the name does not tell it from others.
    pub id: Option<TokenId>,
    /// Whether a user or an account owns it.
    pub whose: Whose,
    /// The account, by id or name.
    pub account: Option<String>,
    /// The zones that the work is done on.
    pub zones: Vec<ZoneRef>,
    /// The buckets that the work is done on.
    pub buckets: Vec<BucketRef>,
    /// What it is for.
    pub purpose: Purpose,
    /// Only these addresses may use it; none for any.
    pub allow_ips: Vec<IpNet>,
    /// None of these addresses may use it.
    pub deny_ips: Vec<IpNet>,
    /// It is valid from here on.
    pub not_before: Option<Timestamp>,
    /// When it ends.
    pub end: End,
    /// Whether it may be used.
    pub enabled: bool,
    /// Where its value goes.
    pub sinks: Vec<Sink>,
    /// After which time it is to be rotated.
    pub rotate_every: Option<Age>,
}

/// Whether a user or an account owns a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Whose {
    /// The user whose credential is used.
    #[default]
    User,
    /// An account.
    Account,
}

/// What a token is for: what it is granted follows from it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Purpose {
    /// Recipes, by name or file.
    pub recipes: Vec<String>,
    /// The recipes' options.
    pub options: Vec<String>,
    /// Operations, with the ids that their paths hold.
    pub operations: Vec<(&'static Operation, Target)>,
    /// A plan file, as the file spells its path.
    pub plan: Option<PathBuf>,
    /// Permissions that are named outright.
    pub grants: Vec<Granted>,
}

/// Permissions at places.
#[derive(Debug, Clone, PartialEq)]
pub struct Granted {
    /// The line of the file, from 1.
    pub line: usize,
    /// Whether they are granted or withheld.
    pub effect: Effect,
    /// The permissions.
    pub permissions: Vec<Grant>,
    /// Where.
    pub at: At,
}

/// Where permissions are granted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct At {
    /// Zones.
    pub zones: Vec<ZoneRef>,
    /// Accounts, by id or name; `*` for all.
    pub accounts: Vec<String>,
    /// Buckets of the token's account.
    pub buckets: Vec<BucketRef>,
    /// The user.
    pub user: Option<UserRef>,
    /// Resources as the API spells them: each permission is granted at each of them, whatever their scopes.
    pub resources: Vec<Resource>,
}

/// A zone, or all of them, as the file names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ZoneRef {
    /// The account behind which it stands, by id or name: `ACCOUNT/ZONE`. `*` for every account.
    pub account: Option<String>,
    /// An id or a name; `None` for every zone.
    pub zone: Option<String>,
}

/// A bucket, or all of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum BucketRef {
    /// Every bucket of the account: `*`.
    Every,
    /// One bucket: `media`, `eu/media`.
    One {
        /// `default`, `eu`, ….
        jurisdiction: String,
        /// Its name.
        name: String,
    },
}

/// A user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRef {
    /// The one that owns the token.
    Own,
    /// The one with this id.
    Id(flarekeep_catalogue::UserId),
}

/// When a declared token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum End {
    /// It does not.
    #[default]
    Never,
    /// At this time.
    At(Timestamp),
    /// So long after it was made or rotated.
    After(Age),
}

/// A length of time as people write it: `90d`, `12h`, `4w`. Whole hours, and never nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Age {
    hours: i64,
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct DocumentError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there.
    pub problem: Box<Problem>,
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// It is no TOML, or a value is of another type.
    #[error("{0}")]
    Toml(String),
    /// A key that is not known.
    #[error("no key `{key}` in {}", if table.is_empty() { "the file".to_owned() } else { format!("[{table}]") })]
    Key {
        /// The key.
        key: String,
        /// The table that it stands in; empty for the file itself.
        table: String,
        /// The known key that is spelt most like it.
        nearest: Option<String>,
        /// The table in which such a key may stand.
        belongs: Option<&'static str>,
        /// The keys that may stand there.
        known: String,
    },
    /// A value that cannot be meant.
    #[error("`{key}`: {reason}")]
    Value {
        /// The key.
        key: &'static str,
        /// Why not.
        reason: String,
        /// What to write.
        hint: Option<String>,
    },
    /// A part of a name that no token is called by.
    #[error(
        "`{part}`, the {what} in the name of a token, has something else than lower-case letters, digits and hyphens"
    )]
    NamePart {
        /// The part.
        part: String,
        /// Which part it is.
        what: &'static str,
    },
    /// A name that Cloudflare does not take.
    #[error(
        "`{0}` is no name of a token: those have 1 to 120 characters, none of them a control character, and no `(pending …)` behind them"
    )]
    Name(String),
    /// Nothing says what the token is for.
    #[error("nothing says what the token `{0}` is for")]
    NoPurpose(String),
    /// A plan is all of the work, and there is more.
    #[error("the token `{0}` has a plan, and recipes or operations beside it")]
    PlanAndMore(String),
    /// Two tokens of one name.
    #[error("the tokens `{first}` and `{second}` are both named `{name}`")]
    Namesakes {
        /// The key of the one.
        first: String,
        /// The key of the other.
        second: String,
        /// The name.
        name: String,
    },
    /// Two tokens of one id.
    #[error("the tokens `{first}` and `{second}` are one: both have the id {id}")]
    SameId {
        /// The key of the one.
        first: String,
        /// The key of the other.
        second: String,
        /// The id.
        id: TokenId,
    },
    /// Two values for a sink that keeps one.
    #[error(
        "the values of {} would go to one sink: {sink}",
        if first == second { format!("the token `{first}`, twice,") } else {
            format!("the tokens `{first}` (line {line}) and `{second}`")
        }
    )]
    SharedSink {
        /// The key of the one.
        first: String,
        /// Its line.
        line: usize,
        /// The key of the other.
        second: String,
        /// The sink.
        sink: String,
    },
    /// More tokens than can be.
    #[error("{0} tokens are declared, and 1,000 at most are taken: a user has 50, an account 500")]
    TooMany(usize),
    /// It ends before it begins.
    #[error("the token `{0}` would end before it begins")]
    EndsFirst(String),
}

impl Document {
    /// Reads a file.
    ///
    /// # Errors
    /// The first thing that is wrong, and its line.
    pub fn parse(text: &str) -> Result<Self, DocumentError> {
        read::document(text)
    }

    /// The token with this key or this name.
    #[must_use]
    pub fn find(&self, given: &str) -> Option<&Declared> {
        let by_name = || self.tokens.iter().find(|token| token.name == given);
        self.tokens.iter().find(|token| token.key == given).or_else(by_name)
    }
}

impl DocumentError {
    pub(super) fn of_toml(text: &str, error: &toml::de::Error) -> Self {
        let at = error.span().map_or(0, |span| span.start);
        Self::at(text, at, Problem::Toml(super::raw::shown(error.message())))
    }

    /// The problem, at the line of this byte.
    pub(super) fn at(text: &str, byte: usize, problem: Problem) -> Self {
        let before = text.as_bytes().get(..byte).unwrap_or_default();
        Self { line: before.iter().filter(|byte| **byte == b'\n').count() + 1, problem: Box::new(problem) }
    }
}

impl Problem {
    /// What to write instead, where that is known.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Key { nearest: Some(nearest), .. } => format!("is `{nearest}` meant?"),
            Self::Key { key, belongs: Some(table), .. } => format!("`{key}` is a key of [{table}]"),
            Self::Key { known, .. } => format!("known keys are {known}"),
            Self::Value { hint, .. } => return hint.clone(),
            Self::NamePart { .. } => {
                "names are {project}-{purpose}-{environment}; name = \"…\" overrides that".to_owned()
            }
            Self::Name(_) => "as in name = \"shop-dns-updater-prod\"".to_owned(),
            Self::NoPurpose(key) => format!(
                "add recipe = \"…\", operations = [\"POST /zones/{{zone_id}}/dns_records\"], plan = \"plan.json\" or \
                 [[token.{key}.grant]]"
            ),
            Self::PlanAndMore(_) => "leave them out, or make the plan again with them".to_owned(),
            Self::Namesakes { .. } => {
                "give one of them another name = \"…\"; two living tokens of one name are told apart by id = \"…\""
                    .to_owned()
            }
            Self::SharedSink { first, second, .. } if first == second => "name the sink once".to_owned(),
            Self::SharedSink { .. } => {
                "a sink keeps one value: give each token its own, as in \"env:.env:NAME\" with another NAME".to_owned()
            }
            Self::TooMany(_) => "a file for each owner: flarekeep apply FILE".to_owned(),
            Self::Toml(_) | Self::SameId { .. } | Self::EndsFirst(_) => return None,
        })
    }
}

impl Whose {
    /// The word that the file has for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Account => "account",
        }
    }
}

impl Age {
    /// So many hours.
    #[must_use]
    pub const fn of_hours(hours: i64) -> Option<Self> {
        // Ten thousand years are beyond every time that can be written.
        if hours > 0 && hours < 24 * 366 * 10_000 { Some(Self { hours }) } else { None }
    }

    /// The same as a length of time.
    #[must_use]
    pub const fn duration(self) -> SignedDuration {
        SignedDuration::from_hours(self.hours)
    }

    /// The time so long after `start`; the last that there is, where it would be later.
    #[must_use]
    pub fn after(self, start: Timestamp) -> Timestamp {
        let end = start.checked_add(self.duration()).unwrap_or(Timestamp::MAX);
        Timestamp::from_second(end.as_second()).unwrap_or(end)
    }
}

impl FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{}` is no length of time", super::raw::shown(text));
        let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
        let hours = match unit {
            "h" => 1,
            "d" => 24,
            "w" => 24 * 7,
            _ => return Err(wrong()),
        };
        let number: u32 = number.parse().map_err(|_| wrong())?;
        Self::of_hours(i64::from(number) * hours).ok_or_else(wrong)
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.hours % 24 {
            0 => write!(f, "{}d", self.hours / 24),
            _ => write!(f, "{}h", self.hours),
        }
    }
}
