//! Asks Cloudflare which of the credentials that were found live, and what those may do.

use flarekeep_catalogue::{AccountId, Operation, TokenId};
use flarekeep_cloudflare::{Client, Credential, CredentialKind, Error as CallError, Owner};
use flarekeep_policy::{Ownership, reach};
use flarekeep_scan::Finding;
use flarekeep_tokens::{Error, IdentityOwner, identify, token_from_wire};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::arguments::Scan;
use crate::context::{Context, block_on, now};
use crate::environment::{API_BASE_URL, BASE_URL, EMAIL};
use crate::error::CommandError;
use crate::output::{counted, plain};
use crate::place::given_account;

/// How a credential stands.
#[derive(Debug, Clone)]
pub(super) enum Life {
    /// Cloudflare takes it.
    Alive {
        /// Whose it is, in words.
        whose: String,
        /// The token behind it, where it is one.
        token: Option<(Owner, TokenId)>,
        /// What it may do.
        reach: Option<String>,
    },
    /// Cloudflare does not take it.
    Dead(String),
    /// What was asked, or could be, tells neither.
    Unproven(String),
}

impl Life {
    pub(super) const fn is_alive(&self) -> Option<bool> {
        match self {
            Self::Alive { .. } => Some(true),
            Self::Dead(_) => Some(false),
            Self::Unproven(_) => None,
        }
    }

    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Alive { .. } => "alive",
            Self::Dead(_) => "dead",
            Self::Unproven(_) => "unproven",
        }
    }

    pub(super) fn told(&self) -> String {
        match self {
            Self::Alive { whose, reach, .. } => match reach {
                Some(reach) => format!("{whose}; {reach}"),
                None => whose.clone(),
            },
            Self::Dead(why) | Self::Unproven(why) => why.clone(),
        }
    }

    pub(super) fn document(&self) -> Value {
        let mut document = json!({ "verdict": self.word(), "because": self.told() });
        if let Self::Alive { token: Some((owner, id)), reach, .. } = self {
            document["token_id"] = json!(id.to_string());
            document["owner"] = json!(if matches!(owner, Owner::User) { "user" } else { "account" });
            document["reach"] = json!(reach);
        }
        document
    }
}

/// Asks about each of them, one after the other.
pub(super) fn all(
    context: &Context,
    arguments: &Scan,
    findings: &[&Finding],
) -> Result<Vec<(String, Life)>, CommandError> {
    refuse_redirection(context)?;
    block_on(async {
        let mut lives = Vec::new();
        for finding in findings {
            let mut life = one(context, finding).await?;
            if arguments.reach {
                life = with_reach(context, finding, life).await;
            }
            lives.push((finding.fingerprint.clone(), life));
        }
        Ok(lives)
    })
}

/// The client that speaks as the credential that was found.
pub(super) fn client(context: &Context, finding: &Finding) -> Result<Client, CommandError> {
    context.client(Credential::token(finding.value().expose_secret())?)
}

async fn one(context: &Context, finding: &Finding) -> Result<Life, CommandError> {
    match finding.form.rule {
        "user-token" | "account-token" | "legacy-token" => token(context, finding).await,
        "global-key" | "legacy-global-key" => global_key(context, finding).await,
        "oauth-token" => oauth(context, finding).await,
        "r2-secret" => Ok(Life::Unproven(match &finding.beside.access_key_id {
            Some(id) => format!("its key is token {id}: flarekeep token show {id}"),
            None => "the id of its key does not stand beside it".to_owned(),
        })),
        "origin-ca-key" => Ok(Life::Unproven("Cloudflare ended keys of this kind on 2026-09-30".to_owned())),
        _ => Ok(Life::Unproven("no call tells without using it".to_owned())),
    }
}

async fn token(context: &Context, finding: &Finding) -> Result<Life, CommandError> {
    let client = match client(context, finding) {
        Ok(client) => client,
        Err(error) => return Ok(Life::Unproven(error.message)),
    };
    let kind = client.credential().kind();
    let mut account: Option<AccountId> = given_account(context).and_then(|text| text.parse().ok());
    account = finding.beside.account.as_deref().and_then(|text| text.parse().ok()).or(account);
    if account.is_none() && kind == CredentialKind::AccountToken {
        // An account's token sees its own account, if any.
        account = client.accounts().list().await.ok().and_then(|accounts| accounts.first().map(|account| account.id));
    }
    match identify(&client, account).await {
        Ok(identity) if identity.is_active() => {
            let owner = match (identity.owner, account) {
                (IdentityOwner::Account, Some(account)) => Owner::Account(account),
                _ => Owner::User,
            };
            let whose = match owner {
                Owner::User => format!("token {} of a user", identity.id),
                Owner::Account(account) => format!("token {} of account {account}", identity.id),
            };
            Ok(Life::Alive { whose, token: Some((owner, identity.id)), reach: None })
        }
        Ok(identity) => Ok(Life::Dead(format!("token {} is {}", identity.id, plain(&identity.status)))),
        Err(Error::NoAccount) => Ok(Life::Unproven("which account owns it is not known: --account ID".to_owned())),
        Err(Error::Call(error)) if error.is_authentication() => Ok(match (kind, account) {
            (CredentialKind::LegacyToken, None) => {
                Life::Unproven("no user's token; whether it is an account's, --account ID asks".to_owned())
            }
            _ => Life::Dead("Cloudflare does not know it".to_owned()),
        }),
        Err(Error::Call(error)) => unproven(error),
        Err(error) => Ok(Life::Unproven(plain(&error.to_string()))),
    }
}

async fn global_key(context: &Context, finding: &Finding) -> Result<Life, CommandError> {
    let Some(email) =
        finding.beside.email.as_deref().or(context.connection.email.as_deref()).or(context.environment.get(EMAIL))
    else {
        return Ok(Life::Unproven("the e-mail address that belongs to it is not known: --email ADDRESS".to_owned()));
    };
    let credential = match Credential::global_key(email, finding.value().expose_secret()) {
        Ok(credential) => credential,
        Err(fault) => return Ok(Life::Unproven(plain(&fault.to_string()))),
    };
    match context.client(credential)?.user().await {
        Ok(_) => Ok(Life::Alive {
            whose: format!("the key of {}", plain(email)),
            token: None,
            reach: Some("it may do all that this user may".to_owned()),
        }),
        Err(error) if error.is_authentication() => {
            Ok(Life::Unproven(format!("Cloudflare does not take it with {}", plain(email))))
        }
        Err(error) => unproven(error),
    }
}

async fn oauth(context: &Context, finding: &Finding) -> Result<Life, CommandError> {
    let Ok(client) = client(context, finding) else {
        return Ok(Life::Unproven("it cannot be sent".to_owned()));
    };
    match client.user().await {
        Ok(_) => Ok(Life::Alive { whose: "a login of wrangler".to_owned(), token: None, reach: None }),
        Err(error) if error.is_authentication() => Ok(Life::Dead("Cloudflare does not take it".to_owned())),
        Err(error) => unproven(error),
    }
}

/// What was refused for another reason than the credential tells nothing of it; where nothing was reached, the command
/// fails.
fn unproven(error: CallError) -> Result<Life, CommandError> {
    let text = plain(&error.to_string());
    let failed = CommandError::from(error);
    match failed.kind {
        crate::error::Kind::Unreachable => Err(failed),
        _ => Ok(Life::Unproven(text)),
    }
}

/// Adds what a living token may do, where it may read that itself, or the credential that manages tokens may.
async fn with_reach(context: &Context, finding: &Finding, life: Life) -> Life {
    let Life::Alive { whose, token: Some((owner, id)), reach: None } = life else { return life };
    let mut readers: Vec<Client> = client(context, finding).into_iter().collect();
    readers.extend(context.optional_manager().ok().flatten());
    let mut told = "what it may do cannot be read with it: give a credential that manages tokens".to_owned();
    for reader in readers {
        let Ok(token) = reader.tokens(owner).get(id).await else { continue };
        let Ok(token) = token_from_wire(&token, owner) else { continue };
        let reach = reach(&token, &Ownership::new(), now());
        let operations = reach.operations();
        let (all, writes) = (
            operations.iter().count(),
            operations.iter().filter(|operation: &&'static Operation| operation.mutates()).count(),
        );
        let ways = reach.widening_paths().len();
        let wider = if ways > 0 { ", and it can give itself more" } else { "" };
        told = format!("it may call {}, {writes} of which may change something{wider}", counted(all, "operation"));
        break;
    }
    Life::Alive { whose, token: Some((owner, id)), reach: Some(told) }
}

/// A `.env` in the folder that is looked at must not say where its neighbours' credentials are sent.
fn refuse_redirection(context: &Context) -> Result<(), CommandError> {
    let configured = context.environment.first(&[API_BASE_URL, BASE_URL]);
    match (&context.connection.api_url, configured) {
        (None, Some((variable, url))) if context.environment.is_from_file(variable) => {
            Err(CommandError::usage(format!(".env would send what was found to {}", plain(url)))
                .because(format!("{} is set in .env, and anybody may have written that file", variable.name()))
                .hint("if that is meant: --api-url URL, or set the variable in the environment"))
        }
        _ => Ok(()),
    }
}
