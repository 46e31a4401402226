//! A token as an audit sees it: what the API's list says of it, and where that was read.

use std::collections::BTreeSet;

use flarekeep_catalogue::{AccountId, GroupId, TokenId, UserId};
use flarekeep_policy::{Grant, IpCondition, Owner, Policy, Status, Token, UnixSeconds};
use jiff::Timestamp;

use crate::world::Place;

/// A token, without its value.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenRecord {
    /// Its id: no secret.
    pub id: TokenId,
    /// Its name, as it stands there: not trusted to be short or free of control characters.
    pub name: String,
    /// Whether it may be used.
    pub status: Status,
    /// The API's word for the status, as it stands there.
    pub status_word: String,
    /// Who owns it.
    pub owner: OwnedBy,
    /// When it was made.
    pub issued_on: Option<Timestamp>,
    /// When it was last changed, by an edit or by a new value: the API does not tell which.
    pub modified_on: Option<Timestamp>,
    /// When it was last used, as far as Cloudflare knows.
    pub last_used_on: Option<Timestamp>,
    /// Whether what was read would have said so if it had been used: the API's list does, an older Terraform state does
    /// not.
    pub last_use_known: bool,
    /// It is valid from here on.
    pub not_before: Option<Timestamp>,
    /// It is valid until here.
    pub expires_on: Option<Timestamp>,
    /// From which addresses it may be used.
    pub ip: IpCondition,
    /// What it grants; none where what was read does not say (`flarekeep token list --json` does not).
    pub policies: Option<Vec<Policy>>,
    /// The groups among them that the API marks as deprecated, with the day of their end where it says one.
    pub deprecated: Vec<(GroupId, Option<String>)>,
    /// Where it was read.
    pub place: Place,
}

/// Who owns a token, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OwnedBy {
    /// A user.
    User(Option<UserId>),
    /// An account.
    Account(AccountId),
    /// What was read does not say. Such a token is judged as a user's, which reaches more.
    Unknown,
}

/// Stands for a user whose id nobody gave.
pub(crate) const UNNAMED_USER: UserId = UserId::from_u128(u128::MAX);

impl OwnedBy {
    /// The word in documents.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Account(_) => "account",
            Self::Unknown => "unknown",
        }
    }

    /// The owner's id, where it is known.
    #[must_use]
    pub fn id(self) -> Option<String> {
        match self {
            Self::User(user) => user.map(|user| user.to_string()),
            Self::Account(account) => Some(account.to_string()),
            Self::Unknown => None,
        }
    }
}

impl TokenRecord {
    /// What it grants; empty where that is not known.
    #[must_use]
    pub fn policies(&self) -> &[Policy] {
        self.policies.as_deref().unwrap_or_default()
    }

    /// What it grants as texts that are the same wherever and in whatever order it was read: ids alone, a line a policy.
    pub(crate) fn grants(&self) -> BTreeSet<String> {
        let line = |policy: &Policy| {
            let groups: BTreeSet<String> = policy.groups.iter().map(grant_text).collect();
            let resources: BTreeSet<String> = policy.resources.iter().map(ToString::to_string).collect();
            format!("{:?}\0{groups:?}\0{resources:?}", policy.effect)
        };
        self.policies().iter().map(line).collect()
    }

    /// Whether it may be used at `now`: its status is active, and its time is not over.
    #[must_use]
    pub fn is_living(&self, now: Timestamp) -> bool {
        self.status == Status::Active && self.expires_on.is_none_or(|end| end > now)
    }

    /// The token as the policy engine sees it.
    #[must_use]
    pub fn token(&self) -> Token {
        Token {
            owner: self.engine_owner(),
            status: self.status,
            not_before: self.not_before.map(seconds),
            expires_on: self.expires_on.map(seconds),
            ip: self.ip.clone(),
            policies: self.policies().to_vec(),
        }
    }

    /// The owner for the policy engine: where the user is not known, the one that the policies name.
    #[must_use]
    pub fn engine_owner(&self) -> Owner {
        match self.owner {
            OwnedBy::Account(account) => Owner::Account(account),
            OwnedBy::User(Some(user)) => Owner::User(user),
            OwnedBy::User(None) | OwnedBy::Unknown => {
                Owner::User(flarekeep_policy::document::user_in(self.policies()).unwrap_or(UNNAMED_USER))
            }
        }
    }
}

fn grant_text(grant: &Grant) -> String {
    match grant {
        Grant::Group(group) => group.id.map_or_else(|| group.name.to_owned(), |id| id.to_string()),
        Grant::Named(_, id) | Grant::Unknown(id) => id.to_string(),
    }
}

pub(crate) fn seconds(time: Timestamp) -> UnixSeconds {
    UnixSeconds(time.as_second())
}
