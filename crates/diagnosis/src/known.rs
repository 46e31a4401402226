//! What is known beside the answer: facts that somebody read, each by a call that changes nothing.

use flarekeep_catalogue::{AccountId, TokenId, ZoneId};
use flarekeep_policy::{Owner, Token, UnixSeconds};

/// What is known. Whatever nobody asked is none, and contradicts nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Known {
    /// The time.
    pub now: Option<UnixSeconds>,
    /// What verifying the token said.
    pub life: Option<Life>,
    /// The token's policies, condition and times, as a manager or the token itself read them.
    pub token: Option<Token>,
    /// Whether the token changed within the last minutes: what it may do need not be everywhere yet.
    pub changed_lately: Option<bool>,
    /// Zones that were asked for by id, and whether the credential that asked sees them.
    pub zones: Vec<(ZoneId, Standing)>,
    /// Accounts, likewise.
    pub accounts: Vec<(AccountId, Standing)>,
    /// Whether the same call was repeated and let through.
    pub repeated: Option<bool>,
}

/// What verifying a token said.
#[derive(Debug, Clone, PartialEq)]
pub enum Life {
    /// It is known.
    Known {
        /// Its id.
        id: TokenId,
        /// Whose it is, as far as the endpoint that answered says.
        owner: Option<Owner>,
        /// `active`, `disabled`, `expired`, or what else Cloudflare says.
        status: String,
        /// Valid from here on.
        not_before: Option<UnixSeconds>,
        /// Valid until here.
        expires_on: Option<UnixSeconds>,
    },
    /// Neither the user's nor the account's endpoint knows it; `asked_account` says whether the latter was asked.
    Unknown {
        /// Whether an account was asked, too.
        asked_account: bool,
    },
    /// It was refused for its header, its address, or too many failures before that could be said.
    Barred,
}

/// What a look at a thing showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It is there, and seen.
    Seen,
    /// There is none of this id, for a credential that sees all of its kind there.
    Absent,
    /// It was refused: there may be one.
    Hidden,
}
