//! Temporary credentials for R2's S3 face, as the API signs them.

use flarekeep_catalogue::AccountId;
use reqwest::Method;
use secrecy::SecretString;
use serde::Serialize;
use serde_json::Value;

use crate::client::Client;
use crate::error::Error;

/// The longest that temporary credentials may live, in seconds (the schema's `maximum`).
pub const LONGEST_R2_CREDENTIALS: u32 = 604_800;

/// What temporary credentials may do, before their parent's rights bound it (docs: r2/api/s3/temporary-credentials).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum R2Permission {
    /// Objects, the bucket's settings, and the data catalog.
    AdminReadWrite,
    /// The same, reading only.
    AdminReadOnly,
    /// Read, write and list objects.
    ObjectReadWrite,
    /// Read and list objects.
    ObjectReadOnly,
}

/// Temporary credentials to be made. Without prefixes and objects they reach all keys of the bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewTemporaryCredentials {
    /// The one bucket.
    pub bucket: String,
    /// The access key, and so the id, of the token that they are derived from.
    pub parent_access_key_id: String,
    /// What they may do.
    pub permission: R2Permission,
    /// How long they live, in seconds: at most [`LONGEST_R2_CREDENTIALS`].
    pub ttl_seconds: u32,
    /// Keys that they reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
    /// Beginnings of keys that they reach.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub prefixes: Vec<String>,
}

/// Temporary credentials: an S3 client needs all three.
#[derive(Debug, Clone)]
pub struct TemporaryCredentials {
    /// The access key.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: SecretString,
    /// The session token, sent as `X-Amz-Security-Token`.
    pub session_token: SecretString,
}

impl Client {
    /// Has the API sign temporary credentials. Cloudflare keeps no list of them, so that a lost answer costs nothing and
    /// the call is repeated.
    ///
    /// # Errors
    /// Any [`Error`] of a call; [`Error::Malformed`] where one of the three is missing.
    pub async fn temporary_r2_credentials(
        &self,
        account: AccountId,
        new: &NewTemporaryCredentials,
    ) -> Result<TemporaryCredentials, Error> {
        let path = format!("/accounts/{account}/r2/temp-access-credentials");
        let request = self.request(Method::POST, &path).json(new).retry_safe(true).sensitive();
        let call = request.call();
        let result: Value = request.send().await?;
        let text = |name: &str| result[name].as_str().filter(|text| !text.is_empty());
        let (Some(id), Some(secret), Some(session)) =
            (text("accessKeyId"), text("secretAccessKey"), text("sessionToken"))
        else {
            let detail = "there is no `accessKeyId`, `secretAccessKey` or `sessionToken` in it".to_owned();
            return Err(Error::Malformed { call, detail });
        };
        Ok(TemporaryCredentials {
            access_key_id: id.to_owned(),
            secret_access_key: secret.into(),
            session_token: session.into(),
        })
    }
}

impl R2Permission {
    /// All of them, the widest first.
    pub const ALL: [Self; 4] = [Self::AdminReadWrite, Self::AdminReadOnly, Self::ObjectReadWrite, Self::ObjectReadOnly];

    /// As Cloudflare writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdminReadWrite => "admin-read-write",
            Self::AdminReadOnly => "admin-read-only",
            Self::ObjectReadWrite => "object-read-write",
            Self::ObjectReadOnly => "object-read-only",
        }
    }
}
