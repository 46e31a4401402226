//! Bodies of answers: the API's errors, the edge's problem documents, R2's XML.

use super::clean;
use super::value::Value;
use crate::refusal::Said;

/// How many errors of one answer are kept.
pub(super) const MOST_ERRORS: usize = 20;

/// What a body says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Body {
    pub(super) errors: Vec<Said>,
    pub(super) status: Option<u16>,
    pub(super) retry_after: Option<u64>,
}

/// Reads a body that says what is wrong; none where a value is something else.
pub(super) fn body(value: &Value) -> Option<Body> {
    let mut body = Body::default();
    if let Some(Value::List(errors)) = value.member("errors") {
        errors.iter().for_each(|error| body.error(error));
    }
    if body.errors.is_empty() {
        body.problem(value);
    }
    if body.errors.is_empty() && value.member("code").is_some() {
        body.error(value);
    }
    if body.errors.is_empty() {
        return None;
    }
    if let Some(Value::List(chain)) = value.member("error_chain").filter(|_| value.member("errors").is_some()) {
        chain.iter().for_each(|error| body.error(error));
    }
    body.errors.truncate(MOST_ERRORS);
    Some(body)
}

impl Body {
    /// An error with those of its chain behind it.
    fn error(&mut self, error: &Value) {
        if self.errors.len() >= MOST_ERRORS {
            return;
        }
        match error {
            Value::Number(code) => self.errors.push(Said { code: Some(*code), ..Said::default() }),
            Value::Text(text) => self.errors.push(Said { message: clean::message(text), ..Said::default() }),
            Value::Object(_) => {
                let message = error.text("message").map(clean::message).unwrap_or_default();
                let said = Said {
                    code: error.number("code"),
                    word: error.text("code").and_then(word),
                    message,
                    documentation_url: error.text("documentation_url").and_then(clean::documentation),
                };
                if (said.code.is_some() && !said.message.is_empty()) || said.word.is_some() {
                    self.errors.push(said);
                }
                if let Some(Value::List(chain)) = error.member("error_chain") {
                    chain.iter().for_each(|error| self.error(error));
                }
            }
            _ => {}
        }
    }

    /// A problem document (RFC 9457) of the edge: `error_code` is Cloudflare's number.
    fn problem(&mut self, value: &Value) {
        let Some(code) = value.number("error_code") else { return };
        let message = value.text("title").or_else(|| value.text("detail")).map(clean::message).unwrap_or_default();
        self.errors.push(Said { code: Some(code), message, ..Said::default() });
        self.status = value.number("status").and_then(|status| status.try_into().ok());
        self.retry_after = value.number("retry_after").and_then(|seconds| seconds.try_into().ok());
    }
}

/// The error of S3's XML that a text begins with, and how many bytes it takes. `left` is how many bytes may still be read in
/// vain, and is counted down.
pub(super) fn xml(text: &str, left: &mut usize) -> Option<(Said, usize)> {
    /// The longest error that is read: R2 repeats the whole request in some.
    const LONGEST: usize = 1 << 14;
    if *left == 0 {
        return None;
    }
    let cut = (0..=LONGEST.min(text.len())).rev().find(|at| text.is_char_boundary(*at))?;
    let (text, _) = text.split_at(cut);
    let inner = text.strip_prefix("<Error>")?;
    let length = inner.find("</Error>").unwrap_or(inner.len());
    let Some(rest) = left.checked_sub(length) else {
        // Else each of a million beginnings would be searched for its end.
        *left = 0;
        return None;
    };
    *left = rest;
    let inner = inner.get(..length)?;
    let member = |name: &str| {
        let (_, rest) = inner.split_once(&format!("<{name}>"))?;
        Some(rest.split('<').next().unwrap_or(rest))
    };
    let message = member("Message").map(clean::message).unwrap_or_default();
    let said = Said { word: Some(member("Code").and_then(word)?), message, ..Said::default() };
    Some((said, "<Error>".len() + length))
}

/// One of S3's words: letters alone, as in `AccessDenied`.
pub(super) fn word(text: &str) -> Option<String> {
    let fits = (4..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic());
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        let (value, _) = super::super::value::read(text, &mut 10_000).unwrap();
        let shown = |said: &Said| format!("{:?} {:?} {}", said.code, said.word, said.message);
        body(&value).map(|body| body.errors.iter().map(shown).collect()).unwrap_or_default()
    }

    #[test]
    fn a_chain_follows_the_error_that_holds_it() {
        let text = r#"{"errors":[{"code":6003,"message":"Invalid request headers","error_chain":[{"code":6111,"message":"Invalid format for Authorization header"}]},{"code":7000,"message":"x"}]}"#;
        assert_eq!(
            read(text),
            [
                "Some(6003) None Invalid request headers",
                "Some(6111) None Invalid format for Authorization header",
                "Some(7000) None x",
            ]
        );
    }

    #[test]
    fn other_bodies_are_read_and_values_that_are_none_are_not() {
        assert_eq!(
            read(r#"{"code":10000,"message":"Authentication error"}"#),
            ["Some(10000) None Authentication error"]
        );
        assert_eq!(read(r#"{"errors":[10000]}"#), ["Some(10000) None "]);
        assert_eq!(
            read(r#"{"title":"Error 1015: You are being rate limited","status":429,"error_code":1015}"#),
            ["Some(1015) None Error 1015: You are being rate limited"]
        );
        assert_eq!(read(r#"{ Code: 'AccessDenied', message: 'x' }"#), ["None Some(\"AccessDenied\") x"]);
        for text in [r#"{"errors":[]}"#, r#"{"code":"E_X","message":"x"}"#, r#"{"a":1}"#, "[1]"] {
            assert_eq!(read(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn xml_is_read_with_its_word() {
        let text = "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>rest";
        let (said, length) = xml(text, &mut 1000).unwrap();
        assert_eq!((said.word.as_deref(), said.message.as_str()), (Some("AccessDenied"), "Access Denied"));
        assert!(text[length..].starts_with("</Error>"));
        assert_eq!(xml("<Error><Code>1</Code>", &mut 1000), None);
        let mut left = 5;
        assert_eq!(xml(text, &mut left), None);
        assert_eq!(left, 0, "nothing is searched again once too much was");
    }
}
