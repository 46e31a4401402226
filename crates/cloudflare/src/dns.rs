//! DNS records of a zone, as far as the platform makes them.

use flarekeep_catalogue::ZoneId;
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;
use crate::wire;

/// A DNS record.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DnsRecord {
    /// Its id.
    pub id: String,
    /// Its whole name.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says; some types have their parts elsewhere.
    #[serde(default)]
    pub content: String,
    /// Whether Cloudflare answers in its place.
    #[serde(default)]
    pub proxied: bool,
    /// What people wrote to it.
    #[serde(default)]
    pub comment: Option<String>,
}

/// What a record shall say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewDnsRecord {
    /// Its whole name.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    pub content: String,
    /// Whether Cloudflare answers in its place.
    pub proxied: bool,
    /// In seconds; 1 means that Cloudflare chooses.
    pub ttl: u32,
    /// For people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// The DNS records of one zone. Made by [`Client::dns_records`].
#[derive(Debug, Clone)]
pub struct DnsRecords {
    client: Client,
    zone: ZoneId,
}

impl Client {
    /// The DNS records of a zone.
    #[must_use]
    pub fn dns_records(&self, zone: ZoneId) -> DnsRecords {
        DnsRecords { client: self.clone(), zone }
    }
}

impl DnsRecords {
    /// All of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self) -> Result<Vec<DnsRecord>, Error> {
        self.request(Method::GET, "").all_pages(1_000).await
    }

    /// Those of exactly this name, of every type.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn of_name(&self, name: &str) -> Result<Vec<DnsRecord>, Error> {
        let mut found: Vec<DnsRecord> = self.request(Method::GET, "").query("name.exact", name).all_pages(100).await?;
        found.retain(|record| record.name.eq_ignore_ascii_case(name));
        Ok(found)
    }

    /// Makes one.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 81057 or 81058 when there is the same record.
    pub async fn create(&self, new: &NewDnsRecord) -> Result<DnsRecord, Error> {
        self.request(Method::POST, "").json(new).send().await
    }

    /// Makes an existing one say this.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn update(&self, id: &str, new: &NewDnsRecord) -> Result<DnsRecord, Error> {
        let request = self.request(Method::PATCH, &format!("/{}", wire::segment(id)?));
        // The same change twice is the same record.
        request.json(new).retry_safe(true).send().await
    }

    /// Deletes one.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.request(Method::DELETE, &format!("/{}", wire::segment(id)?)).done().await
    }

    fn request(&self, method: Method, rest: &str) -> Request {
        self.client.request(method, &format!("/zones/{}/dns_records{rest}", self.zone))
    }
}
