//! R2 buckets. Their objects go through S3, not through here.

use flarekeep_catalogue::AccountId;
use reqwest::Method;
use reqwest::header::HeaderName;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::pages::{endless, most_pages};
use crate::request::Request;
use crate::wire;

/// Where by law a bucket lies. A bucket is visible only to calls that name its jurisdiction, and never changes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Jurisdiction {
    /// None in particular.
    #[default]
    Default,
    /// The European Union.
    Eu,
    /// The United States.
    Us,
    /// FedRAMP.
    Fedramp,
    /// FedRAMP High.
    FedrampHigh,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Bucket {
    /// Its name, unique in account and jurisdiction.
    pub name: String,
    /// When it was made, as Cloudflare writes it.
    #[serde(default)]
    pub creation_date: Option<String>,
    /// Where it lies.
    #[serde(default)]
    pub location: Option<String>,
    /// Its jurisdiction.
    #[serde(default)]
    pub jurisdiction: Option<String>,
    /// `Standard` or `InfrequentAccess`.
    #[serde(default)]
    pub storage_class: Option<String>,
}

/// A bucket to be made.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NewBucket {
    /// Its name: 3 to 63 lower-case letters, digits and hyphens.
    pub name: String,
    /// Where it should lie: `weur`, `eeur`, `enam`, `wnam`, `apac`, `oc`. A wish, heard only the first time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location_hint: Option<String>,
    /// `Standard` or `InfrequentAccess`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_class: Option<String>,
}

/// The buckets of one account in one jurisdiction. Made by [`Client::buckets`].
#[derive(Debug, Clone)]
pub struct Buckets {
    client: Client,
    account: AccountId,
    jurisdiction: Jurisdiction,
}

impl Client {
    /// The buckets of an account in a jurisdiction.
    #[must_use]
    pub fn buckets(&self, account: AccountId, jurisdiction: Jurisdiction) -> Buckets {
        Buckets { client: self.clone(), account, jurisdiction }
    }
}

impl Buckets {
    /// All of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self) -> Result<Vec<Bucket>, Error> {
        let mut all = Vec::new();
        let mut cursor: Option<String> = None;
        for _ in 0..most_pages() {
            let request = self.request(Method::GET, "").query("per_page", 1_000).query_opt("cursor", cursor.as_deref());
            let (page, info) = request.send_page::<Page>().await?;
            all.extend(page.buckets);
            if info.cursor.is_none() || info.cursor == cursor {
                return Ok(all);
            }
            cursor = info.cursor;
        }
        Err(endless(self.request(Method::GET, "").call()))
    }

    /// One of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 10006 when there is none of this name.
    pub async fn get(&self, name: &str) -> Result<Bucket, Error> {
        self.request(Method::GET, &format!("/{}", wire::segment(name)?)).send().await
    }

    /// Makes one.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 10004 when there is one of this name.
    pub async fn create(&self, new: &NewBucket) -> Result<Bucket, Error> {
        self.request(Method::POST, "").json(new).send().await
    }

    /// Deletes one, which must be empty.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 10008 when it is not empty.
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        self.request(Method::DELETE, &format!("/{}", wire::segment(name)?)).done().await
    }

    fn request(&self, method: Method, rest: &str) -> Request {
        let request = self.client.request(method, &format!("/accounts/{}/r2/buckets{rest}", self.account));
        match self.jurisdiction {
            Jurisdiction::Default => request,
            other => request.header(HeaderName::from_static("cf-r2-jurisdiction"), other.as_str()),
        }
    }
}

impl Jurisdiction {
    /// As Cloudflare writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Eu => "eu",
            Self::Us => "us",
            Self::Fedramp => "fedramp",
            Self::FedrampHigh => "fedramp-high",
        }
    }
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    buckets: Vec<Bucket>,
}
