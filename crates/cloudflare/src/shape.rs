//! Whether a text can be a credential at all: found out before any call, with the place of the fault.

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
    if looks_like_global_key(raw) {
        return Err(CredentialFault::GlobalKeyAsToken);
    }
    Ok(())
}

pub(crate) fn check_key(raw: &str) -> Result<(), CredentialFault> {
    check_text(KEY, raw)?;
    if ["cfut_", "cfat_", "cfoat_"].iter().any(|prefix| raw.starts_with(prefix)) {
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
    if raw.starts_with("v1.0-") {
        return Err(CredentialFault::OriginCaKey);
    }
    Ok(())
}

fn check_characters(what: &'static str, raw: &str) -> Result<(), CredentialFault> {
    if raw.is_empty() {
        return Err(CredentialFault::Empty { what });
    }
    match raw.chars().enumerate().find_map(|(index, c)| Some((index, name_of_stray(c)?))) {
        Some((index, character)) => Err(CredentialFault::Character { what, character, position: index + 1 }),
        None => Ok(()),
    }
}

/// What a character is called that no credential has; `None` for one that may stand in it.
fn name_of_stray(c: char) -> Option<String> {
    let name = match c {
        '"' => "a double quote",
        '\'' => "a single quote",
        '`' => "a backquote",
        ' ' => "a space",
        '\t' => "a tab",
        '\n' => "a line break",
        '\r' => "a carriage return",
        _ if c.is_ascii_control() => return Some(format!("the control character U+{:04X}", u32::from(c))),
        _ if !c.is_ascii() => return Some(format!("the non-ASCII character U+{:04X}", u32::from(c))),
        _ => return None,
    };
    Some(name.to_owned())
}

fn looks_like_global_key(raw: &str) -> bool {
    let lower_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    raw.starts_with("cfk_") || ((37..=45).contains(&raw.len()) && raw.bytes().all(lower_hex))
}
