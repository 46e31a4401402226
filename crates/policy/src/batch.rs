//! Calls as JSON lines, each with its token, and one decision for each.
//!
//! A line is `{"token": …, "method", "path", "account", "user", "ip", "at"}`: the token as the API returns it (or as
//! [`crate::document`] reads it), the rest as in [`Call`]. Only `token`, `method` and `path` must be there; null says as
//! much as nothing. Unknown fields are passed over.

mod cache;

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::net::IpAddr;

use flarekeep_catalogue::{AccountId, UserId, is_hostile};
use memchr::memchr_iter;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use self::cache::Cache;
use crate::call::{Call, CallError};
use crate::decision::Decision;
use crate::document::{DocumentError, object, opt_text};
use crate::token::{Owner, UnixSeconds};

/// Decides lines. It remembers the tokens that it has met more than once, up to a fixed size.
#[derive(Debug)]
pub struct Batch {
    now: UnixSeconds,
    cache: Cache,
}

/// The answer to one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The token's decision.
    Decided(Decision),
    /// There is no such operation, so that nothing is allowed.
    NoOperation,
}

/// Why a line cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}")]
pub struct LineError {
    /// The column in bytes, from 1; where a value is wrong, that of its end.
    pub column: usize,
    /// What was expected, and what was met.
    pub message: String,
}

/// How many lines were answered in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub lines: u64,
    /// Those whose call is allowed.
    pub allowed: u64,
    /// Those that could not be read.
    pub malformed: u64,
}

impl Batch {
    /// Decides calls that do not say when they are made at `now`.
    #[must_use]
    pub fn new(now: UnixSeconds) -> Self {
        Self { now, cache: Cache::default() }
    }

    /// Answers every line of a text; the first one is number `first`, counted from 1. Each answer goes to `out` as a
    /// line of its own: `{"allow":true,"cause":"granted"}`, or `{"error":"line 3, column 17: …"}`.
    pub fn answer_lines(&mut self, text: &[u8], first: u64, out: &mut String) -> Tally {
        let mut tally = Tally::default();
        for line in lines(text) {
            let number = first.saturating_add(tally.lines);
            tally.lines += 1;
            match self.answer(line) {
                Ok(answer) => {
                    tally.allowed += u64::from(answer.allow());
                    answer.write(out);
                }
                Err(error) => {
                    tally.malformed += 1;
                    error.write(number, out);
                }
            }
        }
        tally
    }

    /// How many lines of a text end in it.
    #[must_use]
    pub fn count_lines(text: &[u8]) -> u64 {
        memchr_iter(b'\n', text).count() as u64
    }

    /// Answers one line.
    ///
    /// # Errors
    /// If the line is not JSON, lacks a field, or a value in it is not of its kind.
    pub fn answer(&mut self, line: &[u8]) -> Result<Answer, LineError> {
        let text = std::str::from_utf8(line).map_err(|error| LineError {
            column: error.valid_up_to() + 1,
            message: "the line is not UTF-8".to_owned(),
        })?;
        let line: Line<'_> = serde_json::from_str(text)?;
        let call = Call {
            method: &line.0.method,
            path: &line.0.path,
            account: line.0.account.0,
            user: line.0.user.0,
            ip: line.0.ip.0,
            at: line.0.at.0.unwrap_or(self.now),
        };
        let token = line.0.token.get();
        let start = before(text, token);
        let within = |error: DocumentError| LineError { column: start + error.column, message: error.message };
        let request = match call.request() {
            Ok(request) => request,
            Err(CallError::NoOperation) => {
                crate::document::read(token).map_err(within)?;
                return Ok(Answer::NoOperation);
            }
            Err(error) => {
                let column = before(text, call.path) + call.path.len();
                return Err(LineError { column, message: error.to_string() });
            }
        };
        let owner = call.owner(&request).unwrap_or(NOBODY);
        self.cache.decide(token, owner, &request).map(Answer::Decided).map_err(within)
    }
}

/// Owns a token of which nothing says who does. Then the call is in no account, and the owner makes no difference.
const NOBODY: Owner = Owner::User(UserId::from_u128(0));

impl Answer {
    /// Whether the call may be made.
    #[must_use]
    pub const fn allow(self) -> bool {
        matches!(self, Self::Decided(Decision { allow: true, .. }))
    }

    /// The cause in documents: that of the decision, or `no-operation`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Decided(decision) => decision.cause.word(),
            Self::NoOperation => "no-operation",
        }
    }

    fn write(self, out: &mut String) {
        out.push_str(if self.allow() { "{\"allow\":true,\"cause\":\"" } else { "{\"allow\":false,\"cause\":\"" });
        out.push_str(self.word());
        out.push_str("\"}\n");
    }
}

impl LineError {
    /// Both texts from the line and what a terminal would obey are escaped.
    fn write(&self, number: u64, out: &mut String) {
        let text = serde_json::Value::from(format!("line {number}, {self}")).to_string();
        out.push_str("{\"error\":");
        for c in text.chars() {
            // Writing to a string does not fail.
            let _ = if is_hostile(c) { write!(out, "\\u{:04x}", u32::from(c)) } else { out.write_char(c) };
        }
        out.push_str("}\n");
    }
}

impl From<serde_json::Error> for LineError {
    fn from(error: serde_json::Error) -> Self {
        let DocumentError { column, message, .. } = error.into();
        Self { column, message }
    }
}

/// One line as it is written.
struct Line<'a>(Fields<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Line<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        object(from, "a call: {\"token\", \"method\", \"path\", …}").map(Self)
    }
}

#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    token: &'a RawValue,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    path: Cow<'a, str>,
    #[serde(default)]
    account: Account,
    #[serde(default)]
    user: User,
    #[serde(default)]
    ip: Ip,
    #[serde(default)]
    at: At,
}

/// An optional field that is a string with a meaning.
macro_rules! optional {
    ($name:ident($inner:ty), $expected:literal, $read:expr) => {
        #[derive(Default)]
        struct $name(Option<$inner>);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                opt_text(from, $expected, $read).map(Self)
            }
        }
    };
}

optional!(Account(AccountId), "an account's id", str::parse);
optional!(User(UserId), "a user's id", str::parse);
optional!(Ip(IpAddr), "an address", |text| text.parse::<IpAddr>().map_err(|_| BadIp));
optional!(At(UnixSeconds), "a time of RFC 3339", UnixSeconds::parse);

struct BadIp;

impl fmt::Display for BadIp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an address is written as 203.0.113.7 or 2001:db8::1")
    }
}

/// The lines of a text; what follows the last newline is one if there is anything.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let last = text.last().is_some_and(|last| *last != b'\n').then_some(text.len());
    let mut start = 0;
    memchr_iter(b'\n', text).chain(last).filter_map(move |end| {
        let line = text.get(start..end);
        start = end + 1;
        line
    })
}

/// How many bytes of a text stand before a part of it; none before what is no part, such as a string with escapes.
fn before(text: &str, part: &str) -> usize {
    let before = (part.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    if before <= text.len() { before } else { 0 }
}

#[cfg(test)]
mod tests;
