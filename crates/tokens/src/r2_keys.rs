//! Credentials of R2's S3 face: the pair that every token has, and temporary ones that are derived from a pair.
//!
//! Nothing here is looked up and nothing is kept. A pair is a token's id and the SHA-256 of its value (docs:
//! r2/api/tokens); temporary credentials are a signed statement of what they may do (docs:
//! r2/api/s3/temporary-credentials and r2/examples/authenticate-r2-temp-credentials), never more than the pair that
//! signed them, and dead when that pair's token is rolled or revoked.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flarekeep_catalogue::{AccountId, R2_HOST, TokenId};
use flarekeep_cloudflare::{Client, NewTemporaryCredentials, R2Permission};
use jiff::Timestamp;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The S3 credentials of a token.
#[derive(Debug, Clone)]
pub struct KeyPair {
    /// The access key: the token's id.
    pub access_key_id: TokenId,
    /// The secret: the SHA-256 of the token's value, in lower-case hexadecimal.
    pub secret_access_key: SecretString,
}

/// What temporary credentials reach. Without prefixes and objects that is every key of the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reach {
    /// The one bucket.
    pub bucket: String,
    /// What may be done there.
    pub permission: R2Permission,
    /// Beginnings of keys, as text: `tenants/a` is one of `tenants/ab`, too.
    pub prefixes: Vec<String>,
    /// Whole keys.
    pub objects: Vec<String>,
}

/// Temporary credentials.
#[derive(Debug, Clone)]
pub struct TemporaryKeys {
    /// The access key.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: SecretString,
    /// What an S3 client sends beside: `AWS_SESSION_TOKEN`.
    pub session_token: SecretString,
    /// When they end.
    pub expires_on: Timestamp,
}

impl KeyPair {
    /// The pair of the token with this id and value.
    #[must_use]
    pub fn derived(id: TokenId, value: &SecretString) -> Self {
        Self { access_key_id: id, secret_access_key: hex(&Sha256::digest(value.expose_secret())).into() }
    }
}

/// The address of R2's S3 face for an account's buckets of a jurisdiction, `default` or another as `eu` (docs:
/// r2/api/tokens and r2/reference/data-location name `eu` and `fedramp`). A bucket answers at its own alone.
#[must_use]
pub fn endpoint_of(account: AccountId, jurisdiction: &str) -> String {
    match jurisdiction {
        "default" => format!("https://{account}.{R2_HOST}"),
        other => format!("https://{account}.{other}.{R2_HOST}"),
    }
}

/// Signs temporary credentials with a pair, without asking anybody: that the pair is good, and may do as much, shows in
/// use alone. They are for the endpoint with this host (and its port, where it is no usual one), from `now` for so many
/// seconds.
#[must_use]
pub fn sign_temporary(
    parent: &KeyPair,
    account: AccountId,
    host: &str,
    reach: &Reach,
    now: Timestamp,
    seconds: u32,
) -> TemporaryKeys {
    let (access_key_id, begin) = (parent.access_key_id.to_string(), now.as_second());
    let end = begin.saturating_add(i64::from(seconds));
    let whole = reach.prefixes.is_empty() && reach.objects.is_empty();
    let claims = Claims {
        bucket: &reach.bucket,
        scope: reach.permission,
        paths: (!whole).then_some(Paths { prefix_paths: &reach.prefixes, object_paths: &reach.objects }),
        sub: account.to_string(),
        iss: &access_key_id,
        aud: host,
        iat: begin,
        exp: end,
    };
    let jwt = signed(&claims, parent.secret_access_key.expose_secret());
    TemporaryKeys {
        secret_access_key: hex(&Sha256::digest(&jwt)).into(),
        session_token: STANDARD.encode(format!("jwt/{jwt}")).into(),
        access_key_id,
        // One week beyond a time that could be read.
        expires_on: Timestamp::from_second(end).unwrap_or(Timestamp::MAX),
    }
}

/// Has the API sign temporary credentials that are derived from the token with this id, for so many seconds.
pub async fn request_temporary(
    client: &Client,
    account: AccountId,
    parent: TokenId,
    reach: &Reach,
    seconds: u32,
) -> Result<TemporaryKeys, Error> {
    let new = NewTemporaryCredentials {
        bucket: reach.bucket.clone(),
        parent_access_key_id: parent.to_string(),
        permission: reach.permission,
        ttl_seconds: seconds,
        objects: reach.objects.clone(),
        prefixes: reach.prefixes.clone(),
    };
    // Before the call: they may end a moment later than this says, and never before.
    let end = Timestamp::now().as_second().saturating_add(i64::from(seconds));
    let made = client.temporary_r2_credentials(account, &new).await?;
    Ok(TemporaryKeys {
        access_key_id: made.access_key_id,
        secret_access_key: made.secret_access_key,
        session_token: made.session_token,
        expires_on: Timestamp::from_second(end).unwrap_or(Timestamp::MAX),
    })
}

/// In the order of Cloudflare's example. Nobody reads the order.
#[derive(Serialize)]
struct Claims<'a> {
    bucket: &'a str,
    scope: R2Permission,
    #[serde(skip_serializing_if = "Option::is_none")]
    paths: Option<Paths<'a>>,
    sub: String,
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Paths<'a> {
    prefix_paths: &'a [String],
    object_paths: &'a [String],
}

/// A JWT with HS256 (RFC 7515, RFC 7519).
fn signed(claims: &Claims, key: &str) -> String {
    // Text and numbers always serialize.
    let claims = serde_json::to_vec(claims).unwrap_or_default();
    let text =
        format!("{}.{}", URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#), URL_SAFE_NO_PAD.encode(claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes()), text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "0123456789abcdef0123456789abcdef";

    fn pair() -> KeyPair {
        let id = "ed17574386854bf78a67040be0a770b0".parse().unwrap();
        KeyPair::derived(id, &SecretString::from("the-value-of-a-token"))
    }

    fn signed_at(reach: &Reach) -> TemporaryKeys {
        let host = format!("{ACCOUNT}.r2.cloudflarestorage.com");
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        sign_temporary(&pair(), ACCOUNT.parse().unwrap(), &host, reach, now, 3600)
    }

    /// The expected values are from Python's hashlib, hmac and base64.
    #[test]
    fn what_is_signed_is_what_another_program_signs() {
        let secret = "6af2dbd7a180c2d9c1a392a3e79d8355a5b7fef752e008a8135a9cd9c5bc0d13";
        assert_eq!(pair().secret_access_key.expose_secret(), secret);
        let made = signed_at(&Reach {
            bucket: "media".to_owned(),
            permission: R2Permission::ObjectReadOnly,
            prefixes: vec!["tenants/a/".to_owned()],
            objects: vec!["shared/manifest.json".to_owned()],
        });
        assert_eq!(made.access_key_id, "ed17574386854bf78a67040be0a770b0");
        assert_eq!(
            made.secret_access_key.expose_secret(),
            "2fa408384f5efca16f960340224f20758bebeed58a7f8b11fac4ed596726feec"
        );
        assert_eq!(
            hex(&Sha256::digest(made.session_token.expose_secret())),
            "d0d3da641edd0cb94a5d0393e94a771bfcb89eb9e073aa086431884d8a75db55"
        );
        assert_eq!(made.expires_on.as_second(), 1_800_003_600);
    }

    #[test]
    fn without_paths_the_claim_is_left_out() {
        let reach = Reach {
            bucket: "media".to_owned(),
            permission: R2Permission::AdminReadWrite,
            prefixes: Vec::new(),
            objects: Vec::new(),
        };
        let token = signed_at(&reach).session_token;
        let jwt = String::from_utf8(STANDARD.decode(token.expose_secret()).unwrap()).unwrap();
        let claims = jwt.split('.').nth(1).unwrap();
        let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
        let names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["aud", "bucket", "exp", "iat", "iss", "scope", "sub"]);
        assert_eq!(claims["scope"], "admin-read-write");
    }

    #[test]
    fn no_text_shows_a_secret() {
        let shown = format!("{:?}", pair());
        assert!(!shown.contains("6af2"), "{shown}");
    }

    #[test]
    fn a_jurisdiction_has_an_endpoint_of_its_own() {
        let account = ACCOUNT.parse().unwrap();
        assert_eq!(endpoint_of(account, "default"), format!("https://{ACCOUNT}.r2.cloudflarestorage.com"));
        assert_eq!(endpoint_of(account, "eu"), format!("https://{ACCOUNT}.eu.r2.cloudflarestorage.com"));
    }
}
