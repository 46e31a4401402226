//! Calls as JSON lines, each with its token, and one decision for each.
//!
//! A line is `{"token": …, "method", "path", "account", "user", "ip", "at"}`: the token as the API returns it (or as
//! [`crate::document`] reads it), the rest as in [`Call`]. Only `token`, `method` and `path` must be there; null says as
//! much as nothing. Unknown fields are passed over.

mod cache;
mod line;

use std::fmt::Write;

use flarekeep_catalogue::is_hostile;
use memchr::memchr_iter;

use self::cache::Cache;
use self::line::{Fields, Line, NOBODY, Taken, Unowned};
use crate::call::{Call, CallError};
use crate::decision::Decision;
use crate::document::{DocumentError, Plain};
use crate::request::Request;
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
        self.answer_plain(text).map_or_else(|| self.answer_any(text), Ok)
    }

    /// Answers a line that is written plainly and has no error.
    fn answer_plain(&mut self, text: &str) -> Option<Answer> {
        let mut plain = Plain::new(text.strip_suffix('\r').unwrap_or(text))?;
        if !plain.pass(TOKEN_FIRST) {
            let Line(fields) = plain.last_value()?;
            let Unowned(token) = &fields.token;
            return decide(&fields.call(self.now), |owner, request| token.decide_for(owner, request)).ok();
        }
        let start = plain.rest();
        let mark = self.cache.mark(start);
        if let Some(known) = mark.and_then(|mark| self.cache.known(mark, start)) {
            plain.pass(&known.text);
            let fields: Fields<'_, Taken> = plain.last_fields()?;
            return decide(&fields.call(self.now), |owner, request| known.token.decide_for(owner, request)).ok();
        }
        let Unowned(token) = plain.value()?;
        let token_text = start.get(..start.len() - plain.rest().len())?;
        let fields: Fields<'_, Taken> = plain.last_fields()?;
        if let Some(mark) = mark {
            self.cache.meet(mark, token_text, &token);
        }
        decide(&fields.call(self.now), |owner, request| token.decide_for(owner, request)).ok()
    }

    /// Answers any line, or says what is wrong with it.
    fn answer_any(&self, text: &str) -> Result<Answer, LineError> {
        let Line(fields) = serde_json::from_str(text)?;
        let Unowned(token) = &fields.token;
        let call = fields.call(self.now);
        let column = before(text, call.path) + call.path.len();
        decide(&call, |owner, request| token.decide_for(owner, request))
            .map_err(|error| LineError { column, message: error.to_string() })
    }
}

/// How a line begins that has its token first, as it is documented: such a token may be known.
const TOKEN_FIRST: &str = "{\"token\":";

/// Decides a call by what the owner of its token and its request lead to.
fn decide(call: &Call<'_>, by: impl FnOnce(Owner, &Request) -> Decision) -> Result<Answer, CallError> {
    match call.request() {
        Ok(request) => Ok(Answer::Decided(by(call.owner(&request).unwrap_or(NOBODY), &request))),
        Err(CallError::NoOperation) => Ok(Answer::NoOperation),
        Err(error) => Err(error),
    }
}

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
