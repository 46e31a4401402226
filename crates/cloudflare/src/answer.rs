//! An answer judged: what is a failure to be repeated, what a refusal, and how a result is read.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use crate::call::Call;
use crate::envelope::{Envelope, ResultInfo};
use crate::error::Error;
use crate::text;
use crate::transport::{HttpResponse, Stage, TransportError};

/// An answer that is Cloudflare's word on the call, be it yes or no.
pub(crate) struct Answer {
    pub(crate) call: Call,
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Bytes,
    pub(crate) envelope: Option<Envelope>,
    /// Whether the result holds a new secret: then no part of it may be in an error.
    sensitive: bool,
}

impl Answer {
    /// Judges a response. Rate limits, failures of the server and redirects are errors; refusals are not yet.
    pub(crate) fn judge(call: &Call, response: HttpResponse, secret: &str, sensitive: bool) -> Result<Self, Error> {
        let HttpResponse { status, headers, body } = response;
        let call = call.clone();
        if status == 429 {
            return Err(Error::RateLimited { call, retry_after: retry_after(&headers) });
        }
        if (300..400).contains(&status) && status != 304 {
            return Err(Error::Redirected { call, status });
        }
        let content_type =
            headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(|value| text::shown(value, secret));
        let envelope = Envelope::read(&body, secret);
        if envelope.as_ref().is_some_and(is_throttled) {
            return Err(Error::RateLimited { call, retry_after: retry_after(&headers) });
        }
        let answer = Self { call, status, content_type, body, envelope, sensitive };
        match answer {
            Self { call, envelope: Some(envelope), .. } if status >= 500 => {
                Err(Error::Server { call, status, errors: envelope.errors })
            }
            _ if status >= 500 => Err(answer.not_json(secret)),
            _ => Ok(answer),
        }
    }

    /// The result, when Cloudflare said yes. An empty body of a success stands for a result of null.
    pub(crate) fn result<T: DeserializeOwned>(self, secret: &str) -> Result<(T, ResultInfo), Error> {
        let Self { call, status, envelope, sensitive, .. } = self;
        let good = (200..300).contains(&status);
        match envelope {
            Some(envelope) if good && envelope.success => {
                let result = decode(&envelope.result, sensitive, secret);
                Ok((result.map_err(|detail| Error::Malformed { call, detail })?, envelope.info))
            }
            Some(envelope) => Err(Error::Refused { call, status, errors: envelope.errors }),
            None if good && self.body.is_empty() => {
                let result = decode(RawValue::NULL, sensitive, secret);
                Ok((result.map_err(|detail| Error::Malformed { call, detail })?, ResultInfo::default()))
            }
            None => Err(Self { call, status, envelope: None, sensitive, ..self }.not_json(secret)),
        }
    }

    pub(crate) fn not_json(self, secret: &str) -> Error {
        let hidden = self.sensitive && self.status < 300;
        let excerpt = if hidden { String::new() } else { text::excerpt(&self.body, secret) };
        Error::NotJson { call: self.call, status: self.status, content_type: self.content_type, excerpt }
    }
}

/// The error of a request that got no complete answer.
pub(crate) fn lost(call: &Call, error: &TransportError, secret: &str) -> Error {
    let (call, detail) = (call.clone(), text::shown(&error.detail, secret));
    match error.stage {
        Stage::NotSent => Error::Unreachable { call, detail },
        Stage::Ambiguous => Error::AnswerLost { call, detail },
        Stage::TimedOut => Error::TimedOut { call, detail },
        Stage::TooLarge => Error::Malformed { call, detail },
    }
}

/// Cloudflare's code of the global limit, which may come with another status than 429.
fn is_throttled(envelope: &Envelope) -> bool {
    const THROTTLED: i64 = 971;
    !envelope.success && envelope.errors.iter().any(|error| error.code == THROTTLED)
}

/// Whole seconds, as Cloudflare sends them; a fraction is rounded up. Other forms count as not given.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    const LONGEST: f64 = 86_400.0;
    let seconds: f64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.ceil().min(LONGEST)))
}

fn decode<T: DeserializeOwned>(value: &RawValue, sensitive: bool, secret: &str) -> Result<T, String> {
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let place = match error.path().to_string() {
            path if path == "." => "the result".to_owned(),
            path => format!("field `{}`", text::shown(&path, secret)),
        };
        // The inner text may repeat the value that was found.
        if sensitive {
            return format!("{place} is not as expected");
        }
        let error = error.into_inner();
        let text = error.to_string();
        // Lines and columns are those of the result alone, which nobody sees.
        let text = text.strip_suffix(&format!(" at line {} column {}", error.line(), error.column())).unwrap_or(&text);
        format!("{place}: {}", text::shown(text, secret))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(text: &'static str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        retry_after(&headers)
    }

    #[test]
    fn a_wait_is_whole_seconds_rounded_up_and_never_absurd() {
        assert_eq!(wait("7"), Some(Duration::from_secs(7)));
        assert_eq!(wait(" 0.2 "), Some(Duration::from_secs(1)));
        assert_eq!(wait("1e300"), Some(Duration::from_secs(86_400)));
        for text in ["-1", "NaN", "soon", "Sun, 22 Nov 2026 05:00:00 GMT"] {
            assert_eq!(wait(text), None, "{text}");
        }
    }

    #[test]
    fn a_result_that_cannot_be_read_names_its_field() {
        #[derive(Debug, serde::Deserialize)]
        struct Item {
            #[allow(dead_code)]
            id: String,
        }
        let read = |text: &str, sensitive| {
            decode::<Vec<Item>>(serde_json::from_str(text).unwrap(), sensitive, "").unwrap_err()
        };
        let items = r#"[{"id": "a"}, {"id": 5}]"#;
        assert_eq!(read(items, false), "field `[1].id`: invalid type: integer `5`, expected a string");
        assert_eq!(read(items, true), "field `[1].id` is not as expected");
        assert!(read("null", false).starts_with("the result: "));
    }
}
