//! What can go wrong in a token's life.

use flarekeep_catalogue::TokenId;
use flarekeep_policy::BadResource;

use crate::sink::SinkError;

/// A step that failed. Each says whether something was left behind.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A call failed; nothing was left behind.
    #[error(transparent)]
    Call(#[from] flarekeep_cloudflare::Error),
    /// The sink cannot take a value. It was tried before a token was minted.
    #[error(transparent)]
    Sink(#[from] SinkError),
    /// The token was minted, its value could not be delivered, and the token was revoked.
    #[error("the value could not be delivered, and the token was revoked: {0}")]
    Undelivered(SinkError),
    /// As before, but the token could not be revoked either.
    #[error("the value of token {id} could not be delivered ({sink}), and the token could not be revoked ({call})")]
    Orphaned {
        /// The token that is alive while nobody has its value.
        id: TokenId,
        /// Why it could not be delivered.
        sink: Box<SinkError>,
        /// Why it could not be revoked.
        call: Box<flarekeep_cloudflare::Error>,
    },
    /// Whether the token was minted is not known, because the answer was lost and the tokens cannot be listed.
    #[error("the answer was lost, and whether a token named `{name}` was minted cannot be seen: {call}")]
    Doubtful {
        /// The name that such a token carries.
        name: String,
        /// Why the tokens cannot be listed.
        call: Box<flarekeep_cloudflare::Error>,
    },
    /// The answer to minting was lost twice; what was minted was found and revoked.
    #[error("no answer came, twice: {0}")]
    Unanswered(Box<flarekeep_cloudflare::Error>),
    /// The value was rolled and could not be delivered: the old value is dead.
    #[error("the new value of token {id} could not be delivered: {sink}")]
    RolledUndelivered {
        /// The token.
        id: TokenId,
        /// Why it could not be delivered.
        sink: SinkError,
    },
    /// The answer to a roll was lost, and rolling once more failed: which value lives is not known.
    #[error("the answer to rolling token {id} was lost, and rolling it once more failed: {call}")]
    RollDoubtful {
        /// The token.
        id: TokenId,
        /// Why the second roll failed.
        call: Box<flarekeep_cloudflare::Error>,
    },
    /// An account's token can only be verified at its account.
    #[error("this is an account's token, and its account is not named")]
    NoAccount,
    /// Somebody changed the token between the showing of a change and its making.
    #[error("token {0} was changed meanwhile")]
    Changed(TokenId),
    /// No token has this id or name.
    #[error("no token `{given}`")]
    NoToken {
        /// What was given.
        given: String,
        /// The names that are spelt most like it.
        nearest: Vec<String>,
    },
    /// Several tokens have this name.
    #[error("{} tokens are named `{given}`", ids.len())]
    ManyTokens {
        /// What was given.
        given: String,
        /// Their ids.
        ids: Vec<TokenId>,
    },
    /// Cloudflare lists no such group, and the catalogue has no id for it.
    #[error("no id is known for the permission group `{0}`, and Cloudflare lists none")]
    NoGroupId(&'static str),
    /// A policy of the token cannot be read.
    #[error("a policy of the token cannot be read: {0}")]
    Policy(#[from] BadResource),
    /// A need that no token of this owner can meet.
    #[error("`{operation}` cannot be granted: {reason}")]
    Impossible {
        /// The operation.
        operation: String,
        /// Why not.
        reason: String,
    },
    /// The probe table of the program is broken: a defect.
    #[error("the probe table cannot be read: {0}")]
    Probes(String),
}
