//! Signatures of S3 (AWS's Signature Version 4, in a header): checked with one pair of keys, and made again with another.
//!
//! What is signed stays as it is, the digest of the body among it: no body is read. Bodies that are signed chunk by chunk
//! (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`) would have to be; they are refused.

use std::fmt;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::uri::PathAndQuery;
use ring::hmac;
use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::keeper::Held;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const PAYLOAD: &str = "x-amz-content-sha256";

/// What a header `Authorization` says of a signature.
pub(crate) struct Signed {
    key_id: String,
    /// `20261123/auto/s3/aws4_request`.
    scope: String,
    /// In order, in lower case.
    headers: Vec<String>,
    signature: String,
}

/// A signature that is not made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is not the one that the keys make.
    Wrong,
    /// It lacks what a signature has.
    Incomplete,
    /// The body's chunks are signed, too.
    SignedChunks,
}

impl Signed {
    /// Reads it.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(AUTHORIZATION)?.to_str().ok()?.strip_prefix(ALGORITHM)?;
        let part = |name: &str| {
            let parts = text.split(',').filter_map(|part| part.trim().split_once('='));
            parts.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
        };
        let (key_id, scope) = part("Credential")?.split_once('/')?;
        let signed = part("SignedHeaders")?.split(';').map(str::to_ascii_lowercase).collect();
        let (key_id, scope, signature) = (key_id.to_owned(), scope.to_owned(), part("Signature")?.to_owned());
        Some(Self { key_id, scope, headers: signed, signature })
    }

    /// The id of the key.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The header with the same signed by `with`, where it is the signature of `by`.
    pub(crate) fn again(
        &self,
        method: &str,
        path: &PathAndQuery,
        headers: &HeaderMap,
        by: &Held,
        with: &Held,
    ) -> Result<HeaderValue, Fault> {
        let payload = headers.get(PAYLOAD).and_then(|value| value.to_str().ok()).ok_or(Fault::Incomplete)?;
        if payload.starts_with("STREAMING-AWS4") {
            return Err(Fault::SignedChunks);
        }
        // A signature that is not of the host could be replayed elsewhere.
        if !self.headers.iter().any(|name| name == "host") {
            return Err(Fault::Incomplete);
        }
        let to_sign = self.to_sign(method, path, headers, payload)?;
        let made = self.signature_by(by, &to_sign).ok_or(Fault::Incomplete)?;
        if Sha256::digest(&made) != Sha256::digest(&self.signature) {
            return Err(Fault::Wrong);
        }
        let signature = self.signature_by(with, &to_sign).ok_or(Fault::Incomplete)?;
        let (id, scope, signed) = (&with.key_id, &self.scope, self.headers.join(";"));
        let text = format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={signed}, Signature={signature}");
        HeaderValue::from_str(&text).map_err(|_| Fault::Incomplete)
    }

    fn to_sign(&self, method: &str, path: &PathAndQuery, headers: &HeaderMap, payload: &str) -> Result<String, Fault> {
        let mut canonical =
            format!("{method}\n{}\n{}\n", encoded(path.path(), true), query(path.query().unwrap_or_default()));
        for name in &self.headers {
            let values: Vec<String> = headers
                .get_all(name.as_str())
                .iter()
                .map(|value| value.to_str().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")))
                .collect::<Result<_, _>>()
                .map_err(|_| Fault::Incomplete)?;
            canonical.push_str(&format!("{name}:{}\n", values.join(",")));
        }
        canonical.push_str(&format!("\n{}\n{payload}", self.headers.join(";")));
        let time = headers.get("x-amz-date").and_then(|value| value.to_str().ok()).ok_or(Fault::Incomplete)?;
        Ok(format!("{ALGORITHM}\n{time}\n{}\n{}", self.scope, hex(&Sha256::digest(canonical))))
    }

    fn signature_by(&self, keys: &Held, to_sign: &str) -> Option<String> {
        let mut key = format!("AWS4{}", keys.key_secret.expose_secret()).into_bytes();
        let mut parts = self.scope.split('/');
        for _ in 0..4 {
            key = mac(&key, parts.next()?);
        }
        parts.next().is_none().then(|| hex(&mac(&key, to_sign)))
    }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
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
fn encoded(text: &str, keeps_slashes: bool) -> String {
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

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Wrong => "its signature is not that of the keys it was given",
            Self::Incomplete => "its signature lacks what one has to have",
            Self::SignedChunks => {
                "its body is signed chunk by chunk, which cannot be signed again: have the client sign the whole \
                                   body, or none of it"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn held(id: &str, secret: &str) -> Held {
        Held { token: SecretString::from("t"), key_id: id.to_owned(), key_secret: SecretString::from(secret) }
    }

    /// The keys of AWS's own examples, which are public and open nothing.
    fn example() -> Held {
        held(concat!("AKIA", "IOSFODNN7EXAMPLE"), concat!("wJalrXUtnFEMI/K7MDENG/bPxRfiCY", "EXAMPLEKEY"))
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    /// "GET Object" of the S3 API reference, Authenticating Requests: Using the Authorization Header.
    fn documented() -> (HeaderMap, PathAndQuery) {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let id = example().key_id;
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential={id}/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
        let given = headers(&[
            ("authorization", &authorization),
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            (PAYLOAD, empty),
            ("x-amz-date", "20130524T000000Z"),
        ]);
        (given, "/test.txt".parse().unwrap())
    }

    #[test]
    fn a_documented_signature_is_known_and_made_again() {
        let (mut given, path) = documented();
        let real = held("0123456789abcdef", "another");
        let signed = Signed::of(&given).unwrap();
        assert_eq!(signed.key_id(), example().key_id);
        let again = signed.again("GET", &path, &given, &example(), &real).unwrap();
        assert!(again.to_str().unwrap().contains("Credential=0123456789abcdef/20130524/us-east-1/s3/aws4_request"));
        // It is the signature of the other pair, and of none else.
        given.insert(AUTHORIZATION, again);
        let signed = Signed::of(&given).unwrap();
        assert!(signed.again("GET", &path, &given, &real, &example()).is_ok());
        assert_eq!(signed.again("GET", &path, &given, &example(), &real), Err(Fault::Wrong));
    }

    #[test]
    fn what_was_not_signed_is_not_signed_again() {
        let (given, path) = documented();
        let signed = Signed::of(&given).unwrap();
        let again = |method: &str, path: &PathAndQuery, headers: &HeaderMap| {
            signed.again(method, path, headers, &example(), &held("x", "y")).unwrap_err()
        };
        assert_eq!(again("PUT", &path, &given), Fault::Wrong);
        assert_eq!(again("GET", &"/other.txt".parse().unwrap(), &given), Fault::Wrong);
        assert_eq!(again("GET", &"/test.txt?acl".parse().unwrap(), &given), Fault::Wrong);
        for (name, value, fault) in [
            ("range", "bytes=0-99", Fault::Wrong),
            ("host", "other.example", Fault::Wrong),
            (PAYLOAD, "UNSIGNED-PAYLOAD", Fault::Wrong),
            (PAYLOAD, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", Fault::SignedChunks),
            ("x-amz-date", "20130525T000000Z", Fault::Wrong),
        ] {
            let mut other = given.clone();
            other.insert(hyper::header::HeaderName::from_bytes(name.as_bytes()).unwrap(), value.parse().unwrap());
            assert_eq!(again("GET", &path, &other), fault, "{name}");
        }
        let mut bare = given.clone();
        bare.remove("x-amz-date");
        assert_eq!(again("GET", &path, &bare), Fault::Incomplete);
        for text in [
            "AWS4-HMAC-SHA256",
            "AWS4-HMAC-SHA256 Credential=x",
            "Bearer x",
            "AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=,Signature=",
        ] {
            let odd = headers(&[("authorization", text), ("host", "h"), (PAYLOAD, "x"), ("x-amz-date", "y")]);
            let again =
                Signed::of(&odd).map(|signed| signed.again("GET", &path, &odd, &example(), &example()).unwrap_err());
            assert!(again.is_none_or(|fault| fault == Fault::Incomplete), "{text}");
        }
    }

    #[test]
    fn paths_and_queries_are_spelt_as_they_are_signed() {
        assert_eq!(encoded("/a b/%20+%2f~é", true), "/a%20b/%20%2B%2F~%C3%A9");
        assert_eq!(encoded("%", true), "%25");
        assert_eq!(query("b=2&a&c=%2F&B=x y"), "B=x%20y&a=&b=2&c=%2F");
    }
}
