//! The envelope of every answer: `{success, errors, messages, result, result_info}`.
//!
//! Read by hand and leniently: `errors` may be null, a code may be a text, and a field of an unexpected type must not hide
//! what else the answer says.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::text;

/// An error or a message in an answer. Its texts are escaped and cut: they are data from outside.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ApiError {
    /// The code; 0 when there is none. Codes are unique within one product, not across the API.
    pub code: i64,
    /// What happened.
    pub message: String,
    /// What it came from.
    pub error_chain: Vec<ApiError>,
    /// Where Cloudflare explains the call (since August 2026).
    pub documentation_url: Option<String>,
    /// Which field of the request is meant, as a JSON pointer.
    pub pointer: Option<String>,
}

/// Where a page stands in the whole. Every field may be missing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResultInfo {
    /// The number of this page, from 1.
    pub page: Option<u64>,
    /// How many entries a page has.
    pub per_page: Option<u64>,
    /// How many this one has.
    pub count: Option<u64>,
    /// How many there are.
    pub total_count: Option<u64>,
    /// How many pages there are.
    pub total_pages: Option<u64>,
    /// Where the next page starts, in lists that have no numbers.
    pub cursor: Option<String>,
}

/// An answer, taken apart. The result is still to be read.
pub(crate) struct Envelope {
    pub(crate) success: bool,
    pub(crate) errors: Vec<ApiError>,
    pub(crate) messages: Vec<ApiError>,
    /// As it was written: it is read once, as what it should be.
    pub(crate) result: Box<RawValue>,
    pub(crate) info: ResultInfo,
}

impl Envelope {
    /// Reads a body; `None` when it is no envelope. `secret` is hidden in every text.
    pub(crate) fn read(body: &[u8], secret: &str) -> Option<Self> {
        let fields: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_slice(body).ok()?;
        let read = |name: &str| -> Value {
            fields.get(name).and_then(|text| serde_json::from_str(text.get()).ok()).unwrap_or_default()
        };
        Some(Self {
            success: read("success").as_bool()?,
            errors: list(&read("errors"), secret),
            messages: list(&read("messages"), secret),
            result: fields.get("result").copied().unwrap_or(RawValue::NULL).to_owned(),
            info: ResultInfo::read(&read("result_info")),
        })
    }
}

impl ApiError {
    /// This error and those of its chain, outermost first.
    pub(crate) fn with_chain(&self) -> Vec<&Self> {
        let mut all = vec![self];
        all.extend(self.error_chain.iter().flat_map(Self::with_chain));
        all
    }

    fn read(value: &Value, secret: &str) -> Self {
        let text = |value: &Value| value.as_str().map(|text| text::shown(text, secret));
        if let Some(message) = text(value) {
            return Self { message, ..Self::default() };
        }
        Self {
            code: number(&value["code"]).unwrap_or_default(),
            message: text(&value["message"]).unwrap_or_default(),
            error_chain: list(&value["error_chain"], secret),
            documentation_url: text(&value["documentation_url"]),
            pointer: text(&value["source"]["pointer"]),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return write!(f, "code {}", self.code);
        }
        write!(f, "{} (code {})", self.message, self.code)
    }
}

impl ResultInfo {
    fn read(value: &Value) -> Self {
        let count = |name: &str| number(&value[name]).and_then(|count| u64::try_from(count).ok());
        Self {
            page: count("page"),
            per_page: count("per_page"),
            count: count("count"),
            total_count: count("total_count"),
            total_pages: count("total_pages"),
            cursor: value["cursor"].as_str().filter(|cursor| !cursor.is_empty()).map(str::to_owned),
        }
    }
}

fn list(value: &Value, secret: &str) -> Vec<ApiError> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().map(|item| ApiError::read(item, secret)).collect(),
        one => vec![ApiError::read(one, secret)],
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.trim().parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Envelope {
        Envelope::read(body.as_bytes(), "").expect("an envelope")
    }

    #[test]
    fn null_lists_are_empty_and_unknown_fields_pass() {
        let envelope = read(r#"{"success":true,"errors":null,"messages":null,"result":[1],"timing":{}}"#);
        assert!(envelope.success && envelope.errors.is_empty() && envelope.messages.is_empty());
        assert_eq!(envelope.result.get(), "[1]");
        assert_eq!(envelope.info, ResultInfo::default());
    }

    #[test]
    fn an_error_is_read_whole() {
        let envelope = read(
            r#"{"success":false,"result":null,"errors":[{"code":"6003","message":"bad\u001b[0m","source":{"pointer":"/name"},
                "documentation_url":"https://example.com/doc","error_chain":[{"code":6111,"message":"worse"}]},"plain"]}"#,
        );
        let first = &envelope.errors[0];
        assert_eq!((first.code, first.message.as_str()), (6003, r"bad\u{1b}[0m"));
        assert_eq!(first.pointer.as_deref(), Some("/name"));
        assert_eq!(first.documentation_url.as_deref(), Some("https://example.com/doc"));
        assert_eq!(first.error_chain[0].code, 6111);
        assert_eq!(envelope.errors[1].message, "plain");
    }

    #[test]
    fn what_has_no_success_is_no_envelope() {
        for body in ["", "[]", "{}", "<html>", r#"{"success":"yes"}"#, "null"] {
            assert!(Envelope::read(body.as_bytes(), "").is_none(), "{body}");
        }
    }

    #[test]
    fn page_numbers_may_be_texts_and_an_empty_cursor_is_none() {
        let info = read(r#"{"success":true,"result_info":{"page":"2","total_pages":3,"cursor":"","count":-1}}"#).info;
        assert_eq!((info.page, info.total_pages, info.cursor, info.count), (Some(2), Some(3), None, None));
    }
}
