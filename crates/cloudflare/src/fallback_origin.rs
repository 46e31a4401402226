//! Where requests of custom hostnames go that name no origin of their own.

use flarekeep_catalogue::ZoneId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;

/// The fallback origin of a zone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FallbackOrigin {
    /// A name in the zone.
    #[serde(default)]
    pub origin: Option<String>,
    /// `active` when it is in use; before that `initializing`, `pending_deployment` and so on.
    #[serde(default)]
    pub status: Option<String>,
    /// What keeps it from becoming active.
    #[serde(default)]
    pub errors: Vec<String>,
}

/// How many custom hostnames a zone may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct HostnameQuota {
    /// How many are paid for.
    #[serde(default)]
    pub allocated: u64,
    /// How many there are.
    #[serde(default)]
    pub used: u64,
    /// Whether there are more than are paid for; they cost, and are not refused.
    #[serde(default)]
    pub exceeded: bool,
    /// From how many on Cloudflare refuses more, where it says so.
    #[serde(default)]
    pub hard_cap: Option<u64>,
}

impl Client {
    /// The fallback origin of a zone; `None` where none was ever set.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn fallback_origin(&self, zone: ZoneId) -> Result<Option<FallbackOrigin>, Error> {
        match origin(self, Method::GET, zone).send::<Option<FallbackOrigin>>().await {
            Ok(found) => Ok(found.filter(|found| found.origin.is_some())),
            // Documented for no code: where there is none, the answer is that there is nothing here.
            Err(Error::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets it. It takes a while to become active.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn set_fallback_origin(&self, zone: ZoneId, name: &str) -> Result<FallbackOrigin, Error> {
        origin(self, Method::PUT, zone).json(&json!({ "origin": name })).send().await
    }

    /// Removes it.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn delete_fallback_origin(&self, zone: ZoneId) -> Result<(), Error> {
        origin(self, Method::DELETE, zone).done().await
    }

    /// How many custom hostnames the zone may have, and has.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn hostname_quota(&self, zone: ZoneId) -> Result<HostnameQuota, Error> {
        self.request(Method::GET, &format!("/zones/{zone}/custom_hostnames/quota")).send().await
    }
}

fn origin(client: &Client, method: Method, zone: ZoneId) -> Request {
    client.request(method, &format!("/zones/{zone}/custom_hostnames/fallback_origin"))
}
