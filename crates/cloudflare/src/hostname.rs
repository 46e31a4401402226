//! Custom hostnames: customers' domains on a zone of ours (Cloudflare for SaaS).

use flarekeep_catalogue::ZoneId;
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;
use crate::wire;

/// A custom hostname.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct CustomHostname {
    /// Its id.
    pub id: String,
    /// The domain.
    pub hostname: String,
    /// `active`, `pending`, `moved` and so on: whether the domain points here and is proved.
    #[serde(default)]
    pub status: Option<String>,
    /// Its certificate.
    #[serde(default)]
    pub ssl: Option<HostnameSsl>,
    /// The record by which the customer may prove the domain before it points here.
    #[serde(default)]
    pub ownership_verification: Option<OwnershipVerification>,
    /// Why the proof has failed so far.
    #[serde(default)]
    pub verification_errors: Vec<String>,
    /// What the Worker sees as `request.cf.hostMetadata`.
    #[serde(default)]
    pub custom_metadata: Option<Map<String, Value>>,
}

/// The certificate of a custom hostname.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HostnameSsl {
    /// `active`, `pending_validation` and so on.
    #[serde(default)]
    pub status: Option<String>,
    /// How the domain is validated for it: `http`, `txt` or `email`.
    #[serde(default)]
    pub method: Option<String>,
    /// What the customer may publish to validate it.
    #[serde(default)]
    pub validation_records: Vec<ValidationRecord>,
}

/// One way to validate a domain for its certificate.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ValidationRecord {
    /// The name of the TXT record.
    #[serde(default)]
    pub txt_name: Option<String>,
    /// Its value.
    #[serde(default)]
    pub txt_value: Option<String>,
    /// Where the certificate authority looks over http.
    #[serde(default)]
    pub http_url: Option<String>,
    /// What it must find there.
    #[serde(default)]
    pub http_body: Option<String>,
}

/// The TXT record that proves a domain.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OwnershipVerification {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// A custom hostname to be made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NewCustomHostname {
    /// The domain.
    pub hostname: String,
    /// Its certificate.
    pub ssl: NewHostnameSsl,
    /// What the Worker shall see. Not on every plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub custom_metadata: Option<Map<String, Value>>,
}

/// Which certificate a custom hostname shall have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewHostnameSsl {
    /// How the domain is validated: `http`, `txt` or `email`.
    pub method: String,
    /// The kind of validation; Cloudflare knows `dv`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// The custom hostnames of one zone. Made by [`Client::custom_hostnames`].
#[derive(Debug, Clone)]
pub struct CustomHostnames {
    client: Client,
    zone: ZoneId,
}

impl Client {
    /// The custom hostnames of a zone.
    #[must_use]
    pub fn custom_hostnames(&self, zone: ZoneId) -> CustomHostnames {
        CustomHostnames { client: self.clone(), zone }
    }
}

impl CustomHostnames {
    /// All of them, or the one of a domain.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self, hostname: Option<&str>) -> Result<Vec<CustomHostname>, Error> {
        let request = self.request(Method::GET, "").query_opt("hostname", hostname);
        let mut found: Vec<CustomHostname> = request.all_pages(50).await?;
        // The filter also finds longer names in which this one occurs.
        found.retain(|found| hostname.is_none_or(|wanted| found.hostname.eq_ignore_ascii_case(wanted)));
        Ok(found)
    }

    /// One of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 1436 when there is none with this id.
    pub async fn get(&self, id: &str) -> Result<CustomHostname, Error> {
        self.request(Method::GET, &format!("/{}", wire::segment(id)?)).send().await
    }

    /// Makes one.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 1406 when there is one of this domain.
    pub async fn create(&self, new: &NewCustomHostname) -> Result<CustomHostname, Error> {
        self.request(Method::POST, "").json(new).send().await
    }

    /// Has one validated again, by the method that it has.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn validate_again(&self, id: &str, ssl: &NewHostnameSsl) -> Result<CustomHostname, Error> {
        let request = self.request(Method::PATCH, &format!("/{}", wire::segment(id)?));
        // Asked twice it is validated once more.
        request.json(&serde_json::json!({ "ssl": ssl })).retry_safe(true).send().await
    }

    /// Deletes one.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.request(Method::DELETE, &format!("/{}", wire::segment(id)?)).done().await
    }

    fn request(&self, method: Method, rest: &str) -> Request {
        self.client.request(method, &format!("/zones/{}/custom_hostnames{rest}", self.zone))
    }
}

impl CustomHostname {
    /// Whether the domain is served: proved, and with its certificate in place.
    #[must_use]
    pub fn is_live(&self) -> bool {
        let active = |status: Option<&String>| status.is_some_and(|status| status == "active");
        active(self.status.as_ref()) && active(self.ssl.as_ref().and_then(|ssl| ssl.status.as_ref()))
    }
}

impl Default for NewHostnameSsl {
    /// Validated over http, which needs nothing but the domain's CNAME.
    fn default() -> Self {
        Self { method: "http".to_owned(), kind: "dv".to_owned() }
    }
}
