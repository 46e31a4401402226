//! A token as the policy engine sees it: who owns it, when it is valid, and what its policies say.

use flarekeep_catalogue::{AccountId, Group, GroupId, UserId};

use crate::condition::IpCondition;
use crate::resource::Resource;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(pub i64);

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time: write it as in `2026-11-22T00:00:00Z`")]
pub struct BadTime(String);

impl UnixSeconds {
    /// Reads a time of RFC 3339; fractions of a second are cut off.
    ///
    /// # Errors
    /// If the text is no such time.
    pub fn parse(text: &str) -> Result<Self, BadTime> {
        let time: Result<jiff::Timestamp, _> = text.parse();
        time.map(|time| Self(time.as_second())).map_err(|_| BadTime(text.escape_debug().take(40).collect()))
    }
}

/// Who owns a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A user: the token acts as that user.
    User(UserId),
    /// An account: the token is a principal of its own and reaches nothing outside that account.
    Account(AccountId),
}

/// Whether a token may be used at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// In use.
    Active,
    /// Switched off; it can be switched on again.
    Disabled,
    /// Expired, as the API reports it after the fact.
    Expired,
    /// Revoked by Cloudflare because its value was found in public.
    RevokedExposed,
}

impl Status {
    /// The status that the API's word stands for. `revoked (exposed)` is in no schema: Cloudflare's Terraform provider
    /// knows it. A word that nobody knows is taken for a token that may not be used.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "expired" => Self::Expired,
            _ if word.starts_with("revoked") => Self::RevokedExposed,
            _ => Self::Disabled,
        }
    }
}

/// Whether a policy grants or withholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Grants.
    Allow,
    /// Withholds, whatever other policies grant.
    Deny,
}

/// One permission group in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// A group of the catalogue.
    Group(&'static Group),
    /// A group that the catalogue does not know: it grants nothing that could be proved.
    Unknown(GroupId),
}

/// One entry of a token: its groups at its resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether it grants or withholds.
    pub effect: Effect,
    /// Where.
    pub resources: Vec<Resource>,
    /// What.
    pub groups: Vec<Grant>,
}

impl Policy {
    /// The groups that the catalogue knows.
    pub fn known_groups(&self) -> impl Iterator<Item = &'static Group> + '_ {
        self.groups.iter().filter_map(|grant| match grant {
            Grant::Group(group) => Some(*group),
            Grant::Unknown(_) => None,
        })
    }
}

/// An API token, without its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// Who owns it.
    pub owner: Owner,
    /// Whether it may be used.
    pub status: Status,
    /// Valid from this second on.
    pub not_before: Option<UnixSeconds>,
    /// Valid up to this second, which is no longer in.
    pub expires_on: Option<UnixSeconds>,
    /// From which addresses it may be used.
    pub ip: IpCondition,
    /// What it grants.
    pub policies: Vec<Policy>,
}
