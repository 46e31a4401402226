//! Zones.

use flarekeep_catalogue::{AccountId, ZoneId};
use reqwest::Method;
use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::listed::{Gate, Listed};
use crate::wire;

/// A zone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Zone {
    /// Its id.
    #[serde(with = "wire::id")]
    pub id: ZoneId,
    /// Its domain.
    pub name: String,
    /// `active`, `pending`, `initializing`, `moved` and so on.
    #[serde(default)]
    pub status: Option<String>,
    /// The account that owns it.
    #[serde(default)]
    pub account: Option<ZoneAccount>,
}

/// The account of a zone, as the zone names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ZoneAccount {
    /// The account's id.
    #[serde(with = "wire::id")]
    pub id: AccountId,
    /// The account's name, when the token may see it.
    #[serde(default)]
    pub name: Option<String>,
}

/// The zones that the credential sees. Made by [`Client::zones`].
#[derive(Debug, Clone)]
pub struct Zones {
    client: Client,
}

impl Client {
    /// The zones that the credential sees.
    #[must_use]
    pub fn zones(&self) -> Zones {
        Zones { client: self.clone() }
    }
}

impl Zones {
    /// All of them, or those of one account.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self, account: Option<AccountId>) -> Result<Vec<Zone>, Error> {
        self.client.request(Method::GET, "/zones").query_opt("account.id", account).all_pages(50).await
    }

    /// The same, the pages at once.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn listed(&self, account: Option<AccountId>, gate: &Gate) -> Result<Listed<Zone>, Error> {
        let request = self.client.request(Method::GET, "/zones").query_opt("account.id", account);
        request.listed(50, gate).await
    }

    /// Those of exactly this name. Several accounts may hold a zone of one name while only one of them is active.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn by_name(&self, name: &str) -> Result<Vec<Zone>, Error> {
        let name = name.trim_end_matches('.');
        let mut found: Vec<Zone> = self.client.request(Method::GET, "/zones").query("name", name).all_pages(50).await?;
        found.retain(|zone| zone.name.eq_ignore_ascii_case(name));
        Ok(found)
    }

    /// One of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn get(&self, id: ZoneId) -> Result<Zone, Error> {
        self.client.request(Method::GET, &format!("/zones/{id}")).send().await
    }
}
