//! What is signed, spelt as it is signed.

use hyper::HeaderMap;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The header that says what the body's digest is.
pub(super) const PAYLOAD: &str = "x-amz-content-sha256";
/// What it says where the body is not signed.
pub(super) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The text that is signed, of a method, a path and a query, of the headers that are named, of a body, at a time. None where
/// a header is no text.
pub(super) fn to_sign(
    (method, path, asked): (&str, &str, &str),
    (names, headers): (&[String], &HeaderMap),
    payload: &str,
    (time, scope): (&str, &str),
) -> Option<String> {
    let mut canonical = format!("{method}\n{}\n{}\n", encoded(path, true), query(asked));
    for name in names {
        let values: Vec<String> = headers
            .get_all(name.as_str())
            .iter()
            .map(|value| value.to_str().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).ok())
            .collect::<Option<_>>()?;
        canonical.push_str(&format!("{name}:{}\n", values.join(",")));
    }
    canonical.push_str(&format!("\n{}\n{payload}", names.join(";")));
    Some(format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical))))
}

/// The signature of a text; none where the scope has not its four parts.
pub(super) fn signature(secret: &SecretString, scope: &str, to_sign: &str) -> Option<String> {
    let mut key = format!("AWS4{}", secret.expose_secret()).into_bytes();
    let mut parts = scope.split('/');
    for _ in 0..4 {
        key = mac(&key, parts.next()?);
    }
    parts.next().is_none().then(|| hex(&mac(&key, to_sign)))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

/// The pairs of a query: the name, decoded, the value as it is written, and the whole as it is written.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (String, &str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decoded(name).unwrap_or_else(|| name.to_owned()), value, pair)
    })
}

/// The value of the one parameter of this name, decoded; none where there are several.
pub(super) fn parameter(query: &str, name: &str) -> Option<String> {
    let mut values = pairs(query).filter(|(given, _, _)| given == name).map(|(_, value, _)| value);
    let value = values.next()?;
    values.next().is_none().then(|| decoded(value)).flatten()
}

/// The query in the order and spelling in which it is signed.
fn query(text: &str) -> String {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(key, value)| (encoded(key, false), encoded(value, false)))
        .collect();
    pairs.sort();
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("&")
}

/// The text with everything percent-encoded but letters, digits and `-._~`, whatever of it was before.
pub(super) fn encoded(text: &str, keeps_slashes: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut bytes = text.as_bytes().iter().copied();
    while let Some(byte) = bytes.next() {
        let rest = bytes.clone();
        let digits: String = rest.take(2).map(char::from).filter(char::is_ascii_hexdigit).collect();
        let code = (byte == b'%' && digits.len() == 2).then(|| u8::from_str_radix(&digits, 16).ok()).flatten();
        let plain = match code {
            Some(decoded) => {
                bytes.nth(1);
                decoded
            }
            None => byte,
        };
        // A slash that was encoded is no slash of the path.
        let is_slash = keeps_slashes && plain == b'/' && byte == b'/';
        match plain {
            _ if is_slash => out.push('/'),
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(plain)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text without percent-encoding; none where that is no UTF-8.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((byte, rest)) = bytes.split_first() {
        let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let code = digits.filter(|_| *byte == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match code.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(code) => {
                out.push(code);
                bytes = rest.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*byte);
                bytes = rest;
            }
        }
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_spelt_as_they_are_signed() {
        assert_eq!(encoded("/a b/%20+%2f~é", true), "/a%20b/%20%2B%2F~%C3%A9");
        assert_eq!(encoded("%", true), "%25");
        assert_eq!(query("b=2&a&c=%2F&B=x y"), "B=x%20y&a=&b=2&c=%2F");
    }

    #[test]
    fn a_parameter_is_read_where_there_is_one() {
        let query = "a=1%2F2&b&X%2DY=%zz&c=1&c=2&d=%FF";
        let given = |name: &str| parameter(query, name);
        assert_eq!((given("a").as_deref(), given("b").as_deref()), (Some("1/2"), Some("")));
        assert_eq!(given("X-Y").as_deref(), Some("%zz"));
        assert_eq!((given("c"), given("d"), given("e")), (None, None, None));
    }
}
