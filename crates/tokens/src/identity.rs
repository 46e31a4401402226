//! Which token a value belongs to, and whether it is alive.

use flarekeep_catalogue::{AccountId, TokenId};
use flarekeep_cloudflare::{self as api, Client, CredentialKind};
use serde::Serialize;

use crate::error::Error;

/// A token as its own value shows it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Identity {
    /// Its id.
    #[serde(serialize_with = "crate::text::serialize")]
    pub id: TokenId,
    /// `active`, `disabled`, `expired`, …
    pub status: String,
    /// Who owns it.
    pub owner: IdentityOwner,
    /// Valid from here on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// Valid until here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_on: Option<String>,
}

/// Who owns a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityOwner {
    /// A user.
    User,
    /// The account that was asked.
    Account,
}

impl Identity {
    /// Whether the token may be used, as far as Cloudflare says.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == "active"
    }
}

/// Asks Cloudflare who the client's token is. The user's endpoint knows users' tokens only, the account's endpoint that
/// account's: a value in the new format tells which to ask first, any other is tried at both.
pub async fn identify(client: &Client, account: Option<AccountId>) -> Result<Identity, Error> {
    let user = async || verified(client, api::Owner::User).await;
    let accounts = client.credential().kind() == CredentialKind::AccountToken;
    let account = match account {
        Some(account) if accounts => return verified(client, api::Owner::Account(account)).await,
        None if accounts => return Err(Error::NoAccount),
        None => return user().await,
        Some(account) => account,
    };
    match user().await {
        Err(Error::Call(refusal)) if refusal.is_authentication() && may_be_an_accounts(client) => {
            verified(client, api::Owner::Account(account)).await.map_err(|_| Error::Call(refusal))
        }
        answer => answer,
    }
}

/// The same where it is known who owns the token.
pub(crate) async fn identify_as(client: &Client, owner: api::Owner) -> Result<Identity, Error> {
    verified(client, owner).await
}

/// Makes sure that refusals are those of a living token: products answer one that died as they answer one that lacks a
/// right, with 10000.
///
/// # Errors
/// [`Error::NotAlive`] and what verifying answers, where it died.
pub(crate) async fn still_lives(client: &Client, token: &Identity, account: Option<AccountId>) -> Result<(), Error> {
    let owner = match (token.owner, account) {
        (IdentityOwner::Account, Some(account)) => api::Owner::Account(account),
        _ => api::Owner::User,
    };
    let now = verified(client, owner).await?;
    if now.is_active() { Ok(()) } else { Err(Error::NotAlive { id: now.id, status: now.status }) }
}

/// Whether Cloudflare knows this value no more, or will not take it any more.
pub async fn is_dead(client: &Client, account: Option<AccountId>) -> Result<bool, Error> {
    match identify(client, account).await {
        Ok(identity) => Ok(!identity.is_active()),
        Err(Error::Call(refusal)) if refusal.is_authentication() => Ok(true),
        Err(error) => Err(error),
    }
}

fn may_be_an_accounts(client: &Client) -> bool {
    !matches!(client.credential().kind(), CredentialKind::UserToken | CredentialKind::GlobalKey)
}

async fn verified(client: &Client, owner: api::Owner) -> Result<Identity, Error> {
    let verified = client.tokens(owner).verify().await?;
    Ok(Identity {
        id: verified.id,
        status: verified.status.to_string(),
        owner: match owner {
            api::Owner::User => IdentityOwner::User,
            api::Owner::Account(_) => IdentityOwner::Account,
        },
        not_before: verified.not_before.map(|time| time.to_string()),
        expires_on: verified.expires_on.map(|time| time.to_string()),
    })
}
