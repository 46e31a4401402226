//! What is told about each call.

use std::fmt::Write;

use axum::http::{Method, Uri};
use flarekeep_catalogue::{Operation, Rule, TokenId};
use flarekeep_policy::{Owner, Request, explain};

use crate::state::tokens::Record;

/// One call and what became of it. No field holds a credential, and none a control character.
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// The method as it was sent.
    pub method: String,
    /// The path without its query, control characters escaped, cut at 400 characters.
    pub path: String,
    /// What the caller showed.
    pub credential: CredentialKind,
    /// The token's id, where a known token was shown.
    pub token: Option<TokenId>,
    /// What was called; none where no operation has this method and path.
    pub operation: Option<&'static Operation>,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Whether the call was authorised, whatever came of it then.
    pub allowed: bool,
    /// Why, in one word: a [`flarekeep_policy::Cause`], or `no-route`, `bad-id`, `no-credential`, `bad-credential`,
    /// `unknown-credential`, `rate-limited`, `global-key`, `not-a-member`, `closed-to-account-tokens`, `wrong-verify`;
    /// of R2's S3 face also `bad-signature` and `bad-request`.
    pub cause: &'static str,
    /// The same in a sentence.
    pub sentence: String,
}

/// What a caller showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CredentialKind {
    /// Nothing, or nothing that could be read.
    #[default]
    None,
    /// A bearer token that the emulator does not know.
    UnknownToken,
    /// A token of a user.
    UserToken,
    /// A token of an account.
    AccountToken,
    /// A Global API key that belongs to its e-mail address.
    GlobalKey,
}

impl CredentialKind {
    /// The kind in words.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "no credential",
            Self::UnknownToken => "an unknown token",
            Self::UserToken => "a user token",
            Self::AccountToken => "an account token",
            Self::GlobalKey => "the Global API key",
        }
    }
}

/// What became of a call.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) credential: CredentialKind,
    pub(crate) token: Option<TokenId>,
    pub(crate) operation: Option<&'static Operation>,
    pub(crate) allowed: bool,
    pub(crate) cause: &'static str,
    pub(crate) grounds: Option<String>,
}

impl Verdict {
    /// Notes whose token it is.
    pub(crate) fn note(&mut self, record: &Record) {
        self.token = Some(record.stored.id);
        self.credential = match record.stored.owner {
            Owner::User(_) => CredentialKind::UserToken,
            Owner::Account(_) => CredentialKind::AccountToken,
        };
    }

    /// The entry for the call that was answered with this status.
    pub(crate) fn entry(&self, method: &Method, uri: &Uri, status: u16) -> LogEntry {
        let (method, path) = (printable(method.as_str(), 20), printable(uri.path(), 400));
        let verdict = if self.allowed { "allowed" } else { "refused" };
        let credential = self.credential.word();
        let mut sentence = format!("{method} {path} {verdict} to {credential} ({})", self.cause);
        if let Some(grounds) = &self.grounds {
            sentence.push_str(": ");
            sentence.push_str(grounds);
        }
        LogEntry {
            method,
            path,
            credential: self.credential,
            token: self.token,
            operation: self.operation,
            status,
            allowed: self.allowed,
            cause: self.cause,
            sentence,
        }
    }
}

/// A text from outside, safe to print: control characters escaped, and cut short.
pub(crate) fn printable(text: &str, longest: usize) -> String {
    text.chars().take(longest).flat_map(char::escape_debug).collect()
}

/// What the call needs and what the token holds: `needs one of DNS Write at zone X; the token holds R2 …`.
pub(crate) fn grounds(record: &Record, request: &Request) -> String {
    const SHOWN: usize = 4;
    let explanation = explain(&record.token, request);
    let mut sentence = String::new();
    if explanation.decision.allow {
        let hold = explanation.held.iter().find(|hold| hold.covers);
        return hold.map_or_else(
            || "needs no permission group".to_owned(),
            |hold| format!("{} at {} grants it", hold.group.name, printable(&hold.resource.to_string(), 120)),
        );
    }
    let lacking: Vec<String> =
        explanation.lacking.iter().map(|(group, resource)| format!("{} at {resource}", group.name)).collect();
    let all = if request.operation.rule == Rule::AllOf { "needs all of " } else { "needs one of " };
    match lacking.as_slice() {
        [] => sentence.push_str("needs what no permission group of this kind of token grants"),
        [only] => sentence.push_str(&format!("needs {only}")),
        several => sentence.push_str(&listed(all, several, SHOWN)),
    }
    let held = record.token.policies.iter().flat_map(|policy| {
        let at = policy.resources.first().map_or_else(|| "nothing".to_owned(), |at| printable(&at.to_string(), 120));
        policy.known_groups().map(move |group| format!("{} at {at}", group.name))
    });
    let held: Vec<String> = held.collect();
    let holds = if held.is_empty() {
        "; the token holds nothing".to_owned()
    } else {
        listed("; the token holds ", &held, SHOWN)
    };
    sentence.push_str(&holds);
    sentence
}

fn listed(lead: &str, items: &[String], shown: usize) -> String {
    let mut text = lead.to_owned();
    for (at, item) in items.iter().take(shown).enumerate() {
        let comma = if at == 0 { "" } else { ", " };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{item}");
    }
    if items.len() > shown {
        let _ = write!(text, " and {} more", items.len() - shown);
    }
    text
}
