//! What can go wrong in a token's life.

use flarekeep_catalogue::TokenId;
use flarekeep_planner::Impossibility;
use flarekeep_policy::BadResource;

use crate::advice::GrantAdvice;
use crate::journal::{ChangeId, JournalError};
use crate::rescue::RescueError;
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
    /// The value could not be delivered.
    #[error("the value could not be delivered: {0}")]
    Undelivered(SinkError),
    /// A change stopped half way; the journal knows how far it is, and the value is in its rescue file.
    #[error("the change {change} stopped half way: {stopped}{}", also(left.as_deref()))]
    Unfinished {
        /// The change.
        change: ChangeId,
        /// What stopped it.
        stopped: Box<Error>,
        /// What then kept it from being undone.
        left: Option<Box<Error>>,
    },
    /// The journal cannot be read or written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A value cannot be kept on its way.
    #[error(transparent)]
    Rescue(#[from] RescueError),
    /// The value that was delivered belongs to another token: a defect, or somebody's hand.
    #[error("the new value is that of another token, {id}")]
    OtherToken {
        /// The token that the value belongs to.
        id: TokenId,
    },
    /// A token that was deleted is still there.
    #[error("token {0} was deleted, and Cloudflare still shows it")]
    StillAlive(TokenId),
    /// A token that is switched off has no successor: that one would be switched on.
    #[error("token {0} is disabled, and its successor would not be")]
    Disabled(TokenId),
    /// Somebody ended the token that was to take another's place: that one is not ended, too.
    #[error("the new token {id} was {state} by somebody, and the old one stays for it")]
    NoSuccessor {
        /// The new token.
        id: TokenId,
        /// What was done to it.
        state: &'static str,
    },
    /// A token that is switched off gets no new value: it could not be tried.
    #[error("token {0} is disabled, and a new value of it could not be tried")]
    DisabledRoll(TokenId),
    /// A token that may not be used now has no copy: that one could be used.
    #[error("token {0} may not be used now: it has ended, or begins later")]
    NotUsable(TokenId),
    /// A living token's value is where the new one's would go, and would be lost there.
    #[error("token {id} of the name `{name}` lives, and its value is in {sink}")]
    Held {
        /// The living token.
        id: TokenId,
        /// Its name.
        name: String,
        /// The sink that both would have.
        sink: String,
    },
    /// The old token of a rotation is kept for a while.
    #[error("the change {change} keeps the old token until {until}")]
    StillWaiting {
        /// The change.
        change: ChangeId,
        /// Until when.
        until: jiff::Timestamp,
    },
    /// The old token of a rotation is kept until the new one is used, and its time is over.
    #[error("the change {0} keeps the old token: the new one was not used yet")]
    NotTakenUp(ChangeId),
    /// Another credential's change, of whose tokens this credential sees none: it may be another user's.
    #[error("this credential sees no token of the change {0}: that there is none does not follow")]
    Unseen(ChangeId),
    /// A sink of the journal has a spelling that this version does not know.
    #[error("a sink that the journal names cannot be read: {0}")]
    SinkSpelling(String),
    /// The journal says that there is a token, and does not name it: a defect.
    #[error("the journal does not say which token the change made")]
    NothingMinted,
    /// Whether the token was minted is not known, because the answer was lost and the tokens cannot be listed.
    #[error("the answer was lost, and whether a token named `{name}` was minted cannot be seen: {call}")]
    Doubtful {
        /// The name that such a token carries.
        name: String,
        /// Why the tokens cannot be listed.
        call: Box<flarekeep_cloudflare::Error>,
    },
    /// The answer to minting was lost twice.
    #[error("no answer came, twice: {0}")]
    Unanswered(Box<flarekeep_cloudflare::Error>),
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
    /// Cloudflare took an update, and the token is not what it was to become.
    #[error(
        "Cloudflare took the change of token {id}, and shows another token than was asked for; its status is {status}"
    )]
    Untaken {
        /// The token.
        id: TokenId,
        /// Its status as it is.
        status: String,
    },
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
        reason: Impossibility,
    },
    /// A policy of the token denies what a need takes, whatever others allow.
    #[error("`{operation}` is denied by a policy of the token: {} at {}", grant.group, grant.place)]
    Withheld {
        /// The operation.
        operation: String,
        /// The first group that is denied, and where.
        grant: Box<GrantAdvice>,
    },
    /// No change makes this token usable again.
    #[error("token {id} is {status}, and no change of it makes it usable again")]
    Beyond {
        /// The token.
        id: TokenId,
        /// Its status, in Cloudflare's word.
        status: String,
    },
    /// The token may not be used now: whatever refused its calls says nothing about its rights.
    #[error("token {id} is {status}: what refuses its calls says nothing about its rights")]
    NotAlive {
        /// The token.
        id: TokenId,
        /// Its status, in Cloudflare's word.
        status: String,
    },
    /// The probe table of the program is broken: a defect.
    #[error("the probe table cannot be read: {0}")]
    Probes(String),
}

impl Error {
    /// Whether a sink failed, or is not known.
    pub(crate) fn is_of_a_sink(&self) -> bool {
        match self {
            Self::Sink(_) | Self::Undelivered(_) | Self::SinkSpelling(_) => true,
            Self::Unfinished { stopped, .. } => stopped.is_of_a_sink(),
            _ => false,
        }
    }

    /// Whether the value of a change cannot be had by this credential, or is refused.
    pub(crate) fn is_of_no_use(&self) -> bool {
        match self {
            Self::Rescue(RescueError::Closed(_)) => true,
            Self::Call(error) => error.is_authentication(),
            Self::Unfinished { stopped, .. } => stopped.is_of_no_use(),
            _ => false,
        }
    }
}

fn also(left: Option<&Error>) -> String {
    left.map(|left| format!("; and undoing it failed: {left}")).unwrap_or_default()
}
