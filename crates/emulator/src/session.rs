//! R2's temporary credentials: what a session token says, and how it is signed (Cloudflare's pages
//! r2/api/s3/temporary-credentials and r2/examples/authenticate-r2-temp-credentials).
//!
//! A session token is base64 of `jwt/` and a JWT that is signed with the parent's secret access key (HS256); the
//! temporary secret is the SHA-256 of the JWT in hexadecimal, and the access key stays the parent's. So nothing is kept
//! of it here, and it ends with its parent's secret: rolled or revoked.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::credential::{hash, hex};

/// What a temporary credential is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The one bucket.
    pub(crate) bucket: String,
    /// A preset of operations; without it, [`Self::actions`] says which.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<Level>,
    /// Names of S3 operations, narrower than the preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) actions: Option<Vec<String>>,
    /// The keys; all of the bucket without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paths: Option<Paths>,
    /// The account's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    /// The parent's access key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    /// The endpoint's host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aud: Option<String>,
    /// Signed at, in seconds since 1970-01-01T00:00:00Z.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iat: Option<i64>,
    /// Valid until, in seconds since 1970-01-01T00:00:00Z.
    pub(crate) exp: i64,
}

/// A preset of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Level {
    AdminReadWrite,
    AdminReadOnly,
    ObjectReadWrite,
    ObjectReadOnly,
}

/// The keys that a credential reaches.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Paths {
    /// Beginnings of keys.
    pub(crate) prefix_paths: Vec<String>,
    /// Whole keys.
    pub(crate) object_paths: Vec<String>,
}

/// A session token that its parent signed.
#[derive(Debug, Clone)]
pub(crate) struct Session {
    pub(crate) claims: Claims,
    /// The temporary secret access key.
    pub(crate) secret: String,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

impl Claims {
    /// Signs with the parent's secret: the temporary secret, and the session token.
    pub(crate) fn sign(&self, parent_secret: &str) -> (String, String) {
        // Text and numbers always serialize.
        let claims = serde_json::to_vec(self).unwrap_or_default();
        let text =
            format!("{}.{}", URL_SAFE_NO_PAD.encode(br#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims));
        let signature = mac(parent_secret, &text).map(|mac| mac.finalize().into_bytes().to_vec()).unwrap_or_default();
        let jwt = format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature));
        (hex(&hash(jwt.as_bytes())), STANDARD.encode(format!("jwt/{jwt}")))
    }
}

impl Session {
    /// Reads a session token that was signed with this secret; none where it was not, or is no session token.
    pub(crate) fn read(token: &str, parent_secret: &str) -> Option<Self> {
        let whole = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
        let jwt = whole.strip_prefix("jwt/")?;
        let (text, signature) = jwt.rsplit_once('.')?;
        let (header, claims) = text.split_once('.')?;
        let header: Header = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
        if header.alg != "HS256" {
            return None;
        }
        mac(parent_secret, text)?.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()?;
        Some(Self { claims, secret: hex(&hash(jwt.as_bytes())) })
    }
}

impl Claims {
    /// Whether the credential reaches this key.
    pub(crate) fn reaches_key(&self, key: &str) -> bool {
        self.paths.as_ref().is_none_or(|paths| paths.begin(key) || paths.object_paths.iter().any(|path| path == key))
    }

    /// Whether the credential reaches every key with this beginning.
    pub(crate) fn reaches_prefix(&self, prefix: &str) -> bool {
        self.paths.as_ref().is_none_or(|paths| paths.begin(prefix))
    }
}

impl Paths {
    fn begin(&self, key: &str) -> bool {
        self.prefix_paths.iter().any(|prefix| key.starts_with(prefix.as_str()))
    }
}

/// A key of any length will do, so there always is one.
fn mac(key: &str, text: &str) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
    mac.update(text.as_bytes());
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims {
            bucket: "media".to_owned(),
            scope: Some(Level::ObjectReadOnly),
            exp: 1_800_000_000,
            ..Claims::default()
        }
    }

    #[test]
    fn what_is_signed_is_read_with_the_same_secret_alone() {
        let (secret, token) = claims().sign("the parent's");
        let session = Session::read(&token, "the parent's").unwrap();
        assert_eq!((session.claims, session.secret), (claims(), secret));
        assert!(Session::read(&token, "another's").is_none());
    }

    #[test]
    fn what_is_unsigned_or_changed_is_not_read() {
        let (_, token) = claims().sign("s");
        let whole = String::from_utf8(STANDARD.decode(&token).unwrap()).unwrap();
        let [_, _, signature] = whole.split('.').collect::<Vec<_>>()[..] else { panic!() };
        let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
        let wider = part(r#"{"bucket":"media","scope":"admin-read-write","exp":1800000000}"#);
        for forged in [
            format!("jwt/{}.{wider}.{signature}", part(r#"{"alg":"HS256","typ":"JWT"}"#)),
            format!("jwt/{}.{wider}.", part(r#"{"alg":"none"}"#)),
            whole.trim_start_matches("jwt/").to_owned(),
            "jwt/a.b".to_owned(),
        ] {
            assert!(Session::read(&STANDARD.encode(&forged), "s").is_none(), "{forged}");
        }
        assert!(Session::read("", "s").is_none());
    }

    #[test]
    fn keys_are_reached_by_prefix_or_as_a_whole() {
        let list = |of: &[&str]| of.iter().map(|path| (*path).to_owned()).collect();
        let paths = Paths { prefix_paths: list(&["a/"]), object_paths: list(&["b"]) };
        let claims = Claims { paths: Some(paths), ..claims() };
        for (key, reached) in [("a/x", true), ("a/", true), ("a", false), ("b", true), ("bb", false), ("", false)] {
            assert_eq!(claims.reaches_key(key), reached, "{key}");
        }
        assert!(claims.reaches_prefix("a/b") && !claims.reaches_prefix("b") && !claims.reaches_prefix(""));
        let none = Claims { paths: Some(Paths::default()), ..claims };
        assert!(!none.reaches_key("a") && !none.reaches_prefix(""));
    }
}
