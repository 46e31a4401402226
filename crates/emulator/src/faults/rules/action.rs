//! What befalls a request.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

use super::super::Face;
use super::super::chance::number;
use super::{Matching, Problem};
use crate::duration;
use crate::log::printable;

/// The keys of a rule that are actions; a rule has one.
pub(super) const KEYS: [&str; 7] = ["delay", "answer", "page", "drop", "cut", "slow", "content_type"];

/// Nothing waits longer.
const LONGEST: Duration = Duration::from_secs(600);

/// What befalls a request.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::faults) enum Action {
    /// It waits before it is looked at.
    Delay(Delay),
    /// It is answered with an error, and nothing is done.
    Answer(Answered),
    /// It is answered with a page of HTML, as by an edge that never reached the API.
    Page(u16),
    /// The connection is closed without an answer.
    Drop(Drop),
    /// It is done, and its answer ends after this part of its body.
    Cut(f64),
    /// It is done, and its answer comes so many bytes at a time.
    Slow { bytes: usize, every: Duration },
    /// It is done, and its answer says that it is of this type.
    ContentType(HeaderValue),
}

/// How long a request waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::faults) struct Delay {
    from: Duration,
    to: Duration,
}

/// Whether a request is done before its connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::faults) enum Drop {
    Before,
    After,
}

/// An answer in place of the true one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::faults) struct Answered {
    pub(in crate::faults) status: StatusCode,
    pub(in crate::faults) retry_after: Option<u64>,
    /// A number for the API, a word for S3.
    pub(in crate::faults) code: Option<Value>,
    pub(in crate::faults) message: Option<String>,
    /// A whole body, which stands in place of the envelope.
    pub(in crate::faults) body: Option<String>,
}

impl Action {
    pub(super) fn read(rule: &Map<String, Value>, on: &Matching) -> Result<Self, Problem> {
        let mut given = KEYS.into_iter().filter_map(|key| Some((key, rule.get(key)?)));
        let Some((key, value)) = given.next() else {
            return Err(Problem::of("action", format!("is missing: a rule has one of {}", KEYS.join(", "))));
        };
        if let Some((second, _)) = given.next() {
            return Err(Problem::of(second, format!("excludes `{key}`: a rule has one action; write two rules")));
        }
        match key {
            "delay" => Delay::read(value).map(Self::Delay),
            "answer" => Answered::read(value, on.face).map(Self::Answer),
            "page" => {
                let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
                let known = number.filter(|number| matches!(number, 1015 | 500..=599));
                known.map(Self::Page).ok_or_else(|| Problem::of(key, "must be 1015, or a status from 500 to 599"))
            }
            "drop" => match value.as_str() {
                Some("before") => Ok(Self::Drop(Drop::Before)),
                Some("after") => Ok(Self::Drop(Drop::After)),
                _ => Err(Problem::of(key, "must be before or after: whether the request is done first")),
            },
            "cut" => {
                let part = if value == &Value::Bool(true) { Some(0.5) } else { value.as_f64() };
                let part = part.filter(|part| (0.0..1.0).contains(part));
                part.map(Self::Cut)
                    .ok_or_else(|| Problem::of(key, "must be true, or the part that is sent: 0 or more, less than 1"))
            }
            "slow" => slow(value),
            _ => {
                let text =
                    value.as_str().filter(|text| text.contains('/')).and_then(|text| HeaderValue::from_str(text).ok());
                text.map(Self::ContentType).ok_or_else(|| Problem::of(key, "must be a content type such as text/html"))
            }
        }
    }
}

impl Delay {
    fn read(value: &Value) -> Result<Self, Problem> {
        let (from, to) = match value {
            Value::Object(range) => {
                only(range, &["from", "to"], "delay")?;
                let bound =
                    |key: &str| wait(range.get(key)).map_err(|problem| Problem::of(&format!("delay.{key}"), problem));
                (bound("from")?, bound("to")?)
            }
            value => wait(Some(value)).map(|delay| (delay, delay)).map_err(|problem| Problem::of("delay", problem))?,
        };
        if to < from {
            return Err(Problem::of("delay.to", "must not be less than `from`"));
        }
        Ok(Self { from, to })
    }

    /// How long the request waits that met the rule as the `met`-th.
    pub(in crate::faults) fn of(self, seed: u64, rule: &str, met: u64) -> Duration {
        let width = u64::try_from((self.to - self.from).as_millis()).unwrap_or(u64::MAX - 1);
        self.from + Duration::from_millis(number(seed, rule, met, 1) % (width + 1))
    }
}

impl Answered {
    fn read(value: &Value, face: Option<Face>) -> Result<Self, Problem> {
        let Some(table) = value.as_object() else {
            return Err(Problem::of("answer", "must be a table with a `status`"));
        };
        only(table, &["status", "retry_after", "code", "message", "body"], "answer")?;
        let problem = |key: &str, problem: &str| Problem::of(&format!("answer.{key}"), problem);
        let status = table.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        // 1xx are no answers, and 204 and 304 have no body.
        let status = status.filter(|status| (200..600).contains(status) && !matches!(status, 204 | 304));
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let status =
            status.ok_or_else(|| problem("status", "must be a status from 200 to 599, and neither 204 nor 304"))?;
        let retry_after = match table.get("retry_after") {
            None => None,
            Some(value) => Some(value.as_u64().ok_or_else(|| problem("retry_after", "must be a number of seconds"))?),
        };
        let code = table.get("code").cloned();
        let number = |code: &Value| code.as_u64().is_some_and(|code| u32::try_from(code).is_ok());
        match (&code, face) {
            (None, _) => {}
            (Some(code), Some(Face::Api)) if !number(code) => {
                return Err(problem("code", "must be a number, of the API"));
            }
            (Some(code), Some(Face::S3)) if !code.is_string() => return Err(problem("code", "must be a word, of S3")),
            (Some(code), _) if !number(code) && !code.is_string() => {
                return Err(problem("code", "must be a number or a word"));
            }
            (Some(_), _) => {}
        }
        let text = |key| match table.get(key) {
            None => Ok(None),
            Some(value) => value.as_str().map(|text| Some(text.to_owned())).ok_or_else(|| problem(key, "must be text")),
        };
        let (message, body) = (text("message")?, text("body")?);
        if body.is_some() && (message.is_some() || code.is_some()) {
            return Err(problem("body", "excludes `code` and `message`"));
        }
        Ok(Self { status, retry_after, code, message, body })
    }
}

fn slow(value: &Value) -> Result<Action, Problem> {
    let Some(table) = value.as_object() else {
        return Err(Problem::of("slow", "must be a table with `bytes` and `every`"));
    };
    only(table, &["bytes", "every"], "slow")?;
    let bytes = table.get("bytes").and_then(Value::as_u64).and_then(|bytes| usize::try_from(bytes).ok());
    let bytes = bytes
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| Problem::of("slow.bytes", "must be a whole number, 1 or more"))?;
    let every = wait(table.get("every")).map_err(|problem| Problem::of("slow.every", problem))?;
    Ok(Action::Slow { bytes, every })
}

fn wait(value: Option<&Value>) -> Result<Duration, String> {
    let read = value.and_then(Value::as_str).and_then(duration::parse);
    match read {
        Some(wait) if wait <= LONGEST => Ok(wait),
        Some(_) => Err("is longer than ten minutes".to_owned()),
        None => Err("must be a duration such as 250ms or 1m30s".to_owned()),
    }
}

fn only(table: &Map<String, Value>, known: &[&str], within: &str) -> Result<(), Problem> {
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => {
            let list = format!("is not known: there are {}", known.join(", "));
            Err(Problem::of(&format!("{within}.{}", printable(key, 40)), list))
        }
        None => Ok(()),
    }
}
