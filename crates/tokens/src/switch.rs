//! Switching a token off and on again. Its value stays the same.

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{Status, Token, TokenUpdate, Tokens};

use crate::error::Error;

/// What a token is switched to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// It may be used again.
    On,
    /// It is refused until it is switched on again.
    Off,
}

impl Switch {
    /// The status that a token has then.
    #[must_use]
    pub const fn status(self) -> Status {
        match self {
            Self::On => Status::Active,
            Self::Off => Status::Disabled,
        }
    }
}

/// Switches a token, if it still is as it was when that was proposed, and shows by reading it again that it is switched
/// and else the same.
pub async fn switch(tokens: &Tokens, token: &Token, to: Switch) -> Result<Token, Error> {
    let update = TokenUpdate { status: Some(to.status()), ..TokenUpdate::from(token) };
    change(tokens, token, &update).await
}

/// Makes an update of a token that must be as `seen`, since an update replaces the whole token and would bring back what
/// somebody took away meanwhile; and reads the token again, to show that it took effect.
pub async fn change(tokens: &Tokens, seen: &Token, update: &TokenUpdate) -> Result<Token, Error> {
    let now = tokens.get(seen.id).await?;
    if TokenUpdate::from(&now) != TokenUpdate::from(seen) || now.status != seen.status {
        return Err(Error::Changed(seen.id));
    }
    tokens.update(seen.id, update).await?;
    let after = tokens.get(seen.id).await?;
    let took = update.status.is_none() || update.status.as_ref() == Some(&after.status);
    if !took || after.name != update.name || after.expires_on != update.expires_on {
        return Err(untaken(seen.id, &after));
    }
    Ok(after)
}

fn untaken(id: TokenId, after: &Token) -> Error {
    Error::Untaken { id, status: after.status.to_string() }
}
