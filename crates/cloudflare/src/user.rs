//! The user who calls, and the accounts that the user belongs to.

use flarekeep_catalogue::UserId;
use reqwest::Method;
use serde::Deserialize;

use crate::account::Account;
use crate::client::Client;
use crate::error::Error;
use crate::wire;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct User {
    /// The user's id, which is also the tag in resource keys.
    #[serde(with = "wire::id")]
    pub id: UserId,
    /// The address with which the user signs in.
    #[serde(default)]
    pub email: Option<String>,
}

/// That the user belongs to an account.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Membership {
    /// The membership's own id.
    pub id: String,
    /// `accepted`, `pending` or `rejected`.
    #[serde(default)]
    pub status: Option<String>,
    /// The account.
    pub account: Account,
}

impl Client {
    /// The user who calls. Needs `User Details Read`; an account's token has no user.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn user(&self) -> Result<User, Error> {
        self.request(Method::GET, "/user").send().await
    }

    /// The accounts that the user belongs to. Needs `Memberships Read`.
    ///
    /// # Errors
    /// Any [`Error`] of a call.
    pub async fn memberships(&self) -> Result<Vec<Membership>, Error> {
        self.request(Method::GET, "/memberships").all_pages(50).await
    }
}
