//! How a fault is mended.

use flarekeep_catalogue::TokenId;
use flarekeep_policy::Policy;
use jiff::Timestamp;

use crate::token::OwnedBy;

/// One way to mend a fault; the first of a finding is the one to take.
#[derive(Debug, Clone, PartialEq)]
pub struct Mend {
    /// What to do, as an order: `give it an end`.
    pub words: String,
    /// The command that does it, where one does; safe to paste: it holds no text of the token's but plain names and ids. A
    /// word in capitals (`ADDRESS`, `SINK`) stands for what a person has to say: as it stands, the command is refused or asks first.
    pub command: Option<String>,
    /// What `audit --fix` may do itself, where that takes nothing from work that is being done.
    pub safe: Option<SafeMend>,
}

/// A mend that takes nothing from a living job, so that `audit --fix` may do it.
#[derive(Debug, Clone, PartialEq)]
pub enum SafeMend {
    /// Revoke a token that nobody can use any more: it expired, or it is switched off and neither changed nor used for
    /// longer than tokens may lie unused.
    Revoke {
        /// The token.
        token: TokenId,
        /// Its owner.
        owner: OwnedBy,
    },
    /// Give an end to a token that nobody has used for more than a year.
    Expire {
        /// The token.
        token: TokenId,
        /// Its owner.
        owner: OwnedBy,
        /// The end.
        expires_on: Timestamp,
    },
    /// Write policies that allow exactly the same, as the policy engine has proved, with less in them.
    Tidy {
        /// The token.
        token: TokenId,
        /// Its owner.
        owner: OwnedBy,
        /// What it shall grant: all of it, as an update replaces it.
        policies: Vec<Policy>,
    },
}

impl Mend {
    /// Words alone.
    #[must_use]
    pub fn words(words: impl Into<String>) -> Self {
        Self { words: words.into(), command: None, safe: None }
    }

    /// The same with the command that does it.
    #[must_use]
    pub fn command(words: impl Into<String>, command: impl Into<String>) -> Self {
        Self { words: words.into(), command: Some(command.into()), safe: None }
    }

    /// The same, which `audit --fix` may do.
    #[must_use]
    pub fn safe(self, safe: SafeMend) -> Self {
        Self { safe: Some(safe), ..self }
    }
}

impl SafeMend {
    /// The token that it changes.
    #[must_use]
    pub const fn token(&self) -> TokenId {
        match self {
            Self::Revoke { token, .. } | Self::Expire { token, .. } | Self::Tidy { token, .. } => *token,
        }
    }

    /// Its owner.
    #[must_use]
    pub const fn owner(&self) -> OwnedBy {
        match self {
            Self::Revoke { owner, .. } | Self::Expire { owner, .. } | Self::Tidy { owner, .. } => *owner,
        }
    }

    /// The word in documents.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Revoke { .. } => "revoke",
            Self::Expire { .. } => "expire",
            Self::Tidy { .. } => "tidy",
        }
    }
}
