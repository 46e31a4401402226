//! Which token is meant: the one in use, or one that is named.

use std::net::IpAddr;

use flarekeep_catalogue::TokenId;
use flarekeep_cloudflare::{self as api, Client, CredentialKind, Token};
use flarekeep_planner::Target;
use flarekeep_policy::Status;
use flarekeep_tokens::{Error, Identity, IdentityOwner, find, identify, obstacles, token_from_wire};

use crate::arguments::{self, Mends};
use crate::context::{Context, now, owner};
use crate::error::CommandError;
use crate::output::{counted, plain};
use crate::secret;

/// The token that is mended.
#[derive(Debug)]
pub(super) struct Named {
    /// Its id; none where it is called by a name that the credential cannot look up.
    pub(super) id: Option<TokenId>,
    /// What it is called, where that is known.
    pub(super) name: Option<String>,
    pub(super) owner: api::Owner,
    /// Whether it is only likely that this is the one in use.
    pub(super) is_guessed: bool,
    /// The address that it bars, where Cloudflare said so.
    pub(super) barred: Option<IpAddr>,
    /// Speaks as the token in use, where there is one.
    pub(super) subject: Option<Client>,
}

impl Named {
    pub(super) fn whose(&self) -> arguments::Owner {
        match self.owner {
            api::Owner::User => arguments::Owner::User,
            api::Owner::Account(_) => arguments::Owner::Account,
        }
    }
}

/// Finds the token: by what is given, by its own value, or by what Cloudflare says of a value that it refuses.
pub(super) async fn named(
    context: &Context,
    manager: &Client,
    arguments: &arguments::Fix,
    target: &Target,
) -> Result<Named, CommandError> {
    let mends = &arguments.mends;
    if let Some(given) = &mends.token {
        let owner = owner(mends.owner, target)?;
        let subject = secret::given_subject(context)?.map(|credential| context.client(credential)).transpose()?;
        let by_name = |id, name: Option<String>| Named { id, name, owner, is_guessed: false, barred: None, subject };
        return match find(&manager.tokens(owner), given).await {
            Ok(token) => Ok(by_name(Some(token.id), Some(token.name))),
            Err(Error::Call(refusal)) if refusal.is_permission() => match given.parse() {
                Ok(id) => Ok(by_name(Some(id), None)),
                Err(_) => Ok(by_name(None, Some(given.clone()))),
            },
            Err(error) => Err(error.into()),
        };
    }
    let subject = context.subject()?;
    let refusal = match identify(&subject, target.account).await {
        Ok(identity) => return Ok(by_value(&identity, target, subject)),
        Err(Error::Call(refusal)) if refusal.is_location() || refusal.is_authentication() => refusal,
        Err(error) => return Err(error.into()),
    };
    let address = seen(&refusal);
    let why = match address {
        Some(address) => format!("bars {address}"),
        None => "is switched off, ended, or begins later".to_owned(),
    };
    match fitting(manager, subject.credential().kind(), target, address).await {
        // Nobody can look, and what is asked for is said all the same to whoever can.
        Err(_) if mends.is_any() => {
            let owner = owners(subject.credential().kind(), target).first().copied().unwrap_or(api::Owner::User);
            Ok(Named { id: None, name: None, owner, is_guessed: true, barred: address, subject: Some(subject) })
        }
        // That the value is refused is all that is known.
        Err(_) => Err(CommandError::from(refusal).hint(NAME_IT)),
        Ok(fitting) => match fitting.as_slice() {
            [] => Err(CommandError::from(refusal).hint(format!("no token of yours {why}: it is another's, or none"))),
            [(owner, token)] => {
                let called = format!("{} ({})", token.id, plain(&token.name));
                context.output.warn(format!(
                    "Cloudflare does not say which token it refuses: {called} is taken for it, the only one that {why}"
                ));
                let (id, name) = (Some(token.id), Some(token.name.clone()));
                Ok(Named { id, name, owner: *owner, is_guessed: true, barred: address, subject: Some(subject) })
            }
            many => Err(several(many, &why)),
        },
    }
}

const NAME_IT: &str = "which token it is cannot be seen from its value: --token NAME says it, or its id";

fn by_value(identity: &Identity, target: &Target, subject: Client) -> Named {
    let owner = match (identity.owner, target.account) {
        (IdentityOwner::Account, Some(account)) => api::Owner::Account(account),
        _ => api::Owner::User,
    };
    Named { id: Some(identity.id), name: None, owner, is_guessed: false, barred: None, subject: Some(subject) }
}

/// The tokens that Cloudflare would refuse just so.
async fn fitting(
    manager: &Client,
    kind: CredentialKind,
    target: &Target,
    address: Option<IpAddr>,
) -> Result<Vec<(api::Owner, Token)>, Error> {
    let mut fitting = Vec::new();
    for owner in owners(kind, target) {
        let all = manager.tokens(owner).list_with_expired().await?;
        fitting.extend(all.into_iter().filter(|token| fits(token, owner, address)).map(|token| (owner, token)));
    }
    Ok(fitting)
}

/// None of several is taken.
fn several(many: &[(api::Owner, Token)], why: &str) -> CommandError {
    const SHOWN: usize = 5;
    let called = |(_, token): &(api::Owner, Token)| format!("{} ({})", token.id, plain(&token.name));
    let error = CommandError::usage("Cloudflare does not say which token it refuses")
        .because(format!("{} of yours could be it: each {why}", counted(many.len(), "token")))
        .hint(NAME_IT);
    many.iter().take(SHOWN).map(called).fold(error, CommandError::hint)
}

/// Whose tokens the value can be of.
fn owners(kind: CredentialKind, target: &Target) -> Vec<api::Owner> {
    let account = target.account.map(api::Owner::Account);
    match kind {
        CredentialKind::UserToken => vec![api::Owner::User],
        CredentialKind::AccountToken => account.into_iter().collect(),
        _ => std::iter::once(api::Owner::User).chain(account).collect(),
    }
}

/// Whether Cloudflare refuses a token so: for its address where it named one, else for what keeps it from being used at all.
fn fits(token: &Token, owner: api::Owner, address: Option<IpAddr>) -> bool {
    let barred = !obstacles(token, now()).is_empty();
    let Some(address) = address else { return barred };
    let engine = token_from_wire(token, owner);
    engine.is_ok_and(|engine| engine.status == Status::Active && !engine.ip.admits(Some(address)))
}

/// The address that Cloudflare saw, where it says it.
pub(super) fn seen(refusal: &api::Error) -> Option<IpAddr> {
    if !refusal.is_location() {
        return None;
    }
    refusal
        .errors()
        .iter()
        .find_map(|error| error.message.split_whitespace().last()?.trim_end_matches('.').parse().ok())
}

/// A guess is confirmed by a person.
pub(super) fn not_named(token: &Token, mends: &Mends) -> CommandError {
    let owner = if mends.owner == arguments::Owner::Account { " --owner account" } else { "" };
    CommandError::usage(format!("that token {} ({}) is the one in use is only likely", token.id, plain(&token.name)))
        .because("Cloudflare does not say which token it refuses, and --yes leaves nobody to ask")
        .hint(format!("if it is: the same command with --token {}{owner}", token.id))
}
