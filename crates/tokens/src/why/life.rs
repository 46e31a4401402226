//! What verifying a token says.

use flarekeep_catalogue::AccountId;
use flarekeep_cloudflare::{self as api, Client, CredentialKind};
use flarekeep_diagnosis::{Life, UNNAMED_USER};
use flarekeep_policy::{Owner, UnixSeconds};

use crate::error::Error;

/// Verifies the client's token at the user's endpoint, and at the account's where one is known and the value may be one of
/// its tokens. Also gives what refused it. A Global API key is nothing that can be verified.
pub(super) async fn life(
    client: &Client,
    account: Option<AccountId>,
) -> Result<(Option<Life>, Option<api::Error>), Error> {
    let kind = client.credential().kind();
    if kind == CredentialKind::GlobalKey {
        return Ok((None, None));
    }
    let mut refused = None;
    if kind != CredentialKind::AccountToken {
        match verified(client, api::Owner::User).await? {
            Ok(life) => return Ok((Some(life), None)),
            Err(refusal) if !is_unknown(&refusal) => return Ok((Some(Life::Barred), Some(refusal))),
            Err(refusal) => refused = Some(refusal),
        }
    }
    let account = account.filter(|_| kind != CredentialKind::UserToken);
    if let Some(account) = account {
        match verified(client, api::Owner::Account(account)).await? {
            Ok(life) => return Ok((Some(life), None)),
            Err(refusal) if !is_unknown(&refusal) => return Ok((Some(Life::Barred), Some(refusal))),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    let life = refused.as_ref().map(|_| Life::Unknown { asked_account: account.is_some() });
    Ok((life, refused))
}

async fn verified(client: &Client, owner: api::Owner) -> Result<Result<Life, api::Error>, Error> {
    match client.tokens(owner).verify().await {
        Ok(verified) => {
            let seconds = |time: Option<jiff::Timestamp>| time.map(|time| UnixSeconds(time.as_second()));
            Ok(Ok(Life::Known {
                id: verified.id,
                owner: Some(match owner {
                    api::Owner::User => Owner::User(UNNAMED_USER),
                    api::Owner::Account(account) => Owner::Account(account),
                }),
                status: verified.status.to_string(),
                not_before: seconds(verified.not_before),
                expires_on: seconds(verified.expires_on),
            }))
        }
        Err(refusal @ api::Error::Refused { .. }) => Ok(Err(refusal)),
        Err(error) => Err(error.into()),
    }
}

/// Whether Cloudflare says that it does not know the value, and not that it will not look at it.
fn is_unknown(refusal: &api::Error) -> bool {
    refusal.has_code(1000) || refusal.errors().iter().any(|error| error.message.contains("Invalid access token"))
}
