//! The token endpoints, of a user and of an account: the same calls below two paths.

use std::fmt;

use flarekeep_catalogue::{AccountId, GroupId, TokenId};
use jiff::Timestamp;
use reqwest::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::client::Client;
use crate::condition::Condition;
use crate::error::Error;
use crate::listed::{Gate, Listed};
use crate::request::Request;
use crate::token::{NewToken, Status, Token, TokenUpdate};
use crate::wire;

/// Whose tokens are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Owner {
    /// The user who calls.
    User,
    /// An account.
    Account(AccountId),
}

/// The tokens of one owner. Made by [`Client::tokens`].
#[derive(Debug, Clone)]
pub struct Tokens {
    client: Client,
    owner: Owner,
}

/// A token that was just made, with its value, which Cloudflare shows this once.
#[derive(Debug, Clone)]
pub struct CreatedToken {
    /// The token.
    pub token: Token,
    /// Its value.
    pub value: SecretString,
}

/// What verifying a token says of it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Verified {
    /// The token's id.
    #[serde(with = "wire::id")]
    pub id: TokenId,
    /// Whether it may be used.
    #[serde(default)]
    pub status: Status,
    /// It is valid from here on.
    #[serde(default, with = "wire::seconds")]
    pub not_before: Option<Timestamp>,
    /// It is valid until here.
    #[serde(default, with = "wire::seconds")]
    pub expires_on: Option<Timestamp>,
}

/// Which permission groups are asked for; all of them by default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupFilter {
    /// Those of this name.
    pub name: Option<String>,
    /// Those of this scope, such as `com.cloudflare.api.account.zone`.
    pub scope: Option<String>,
}

/// A permission group as the API lists it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PermissionGroup {
    /// Its id, which stays.
    #[serde(with = "wire::id")]
    pub id: GroupId,
    /// Its name, which may change.
    pub name: String,
    /// Where it can be granted.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// What it is for, in words.
    #[serde(default)]
    pub description: Option<String>,
    /// Its part of the dashboard.
    #[serde(default)]
    pub category: Option<String>,
    /// Whether this caller may grant it. Cloudflare decides anew when a token is made.
    #[serde(default)]
    pub is_selectable: Option<bool>,
}

impl Client {
    /// The tokens of `owner`.
    #[must_use]
    pub fn tokens(&self, owner: Owner) -> Tokens {
        Tokens { client: self.clone(), owner }
    }
}

impl Tokens {
    /// All tokens that are active or disabled.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list(&self) -> Result<Vec<Token>, Error> {
        self.request(Method::GET, "").all_pages(PER_PAGE).await
    }

    /// All tokens, those that expired lately included.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn list_with_expired(&self) -> Result<Vec<Token>, Error> {
        self.request(Method::GET, "").query("include_expired", true).all_pages(PER_PAGE).await
    }

    /// The same, each as the API writes it and its policies with it, the pages at once: a token that cannot be read takes no
    /// other with it. `take` is that of [`Request::pages`].
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn pages<P>(
        &self,
        gate: &Gate,
        take: impl Fn(Vec<Box<RawValue>>, Option<u64>) -> P,
    ) -> Result<Listed<P>, Error> {
        self.request(Method::GET, "").query("include_expired", true).pages(PER_PAGE, gate, take).await
    }

    /// One token as the API writes it.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn written(&self, id: TokenId) -> Result<Box<RawValue>, Error> {
        self.request(Method::GET, &format!("/{id}")).send().await
    }

    /// One token.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn get(&self, id: TokenId) -> Result<Token, Error> {
        self.request(Method::GET, &format!("/{id}")).send().await
    }

    /// Makes a token. Not repeated when it may have been made: then the error says so, and the list of tokens knows.
    ///
    /// # Errors
    /// Any [`Error`] of a call; [`Error::Unsendable`] for a condition that would lock everybody out.
    pub async fn create(&self, new: &NewToken) -> Result<CreatedToken, Error> {
        refuse_lockout(new.condition.as_ref())?;
        let request = self.request(Method::POST, "").json(new).sensitive();
        let call = request.call();
        let result: Value = request.send().await?;
        let value = SecretString::from(result["value"].as_str().unwrap_or_default());
        let id = result["id"].as_str().and_then(|id| id.parse().ok());
        let (Some(id), false) = (id, secret_is_empty(&value)) else {
            return Err(Error::Malformed { call, detail: "there is no `id` or no `value` in it".to_owned() });
        };
        // The token exists: an odd field in the rest must not lose its value.
        let token = Token::deserialize(result).unwrap_or_else(|_| as_sent(id, new));
        Ok(CreatedToken { token, value })
    }

    /// Replaces all of a token but its id and value.
    ///
    /// # Errors
    /// Any [`Error`] of a call; [`Error::Unsendable`] for a condition that would lock everybody out.
    pub async fn update(&self, id: TokenId, update: &TokenUpdate) -> Result<Token, Error> {
        refuse_lockout(update.condition.as_ref())?;
        self.request(Method::PUT, &format!("/{id}")).json(update).send().await
    }

    /// Gives a token a new value; the old one dies at once. Never repeated when it may have been done: the value of the
    /// first attempt would be lost.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn roll(&self, id: TokenId) -> Result<SecretString, Error> {
        let request = self.request(Method::PUT, &format!("/{id}/value"));
        let request = request.json(&serde_json::json!({})).retry_safe(false).sensitive();
        let call = request.call();
        let value = SecretString::from(request.send::<String>().await?);
        if secret_is_empty(&value) {
            return Err(Error::Malformed { call, detail: "the new value is empty".to_owned() });
        }
        Ok(value)
    }

    /// Deletes a token; its value dies with it.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn delete(&self, id: TokenId) -> Result<(), Error> {
        self.request(Method::DELETE, &format!("/{id}")).done().await
    }

    /// Asks what the client's own token is. Needs no permission. A Global API key cannot be verified so.
    ///
    /// # Errors
    /// Any [`Error`] of a call. An account's token is unknown to the user's endpoint, and the reverse.
    pub async fn verify(&self) -> Result<Verified, Error> {
        self.request(Method::GET, "/verify").send().await
    }

    /// The permission groups that can be granted. They come in one page.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn permission_groups(&self, filter: &GroupFilter) -> Result<Vec<PermissionGroup>, Error> {
        let request = self.request(Method::GET, "/permission_groups");
        request.query_opt("name", filter.name.as_deref()).query_opt("scope", filter.scope.as_deref()).send().await
    }

    fn request(&self, method: Method, rest: &str) -> Request {
        self.client.request(method, &format!("{}/tokens{rest}", self.owner))
    }
}

impl fmt::Display for Owner {
    /// The beginning of the path of what it owns: `/user` or `/accounts/<id>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("/user"),
            Self::Account(id) => write!(f, "/accounts/{id}"),
        }
    }
}

/// The most that the API gives in one page of tokens.
const PER_PAGE: u64 = 50;

/// An empty list of allowed ranges locks everybody out, and leaving it out would let everybody in: nobody meant either.
fn refuse_lockout(condition: Option<&Condition>) -> Result<(), Error> {
    if condition.is_some_and(Condition::locks_everybody_out) {
        return Err(Error::Unsendable {
            detail: "the IP condition allows no address: give some, or leave the condition out to allow all".to_owned(),
        });
    }
    Ok(())
}

fn secret_is_empty(value: &SecretString) -> bool {
    secrecy::ExposeSecret::expose_secret(value).is_empty()
}

fn as_sent(id: TokenId, new: &NewToken) -> Token {
    Token {
        id,
        name: new.name.clone(),
        status: Status::default(),
        issued_on: None,
        modified_on: None,
        last_used_on: None,
        not_before: new.not_before,
        expires_on: new.expires_on,
        condition: new.condition.clone(),
        policies: new.policies.clone(),
    }
}
