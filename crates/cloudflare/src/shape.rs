//! Whether a text can be a credential at all: found out before any call, with the place of the fault.

use flarekeep_catalogue::credential::{ORIGIN_CA_KEY, has_prefix_of_token, is_global_key, name_of_stray};

/// Why a text cannot be the credential that it was given as. It names places, never the value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CredentialFault {
    /// Nothing was given.
    #[error("the {what} is empty")]
    Empty {
        /// Which part of the credential.
        what: &'static str,
    },
    /// A character that no credential has.
    #[error("the {what} has {character} at position {position}: give the value alone, as Cloudflare showed it")]
    Character {
        /// Which part of the credential.
        what: &'static str,
        /// What the character is, in words.
        character: String,
        /// Where it stands, counted in characters from 1.
        position: usize,
    },
    /// The name of the scheme was copied along.
    #[error("the {what} starts with `Bearer`: give the value alone, the scheme is added when it is sent")]
    BearerPrefix {
        /// Which part of the credential.
        what: &'static str,
    },
    /// A Global API key where a token belongs.
    #[error(
        "this looks like a Global API key, not an API token: a Global API key goes with the e-mail address of its user"
    )]
    GlobalKeyAsToken,
    /// A token where a Global API key belongs.
    #[error(
        "this looks like an API token, not a Global API key: an API token is given as a token, without an e-mail address"
    )]
    TokenAsGlobalKey,
    /// An Origin CA key: Cloudflare withdrew them on 2026-09-30, and they never worked elsewhere.
    #[error(
        "this is an Origin CA key: it opens no other part of the API, and Cloudflare withdrew these keys on 2026-09-30"
    )]
    OriginCaKey,
    /// The address beside a Global API key is none.
    #[error("the e-mail address beside the Global API key has no `@`")]
    NotAnEmail,
}

pub(crate) const TOKEN: &str = "API token";
const KEY: &str = "Global API key";
const EMAIL: &str = "e-mail address";

pub(crate) fn check_token(raw: &str) -> Result<(), CredentialFault> {
    check_text(TOKEN, raw)?;
    if is_global_key(raw) {
        return Err(CredentialFault::GlobalKeyAsToken);
    }
    Ok(())
}

pub(crate) fn check_key(raw: &str) -> Result<(), CredentialFault> {
    check_text(KEY, raw)?;
    if has_prefix_of_token(raw) {
        return Err(CredentialFault::TokenAsGlobalKey);
    }
    Ok(())
}

pub(crate) fn check_email(email: &str) -> Result<(), CredentialFault> {
    check_characters(EMAIL, email)?;
    if !email.contains('@') {
        return Err(CredentialFault::NotAnEmail);
    }
    Ok(())
}

fn check_text(what: &'static str, raw: &str) -> Result<(), CredentialFault> {
    // Looked at first: otherwise the space behind it would be blamed.
    if raw.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        return Err(CredentialFault::BearerPrefix { what });
    }
    check_characters(what, raw)?;
    if raw.starts_with(ORIGIN_CA_KEY) {
        return Err(CredentialFault::OriginCaKey);
    }
    Ok(())
}

fn check_characters(what: &'static str, raw: &str) -> Result<(), CredentialFault> {
    if raw.is_empty() {
        return Err(CredentialFault::Empty { what });
    }
    match raw.chars().enumerate().find(|(_, c)| is_stray(*c)) {
        Some((index, c)) => Err(CredentialFault::Character { what, character: name_of_stray(c), position: index + 1 }),
        None => Ok(()),
    }
}

/// Whether a character may stand in no credential. Other printable ones are left to Cloudflare: formats change.
fn is_stray(c: char) -> bool {
    matches!(c, '"' | '\'' | '`' | ' ') || c.is_ascii_control() || !c.is_ascii()
}
