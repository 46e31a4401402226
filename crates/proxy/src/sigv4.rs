//! Signatures of S3 (AWS's Signature Version 4, in a header or in the query of a link): checked with one pair of keys, and
//! made again with another.
//!
//! What is signed stays as it is, the digest of the body among it: no body is read. Bodies that are signed chunk by chunk
//! (`STREAMING-AWS4-HMAC-SHA256-PAYLOAD`) would have to be; they are refused.

mod canonical;
mod made;

use std::fmt;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HeaderValue};
use hyper::http::uri::PathAndQuery;
use sha2::{Digest, Sha256};

pub use self::made::signed_headers;

use self::canonical::{ALGORITHM, PAYLOAD, UNSIGNED, decoded, encoded, pairs, parameter, signature, to_sign};
use crate::keeper::Held;

const CREDENTIAL: &str = "X-Amz-Credential";
const SIGNATURE: &str = "X-Amz-Signature";

/// What a call says of its signature.
pub(crate) struct Signed {
    key_id: String,
    /// `20261123/auto/s3/aws4_request`.
    scope: String,
    /// In order, in lower case.
    headers: Vec<String>,
    signature: String,
    /// Of a link, when it was signed: its query says so, and no header.
    link: Option<String>,
}

/// The same, signed with other keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// The header `Authorization`.
    Header(HeaderValue),
    /// The link.
    Link(PathAndQuery),
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
    /// Reads it. A header goes before the query; R2 takes no call that has both.
    pub(crate) fn of(headers: &HeaderMap, query: Option<&str>) -> Option<Self> {
        match headers.get(AUTHORIZATION) {
            Some(header) => Self::in_header(header.to_str().ok()?),
            None => Self::in_query(query?),
        }
    }

    fn in_header(header: &str) -> Option<Self> {
        let text = header.strip_prefix(ALGORITHM)?;
        let part = |name: &str| {
            let parts = text.split(',').filter_map(|part| part.trim().split_once('='));
            parts.filter(|(key, _)| *key == name).map(|(_, value)| value).next()
        };
        Self::read(part("Credential")?, part("SignedHeaders")?, part("Signature")?, None)
    }

    fn in_query(query: &str) -> Option<Self> {
        let given = |name: &str| parameter(query, name);
        let time = given("X-Amz-Date")?;
        given("X-Amz-Algorithm").filter(|algorithm| algorithm == ALGORITHM)?;
        Self::read(&given(CREDENTIAL)?, &given("X-Amz-SignedHeaders")?, &given(SIGNATURE)?, Some(time))
    }

    fn read(credential: &str, headers: &str, signature: &str, link: Option<String>) -> Option<Self> {
        let (key_id, scope) = credential.split_once('/')?;
        let headers = headers.split(';').map(str::to_ascii_lowercase).collect();
        let (key_id, scope, signature) = (key_id.to_owned(), scope.to_owned(), signature.to_owned());
        Some(Self { key_id, scope, headers, signature, link })
    }

    /// The id of the key.
    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The same signed by `with`, where it is the signature of `by`.
    pub(crate) fn again(
        &self,
        method: &str,
        path: &PathAndQuery,
        headers: &HeaderMap,
        by: &Held,
        with: &Held,
    ) -> Result<Again, Fault> {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let payload = text(PAYLOAD);
        if payload.is_some_and(|payload| payload.starts_with("STREAMING-AWS4")) {
            return Err(Fault::SignedChunks);
        }
        // A signature that is not of the host could be replayed elsewhere.
        if !self.headers.iter().any(|name| name == "host") {
            return Err(Fault::Incomplete);
        }
        let query = path.query().unwrap_or_default();
        let signed = |keys: &Held, query: &str, time: &str, payload: &str| {
            let what = to_sign((method, path.path(), query), (&self.headers, headers), payload, (time, &self.scope))?;
            signature(&keys.key_secret, &self.scope, &what)
        };
        let Some(time) = &self.link else {
            let (payload, time) = (payload.ok_or(Fault::Incomplete)?, text("x-amz-date").ok_or(Fault::Incomplete)?);
            self.agrees(&signed(by, query, time, payload).ok_or(Fault::Incomplete)?)?;
            let signature = signed(with, query, time, payload).ok_or(Fault::Incomplete)?;
            let (id, scope, names) = (&with.key_id, &self.scope, self.headers.join(";"));
            let text = format!("{ALGORITHM} Credential={id}/{scope}, SignedHeaders={names}, Signature={signature}");
            return HeaderValue::from_str(&text).map(Again::Header).map_err(|_| Fault::Incomplete);
        };
        let unsigned: Vec<&str> =
            pairs(query).filter(|(name, _, _)| name != SIGNATURE).map(|(_, _, pair)| pair).collect();
        // Most links leave the body open; some clients sign it all the same.
        let payloads = [Some(UNSIGNED), payload.filter(|_| self.headers.iter().any(|name| name == PAYLOAD))];
        let fits = |payload: &&str| {
            let made = signed(by, &unsigned.join("&"), time, payload);
            made.is_some_and(|made| self.agrees(&made).is_ok())
        };
        let payload = payloads.into_iter().flatten().find(fits).ok_or(Fault::Wrong)?;
        let credential = format!("{CREDENTIAL}={}", encoded(&format!("{}/{}", with.key_id, self.scope), false));
        let is_credential =
            |pair: &str| decoded(pair.split('=').next().unwrap_or_default()).as_deref() == Some(CREDENTIAL);
        let query: Vec<&str> =
            unsigned.into_iter().map(|pair| if is_credential(pair) { credential.as_str() } else { pair }).collect();
        let query = query.join("&");
        let signature = signed(with, &query, time, payload).ok_or(Fault::Incomplete)?;
        let link = format!("{}?{query}&{SIGNATURE}={signature}", path.path());
        link.parse().map(Again::Link).map_err(|_| Fault::Incomplete)
    }

    /// Whether this is the signature; digests are compared, whose likeness tells nothing.
    fn agrees(&self, made: &str) -> Result<(), Fault> {
        if Sha256::digest(made) == Sha256::digest(&self.signature) { Ok(()) } else { Err(Fault::Wrong) }
    }
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
        let signed = Signed::of(&given, None).unwrap();
        assert_eq!(signed.key_id(), example().key_id);
        let Ok(Again::Header(again)) = signed.again("GET", &path, &given, &example(), &real) else {
            panic!("no header")
        };
        assert!(again.to_str().unwrap().contains("Credential=0123456789abcdef/20130524/us-east-1/s3/aws4_request"));
        // It is the signature of the other pair, and of none else.
        given.insert(AUTHORIZATION, again);
        let signed = Signed::of(&given, None).unwrap();
        assert!(signed.again("GET", &path, &given, &real, &example()).is_ok());
        assert_eq!(signed.again("GET", &path, &given, &example(), &real), Err(Fault::Wrong));
    }

    #[test]
    fn what_was_not_signed_is_not_signed_again() {
        let (given, path) = documented();
        let signed = Signed::of(&given, None).unwrap();
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
            let again = Signed::of(&odd, None)
                .map(|signed| signed.again("GET", &path, &odd, &example(), &example()).unwrap_err());
            assert!(again.is_none_or(|fault| fault == Fault::Incomplete), "{text}");
        }
    }

    /// "Authenticating Requests: Using Query Parameters" of the S3 API reference.
    fn documented_link() -> (HeaderMap, PathAndQuery) {
        let link = format!(
            "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
             &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
             &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
            example().key_id
        );
        (headers(&[("host", "examplebucket.s3.amazonaws.com")]), link.parse().unwrap())
    }

    #[test]
    fn a_link_is_known_and_made_again_and_no_other() {
        let (given, link) = documented_link();
        let real = held("0123456789abcdef", "another");
        let signed = Signed::of(&given, link.query()).unwrap();
        assert_eq!(signed.key_id(), example().key_id);
        let Ok(Again::Link(again)) = signed.again("GET", &link, &given, &example(), &real) else { panic!("no link") };
        let text = again.as_str();
        assert!(
            text.starts_with("/test.txt?") && text.contains("X-Amz-Credential=0123456789abcdef%2F20130524%2F"),
            "{text}"
        );
        assert!(!text.contains(&example().key_id) && text.matches("X-Amz-Signature=").count() == 1, "{text}");
        let signed_again = Signed::of(&given, again.query()).unwrap();
        assert!(signed_again.again("GET", &again, &given, &real, &example()).is_ok());
        assert_eq!(signed_again.again("GET", &again, &given, &example(), &real), Err(Fault::Wrong));

        assert_eq!(signed.again("PUT", &link, &given, &example(), &real), Err(Fault::Wrong));
        for (old, new) in [("/test.txt", "/other.txt"), ("86400", "96400"), ("&X-Amz-Date", "&versionId=1&X-Amz-Date")]
        {
            let other: PathAndQuery = link.as_str().replace(old, new).parse().unwrap();
            let signed = Signed::of(&given, other.query()).unwrap();
            assert_eq!(signed.again("GET", &other, &given, &example(), &real), Err(Fault::Wrong), "{new}");
        }
        let elsewhere = headers(&[("host", "other.example")]);
        assert_eq!(signed.again("GET", &link, &elsewhere, &example(), &real), Err(Fault::Wrong));
        // Which of two would count nobody knows.
        for name in [CREDENTIAL, SIGNATURE, "X-Amz-Date"] {
            let twice = format!("{}&{name}=x", link.query().unwrap());
            assert!(Signed::of(&given, Some(&twice)).is_none(), "{name}");
        }
    }
}
