//! A token as the policy engine sees it: who owns it, when it is valid, and what its policies say.

use flarekeep_catalogue::{AccountId, Group, GroupId, UserId};

use crate::condition::IpCondition;
use crate::resource::Resource;

/// Seconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixSeconds(pub i64);

/// Why a text is no time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTime {
    /// It is none.
    #[error("`{0}` is not a time: write it as in `2026-11-22T00:00:00Z`")]
    None(String),
    /// Two times of one second would be taken for the same.
    #[error("`{0}` is a fraction of a second: write whole seconds, as in `2026-11-22T00:00:00Z`")]
    Fraction(String),
}

impl UnixSeconds {
    /// Reads a time of RFC 3339.
    ///
    /// # Errors
    /// If the text is no such time, or none of whole seconds.
    pub fn parse(text: &str) -> Result<Self, BadTime> {
        let time: Result<jiff::Timestamp, _> = text.parse();
        let shown = || text.escape_debug().take(40).collect();
        match time {
            Ok(time) if time.subsec_nanosecond() == 0 => Ok(Self(time.as_second())),
            Ok(_) => Err(BadTime::Fraction(shown())),
            Err(_) => Err(BadTime::None(shown())),
        }
    }

    /// The time in RFC 3339, UTC; none beyond the year 9999.
    #[must_use]
    pub fn text(self) -> Option<String> {
        jiff::Timestamp::from_second(self.0).ok().map(|time| time.to_string())
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// In use.
    Active,
    /// Switched off; it can be switched on again.
    Disabled,
    /// Expired, as the API reports it after the fact.
    Expired,
    /// Revoked by Cloudflare because its value was found in public.
    RevokedExposed,
    /// A word that nobody knows. No call is known to be allowed, and none is known to be refused for good.
    Unknown,
}

impl Status {
    /// The status that the API's word stands for. `revoked (exposed)` is in no schema: Cloudflare's Terraform provider
    /// knows it.
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "expired" => Self::Expired,
            _ if word.starts_with("revoked") => Self::RevokedExposed,
            "disabled" => Self::Disabled,
            _ => Self::Unknown,
        }
    }

    /// Whether the token may be used, or may be switched on: all that it would then allow is at stake.
    #[must_use]
    pub const fn may_become_active(self) -> bool {
        matches!(self, Self::Active | Self::Disabled | Self::Unknown)
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grant {
    /// A group of the catalogue.
    Group(&'static Group),
    /// A group of the catalogue by its name, with an id that the catalogue does not know: it is taken for that group, and
    /// nothing proves that it is.
    Named(&'static Group, GroupId),
    /// A group that the catalogue does not know: it grants nothing that could be proved.
    Unknown(GroupId),
}

impl Grant {
    /// The group of the catalogue that it is, or is taken for.
    #[must_use]
    pub const fn group(&self) -> Option<&'static Group> {
        match self {
            Self::Group(group) | Self::Named(group, _) => Some(group),
            Self::Unknown(_) => None,
        }
    }
}

/// One entry of a token: its groups at its resources.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Whether it grants or withholds.
    pub effect: Effect,
    /// Where.
    pub resources: Vec<Resource>,
    /// What.
    pub groups: Vec<Grant>,
}

impl Policy {
    /// An entry that grants one thing at one place.
    #[must_use]
    pub fn allowing(grant: Grant, resource: Resource) -> Self {
        Self { effect: Effect::Allow, resources: vec![resource], groups: vec![grant] }
    }

    /// The groups that the catalogue knows.
    pub fn known_groups(&self) -> impl Iterator<Item = &'static Group> + '_ {
        self.groups.iter().filter_map(Grant::group)
    }
}

/// An API token, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

impl Token {
    /// An active token that holds these policies, and is held to no time and no address.
    #[must_use]
    pub fn unconditional(owner: Owner, policies: Vec<Policy>) -> Self {
        let (status, ip) = (Status::Active, IpCondition::default());
        Self { owner, status, not_before: None, expires_on: None, ip, policies }
    }
}
