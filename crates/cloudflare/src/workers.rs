//! Workers scripts, and the routes that send a zone's requests to them.

use flarekeep_catalogue::{AccountId, ZoneId};
use reqwest::Method;
use serde::{Deserialize, Serialize};

use crate::client::Client;
use crate::error::Error;
use crate::request::Request;
use crate::wire;

/// A script.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Script {
    /// Its name.
    pub id: String,
    /// Its immutable id, which resource keys use.
    #[serde(default)]
    pub tag: Option<String>,
    /// The hash of its content.
    #[serde(default)]
    pub etag: Option<String>,
    /// When it was last changed, as Cloudflare writes it.
    #[serde(default)]
    pub modified_on: Option<String>,
}

/// A route: requests that fit the pattern go to the script.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Route {
    /// Its id.
    pub id: String,
    /// Which requests.
    #[serde(default)]
    pub pattern: String,
    /// To which script; `None` for an exception from other routes.
    #[serde(default)]
    pub script: Option<String>,
}

/// The scripts of one account. Made by [`Client::scripts`].
#[derive(Debug, Clone)]
pub struct Scripts {
    client: Client,
    account: AccountId,
}

/// The routes of one zone. Made by [`Client::routes`].
#[derive(Debug, Clone)]
pub struct Routes {
    client: Client,
    zone: ZoneId,
}

impl Client {
    /// The Workers scripts of an account.
    #[must_use]
    pub fn scripts(&self, account: AccountId) -> Scripts {
        Scripts { client: self.clone(), account }
    }

    /// The Workers routes of a zone.
    #[must_use]
    pub fn routes(&self, zone: ZoneId) -> Routes {
        Routes { client: self.clone(), zone }
    }
}

impl Scripts {
    /// All of them; they come in one page.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self) -> Result<Vec<Script>, Error> {
        Ok(self.request(Method::GET, "").send::<Option<_>>().await?.unwrap_or_default())
    }

    /// Deletes one. With `force` also what hangs on it, such as its Durable Objects.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 10007 when there is none of this name.
    pub async fn delete(&self, name: &str, force: bool) -> Result<(), Error> {
        let request = self.request(Method::DELETE, &format!("/{}", wire::segment(name)?));
        request.query_opt("force", force.then_some(true)).done().await
    }

    pub(crate) fn request(&self, method: Method, rest: &str) -> Request {
        self.client.request(method, &format!("/accounts/{}/workers/scripts{rest}", self.account))
    }
}

impl Routes {
    /// All of them; they come in one page.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self) -> Result<Vec<Route>, Error> {
        Ok(self.request(Method::GET, "").send::<Option<_>>().await?.unwrap_or_default())
    }

    /// Makes one and gives its id.
    ///
    /// # Errors
    /// Any [`Error`] of a call: code 10019 when the script does not exist (or not yet), 10022 when the pattern does not
    /// name the zone.
    pub async fn create(&self, pattern: &str, script: Option<&str>) -> Result<String, Error> {
        let made: Made = self.request(Method::POST, "").json(&NewRoute { pattern, script }).send().await?;
        Ok(made.id)
    }

    /// Makes an existing one this.
    ///
    /// # Errors
    /// As [`Routes::create`].
    pub async fn update(&self, id: &str, pattern: &str, script: Option<&str>) -> Result<(), Error> {
        self.request(Method::PUT, &format!("/{}", wire::segment(id)?)).json(&NewRoute { pattern, script }).done().await
    }

    /// Deletes one.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        self.request(Method::DELETE, &format!("/{}", wire::segment(id)?)).done().await
    }

    fn request(&self, method: Method, rest: &str) -> Request {
        self.client.request(method, &format!("/zones/{}/workers/routes{rest}", self.zone))
    }
}

#[derive(Serialize)]
struct NewRoute<'a> {
    pattern: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    script: Option<&'a str>,
}

#[derive(Deserialize)]
struct Made {
    id: String,
}
