//! A token, or its policies, read from JSON as the API writes it.
//!
//! The envelope of an answer (`{"result": {…}, "success": true}`) is unwrapped, and a bare list of policies is read, too.
//! Fields that say nothing about what a token may do are passed over. Who owns the token stands nowhere in it: the
//! caller says so ([`TokenDocument::owned_by`]).
//!
//! The shape is that of Cloudflare's published schema (SDK 7.3); times are RFC 3339. The condition's key is read as
//! `request_ip` (the schema) and as `request.ip` (the guides). A condition of another kind would be passed over without a
//! word: it is an error.

mod fields;
mod plain;
mod policies;
mod reference;
mod text;

use flarekeep_catalogue::{TokenId, UserId, harmless};

pub(crate) use self::fields::Document;
pub(crate) use self::plain::Plain;
pub use self::reference::{GroupError, grant};
pub(crate) use self::text::{object, opt_text};

use crate::condition::IpCondition;
use crate::resource::Resource;
use crate::token::{Owner, Policy, Status, Token, UnixSeconds};

/// What a token's JSON says.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenDocument {
    /// Its id; none in what was not made yet.
    pub id: Option<TokenId>,
    /// Its name, as it stands there: not trusted to be short or free of control characters.
    pub name: Option<String>,
    /// Whether it may be used; a token that does not say is active, as one is that was just made.
    pub status: Status,
    /// Valid from this second on.
    pub not_before: Option<UnixSeconds>,
    /// Valid up to this second, which is no longer in.
    pub expires_on: Option<UnixSeconds>,
    /// From which addresses it may be used.
    pub ip: IpCondition,
    /// What it grants.
    pub policies: Vec<Policy>,
}

impl TokenDocument {
    /// The token, once it is known who owns it.
    #[must_use]
    pub fn owned_by(self, owner: Owner) -> Token {
        Token {
            owner,
            status: self.status,
            not_before: self.not_before,
            expires_on: self.expires_on,
            ip: self.ip,
            policies: self.policies,
        }
    }

    /// The user that the policies name: see [`user_in`].
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        user_in(&self.policies)
    }
}

/// The user that the policies name. It is the one that owns the token: Cloudflare takes no other there. Where they name
/// none, no group of a user is held, and it does not matter which it is.
#[must_use]
pub fn user_in(policies: &[Policy]) -> Option<UserId> {
    policies.iter().flat_map(|policy| &policy.resources).find_map(|resource| match resource {
        Resource::User(user) => Some(*user),
        _ => None,
    })
}

/// Why a text is no token: where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct DocumentError {
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1; where a value is wrong, that of its end.
    pub column: usize,
    /// What was expected, and what was met.
    pub message: String,
}

/// Reads a token, or a bare list of policies, from JSON.
///
/// # Errors
/// If the text is not JSON, or not a token; if a resource's key or a permission group cannot be read.
pub fn read(text: &str) -> Result<TokenDocument, DocumentError> {
    serde_json::from_str::<Document>(text).map(|document| document.0).map_err(DocumentError::from)
}

/// The same for a token whose owner is known.
///
/// # Errors
/// As [`read`].
pub fn read_token(text: &str, owner: Owner) -> Result<Token, DocumentError> {
    read(text).map(|document| document.owned_by(owner))
}

/// The policies of a token, or of a bare list.
///
/// # Errors
/// As [`read`].
pub fn read_policies(text: &str) -> Result<Vec<Policy>, DocumentError> {
    read(text).map(|document| document.policies)
}

impl From<serde_json::Error> for DocumentError {
    fn from(error: serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        let text = error.to_string();
        let message = text.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&text);
        // The words are serde's, the name of a field that they repeat is the file's.
        Self { line: line.max(1), column: column.max(1), message: message.chars().flat_map(harmless).collect() }
    }
}

#[cfg(test)]
mod tests;
