//! Credentials: from options, the environment, `.env`, a file, or a prompt.

use std::io::IsTerminal;

use flarekeep_cloudflare::Credential;

use crate::context::Context;
use crate::environment::{ADMIN_TOKEN, API_KEY, API_TOKEN, EMAIL, GLOBAL_KEY, SECRETS};
use crate::error::CommandError;

/// The token that is looked at, or does the work.
pub(crate) fn subject(context: &Context) -> Result<Credential, CommandError> {
    if let Some(credential) = token(context)? {
        return Ok(credential);
    }
    if context.connection.global_key.is_some() || context.environment.first(&[API_KEY, GLOBAL_KEY]).is_some() {
        return Err(CommandError::usage("no API token is given")
            .because("this command looks at a token; a Global API key has no policies to look at")
            .hint("set CLOUDFLARE_API_TOKEN, or put it in .env, or give --token-file FILE"));
    }
    prompted()
}

/// The same where one is given; nobody is asked.
pub(crate) fn given_subject(context: &Context) -> Result<Option<Credential>, CommandError> {
    token(context)
}

/// The credential that manages tokens: the Global API key, a token kept for that, or the one token there is.
pub(crate) fn manager(context: &Context) -> Result<Credential, CommandError> {
    match optional_manager(context)? {
        Some(credential) => Ok(credential),
        None => match token(context)? {
            Some(credential) => Ok(credential),
            None => prompted(),
        },
    }
}

/// Whether there is a credential that manages tokens, and none that does the work: then a token can be lent. Nothing is
/// read, and nothing said.
pub(crate) fn can_lend(context: &Context) -> bool {
    let connection = &context.connection;
    let manages =
        connection.global_key.is_some() || context.environment.first(&[API_KEY, GLOBAL_KEY, ADMIN_TOKEN]).is_some();
    manages && connection.token_file.is_none() && context.environment.get(API_TOKEN).is_none()
}

/// Whether any credential is given, good or not.
pub(crate) fn is_given(context: &Context) -> bool {
    let connection = &context.connection;
    connection.global_key.is_some() || connection.token_file.is_some() || context.environment.first(&SECRETS).is_some()
}

/// The credential that manages tokens, where one is given beside the token that is looked at.
pub(crate) fn optional_manager(context: &Context) -> Result<Option<Credential>, CommandError> {
    let email = context.connection.email.as_deref().or(context.environment.get(EMAIL));
    if let Some(key) = &context.connection.global_key {
        context.output.warn(
            "--global-key can be read by every user of this machine while the command runs; CLOUDFLARE_API_KEY cannot",
        );
        return global_key(email, key).map(Some);
    }
    if let Some((_, key)) = context.environment.first(&[API_KEY, GLOBAL_KEY]) {
        return global_key(email, key).map(Some);
    }
    context.environment.get(ADMIN_TOKEN).map(Credential::token).transpose().map_err(CommandError::from)
}

fn token(context: &Context) -> Result<Option<Credential>, CommandError> {
    let from_file = context.connection.token_file.as_ref().map(|path| {
        std::fs::read_to_string(path)
            .map_err(|error| CommandError::usage(format!("cannot read `{}`: {error}", path.display())))
    });
    let text = match from_file.transpose()? {
        // A file ends with a newline that belongs to nobody's token.
        Some(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
        None => match context.environment.get(API_TOKEN) {
            Some(text) => text.to_owned(),
            None => return Ok(None),
        },
    };
    let credential = Credential::token(&text)?;
    if credential.checksum() == Some(false) {
        context.output.warn("the token's checksum does not fit: it is probably mistyped or cut short");
    }
    Ok(Some(credential))
}

fn global_key(email: Option<&str>, key: &str) -> Result<Credential, CommandError> {
    let email = email.ok_or_else(|| {
        CommandError::usage("a Global API key is given without its e-mail address")
            .hint("set CLOUDFLARE_EMAIL, or give --email")
    })?;
    Ok(Credential::global_key(email, key)?)
}

/// The failure where no credential is given.
pub(crate) fn missing() -> CommandError {
    CommandError::usage("no credential is given")
        .hint("set CLOUDFLARE_API_TOKEN; or CLOUDFLARE_EMAIL and CLOUDFLARE_API_KEY; .env does as well")
        .hint("to try without an account: flarekeep try, or flarekeep emulate")
}

fn prompted() -> Result<Credential, CommandError> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Err(missing());
    }
    let typed = dialoguer::Password::new().with_prompt("API token").interact().map_err(|_| missing())?;
    Ok(Credential::token(typed.trim())?)
}
