//! What is told about each call.

use std::fmt::Write;
use std::sync::Arc;

use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::http::{HeaderValue, Method, Uri, request};
use flarekeep_catalogue::{Operation, Rule, TokenId};
use flarekeep_policy::{Owner, Request, UnixSeconds, explain};

use crate::s3::hosts::in_host;
use crate::state::tokens::Record;
use crate::why::Grounds;

/// One call and what became of it. No field holds a header, a body or a control character. What the path and the query
/// hold is the caller's: a value that was written there by mistake is in [`Self::path`] and in [`Self::asked`].
#[derive(Debug, Clone)]
pub struct LogEntry {
    /// When it was answered, in seconds since 1970-01-01T00:00:00Z.
    pub at: i64,
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
    /// `unknown-credential`, `rate-limited`, `global-key`, `not-a-member`, `role`, `closed-to-account-tokens`, `wrong-verify`,
    /// `locked-out`, `address-limited`;
    /// of R2's S3 face also `bad-signature`, `bad-request` and `temporary-credential`, which reaches less than its parent.
    pub cause: &'static str,
    /// The same in a sentence.
    pub sentence: String,
    /// What stands behind it, in words: what the call needs and what the token holds, where a token was asked.
    pub grounds: Option<String>,
    /// The value of the header `x-flarekeep-why`, with [`crate::Options::explain`].
    pub why: Option<String>,
    /// The codes of the answer's errors, as the API gives them; none of R2's S3 face, where codes are words.
    pub errors: Vec<u32>,
    /// What was asked for: one operation, but for a GraphQL query of several data sets and for an S3 copy, which reads
    /// its source too.
    pub asked: Vec<Asked>,
}

/// An operation that a call asked for, and where.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The operation; none where no operation has this method and path.
    pub operation: Option<&'static Operation>,
    /// The whole URL as it was called. Of R2's S3 face, and where there is no operation, without the query, which may
    /// hold a signature. All but the visible characters of ASCII is percent-encoded.
    pub url: String,
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

    /// The kind as documents spell it.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::UnknownToken => "unknown-token",
            Self::UserToken => "user-token",
            Self::AccountToken => "account-token",
            Self::GlobalKey => "global-key",
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
    pub(crate) grounds: Option<Behind>,
    /// The same for the header, with [`crate::Options::explain`].
    pub(crate) why: Option<Grounds>,
    pub(crate) errors: Vec<u32>,
    /// What is asked for beside the one operation of the method and the path, or in its place.
    pub(crate) parts: Vec<Part>,
}

/// What stands behind a decision. It is put into words for who reads them: most calls' are never read.
#[derive(Debug, Clone)]
pub(crate) enum Behind {
    /// Words that there are.
    Said(String),
    /// What a token grants of a call.
    Token(Box<(Arc<Record>, Request)>),
}

/// A part of what a call asks for.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) operation: &'static Operation,
    /// Its path, where it is not the call's own.
    pub(crate) path: Option<String>,
}

/// A call as it came, for the log.
#[derive(Debug)]
pub(crate) struct Seen {
    method: Method,
    uri: Uri,
    host: Option<HeaderValue>,
}

/// A call and what became of it, as short as it can be kept: it becomes words when somebody asks for it.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) at: UnixSeconds,
    pub(crate) method: Method,
    /// As in [`LogEntry`].
    pub(crate) path: String,
    pub(crate) status: u16,
    pub(crate) verdict: Verdict,
}

impl Seen {
    pub(crate) fn of(parts: &request::Parts) -> Self {
        Self { method: parts.method.clone(), uri: parts.uri.clone(), host: parts.headers.get(HOST).cloned() }
    }

    fn url(&self, path: &str, query: Option<&str>) -> String {
        Self::url_at(self.host().as_ref().map(Authority::as_str), path, query)
    }

    /// The URL of another place, whose path names its bucket: the host may name that of the call.
    fn url_beside(&self, path: &str) -> String {
        let host = self.host();
        let host = host.as_ref().map(Authority::as_str);
        Self::url_at(host.map(|host| in_host(host).map_or(host, |(_, rest)| rest)), path, None)
    }

    fn host(&self) -> Option<Authority> {
        let named = || self.host.as_ref()?.to_str().ok()?.parse().ok();
        self.uri.authority().cloned().or_else(named).filter(|host: &Authority| !host.as_str().contains('@'))
    }

    fn url_at(host: Option<&str>, path: &str, query: Option<&str>) -> String {
        let mut url = format!("http://{}", host.unwrap_or("localhost"));
        encode(&mut url, path);
        if let Some(query) = query {
            url.push('?');
            encode(&mut url, query);
        }
        url
    }
}

impl Behind {
    /// What a token grants of a call.
    pub(crate) fn token(record: &Arc<Record>, request: &Request) -> Self {
        Self::Token(Box::new((record.clone(), request.clone())))
    }

    fn words(&self) -> String {
        match self {
            Self::Said(words) => words.clone(),
            Self::Token(held) => grounds(&held.0, &held.1),
        }
    }
}

impl Kept {
    /// The decision in a sentence, as in [`LogEntry`].
    pub(crate) fn sentence(&self) -> String {
        let grounds = self.verdict.grounds.as_ref().map(Behind::words);
        self.verdict.sentence(&printable(self.method.as_str(), 20), &self.path, grounds.as_deref())
    }
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

    /// The call that was answered with this status, to be kept.
    pub(crate) fn kept(self, seen: &Seen, status: u16, at: UnixSeconds) -> Kept {
        // The parts' URLs and the query have no bound on their length.
        let verdict = Self { why: None, parts: Vec::new(), ..self };
        Kept { at, method: seen.method.clone(), path: printable(seen.uri.path(), 400), status, verdict }
    }

    /// The entry for the call that was answered with this status.
    pub(crate) fn entry(&self, seen: &Seen, status: u16, at: UnixSeconds, why: Option<String>) -> LogEntry {
        let (method, path) = (printable(seen.method.as_str(), 20), printable(seen.uri.path(), 400));
        let grounds = self.grounds.as_ref().map(Behind::words);
        let sentence = self.sentence(&method, &path, grounds.as_deref());
        let signed = self.operation.is_none_or(Operation::is_s3);
        let whole = || seen.url(seen.uri.path(), seen.uri.query().filter(|_| !signed));
        let mut asked: Vec<Asked> = self.parts.iter().map(|part| part.asked(seen, whole)).collect();
        if asked.is_empty() {
            asked.push(Asked { operation: self.operation, url: whole() });
        }
        LogEntry {
            at: at.0,
            method,
            path,
            credential: self.credential,
            token: self.token,
            operation: self.operation,
            status,
            allowed: self.allowed,
            cause: self.cause,
            sentence,
            grounds,
            why,
            errors: self.errors.clone(),
            asked,
        }
    }

    fn sentence(&self, method: &str, path: &str, grounds: Option<&str>) -> String {
        let verdict = if self.allowed { "allowed" } else { "refused" };
        let mut sentence = format!("{method} {path} {verdict} to {} ({})", self.credential.word(), self.cause);
        if let Some(grounds) = grounds {
            sentence.push_str(": ");
            sentence.push_str(grounds);
        }
        sentence
    }
}

impl Part {
    fn asked(&self, seen: &Seen, whole: impl Fn() -> String) -> Asked {
        let url = self.path.as_ref().map_or_else(whole, |path| seen.url_beside(path));
        Asked { operation: Some(self.operation), url }
    }
}

/// Adds a part of a URL, with all but ASCII's visible characters percent-encoded.
fn encode(url: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'!'..=b'~' => url.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(url, "%{byte:02X}")),
        }
    }
}

/// A text from outside, safe to print: control characters escaped, and cut short.
pub(crate) fn printable(text: &str, longest: usize) -> String {
    // As almost every path is.
    if text.len() <= longest
        && text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'\\' | b'"' | b'\''))
    {
        return text.to_owned();
    }
    text.chars().take(longest).flat_map(char::escape_debug).collect()
}

/// What the call needs and what the token holds: `needs one of DNS Write at zone X; the token holds R2 …`.
fn grounds(record: &Record, request: &Request) -> String {
    const SHOWN: usize = 4;
    let token = record.effective(request.at).token;
    let explanation = explain(token, request);
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
    let held = token.policies.iter().flat_map(|policy| {
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
