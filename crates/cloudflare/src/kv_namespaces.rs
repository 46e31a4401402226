//! KV namespaces.

use flarekeep_catalogue::AccountId;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;
use crate::wire;

/// A KV namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KvNamespace {
    /// Its id.
    pub id: String,
    /// Its name, unique in the account.
    pub title: String,
}

/// The KV namespaces of one account. Made by [`Client::kv_namespaces`].
#[derive(Debug, Clone)]
pub struct KvNamespaces {
    client: Client,
    account: AccountId,
}

impl Client {
    /// The KV namespaces of an account.
    #[must_use]
    pub fn kv_namespaces(&self, account: AccountId) -> KvNamespaces {
        KvNamespaces { client: self.clone(), account }
    }
}

impl KvNamespaces {
    /// All of them.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self) -> Result<Vec<KvNamespace>, Error> {
        self.request(Method::GET, "").all_pages(100).await
    }

    /// Makes one.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 10014 when there is one of this title.
    pub async fn create(&self, title: &str) -> Result<KvNamespace, Error> {
        self.request(Method::POST, "").json(&json!({ "title": title })).send().await
    }

    /// Deletes one with all that it holds.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.request(Method::DELETE, &format!("/{}", wire::segment(id)?)).done().await
    }

    fn request(&self, method: Method, rest: &str) -> Request {
        self.client.request(method, &format!("/accounts/{}/storage/kv/namespaces{rest}", self.account))
    }
}
