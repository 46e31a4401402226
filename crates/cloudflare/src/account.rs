//! Accounts.

use flarekeep_catalogue::AccountId;
use reqwest::Method;
use serde::Deserialize;

use crate::client::Client;
use crate::error::Error;
use crate::listed::{Gate, Listed};
use crate::wire;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Account {
    /// Its id.
    #[serde(with = "wire::id")]
    pub id: AccountId,
    /// Its name, which need not be unique.
    #[serde(default)]
    pub name: String,
}

/// The accounts that the credential sees. Made by [`Client::accounts`].
#[derive(Debug, Clone)]
pub struct Accounts {
    client: Client,
}

impl Client {
    /// The accounts that the credential sees.
    #[must_use]
    pub fn accounts(&self) -> Accounts {
        Accounts { client: self.clone() }
    }
}

impl Accounts {
    /// All of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call. The list may be closed to tokens that an account owns.
    pub async fn list(&self) -> Result<Vec<Account>, Error> {
        self.client.request(Method::GET, "/accounts").all_pages(50).await
    }

    /// The same, the pages at once.
    ///
    /// # Errors
    /// As [`Accounts::list`].
    pub async fn listed(&self, gate: &Gate) -> Result<Listed<Account>, Error> {
        self.client.request(Method::GET, "/accounts").listed(50, gate).await
    }

    /// Those of exactly this name: none, one, or several.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn by_name(&self, name: &str) -> Result<Vec<Account>, Error> {
        let request = self.client.request(Method::GET, "/accounts").query("name", name);
        let mut found: Vec<Account> = request.all_pages(50).await?;
        // Whether the filter wants the whole name is not documented.
        found.retain(|account| account.name == name);
        Ok(found)
    }

    /// One of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn get(&self, id: AccountId) -> Result<Account, Error> {
        self.client.request(Method::GET, &format!("/accounts/{id}")).send().await
    }
}
