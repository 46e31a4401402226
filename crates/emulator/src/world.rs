//! What exists before the first call: users, accounts, zones.

mod file;
mod role;
mod seed;
mod zones;

use std::fmt;

use flarekeep_catalogue::{AccountId, UserId, ZoneId};
use serde::{Deserialize, Serialize};

pub use file::WorldError;
pub use role::{Member, Role};
use seed::Seeds;
pub use zones::Zones;

use crate::credential::{Kind, fresh_id, fresh_value};
use crate::state::rows;
use crate::text;

/// Users, accounts and zones. Ids that the world does not hold do not exist.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct World {
    /// The people, each with a Global API key.
    pub users: Vec<User>,
    /// The accounts.
    pub accounts: Vec<Account>,
    /// The zones.
    pub zones: Zones,
    /// The roles of users in accounts, where they are not super administrators.
    pub members: Vec<Member>,
    /// What is made before the first call.
    pub(crate) seeds: Seeds,
}

/// A user: super administrator of the accounts that it is a member of, unless a [`Member`] says otherwise.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The id, or tag, of the user.
    #[serde(with = "text")]
    pub id: UserId,
    /// The e-mail address, of which `X-Auth-Email` must be the same.
    pub email: String,
    /// The Global API key.
    pub global_key: String,
    /// The accounts that the user is a member of.
    #[serde(with = "text::list")]
    pub accounts: Vec<AccountId>,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The id.
    #[serde(with = "text")]
    pub id: AccountId,
    /// The name.
    pub name: String,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Zone {
    /// The id.
    #[serde(with = "text")]
    pub id: ZoneId,
    /// The domain, in lower case.
    pub name: String,
    /// The account that owns it.
    #[serde(with = "text")]
    pub account: AccountId,
    /// `active`, `pending`, `initializing` or `moved`.
    pub status: String,
    /// `free`, `pro`, `business` or `enterprise`.
    #[serde(default = "free")]
    pub plan: String,
}

/// The plans that a zone may have.
pub(crate) const PLANS: [&str; 4] = ["free", "pro", "business", "enterprise"];

fn free() -> String {
    "free".to_owned()
}

rows::leaf!(Vec<User>, Vec<Account>, Vec<Member>, Seeds);
rows::branch!(World { users, accounts, zones, members, seeds });

impl World {
    /// One user, one account and the active zone `example.com`, with random ids and a random Global API key.
    #[must_use]
    pub fn generated() -> Self {
        let account = Account { id: AccountId::from_u128(fresh_id()), name: "Flarekeep Example".to_owned() };
        let user = User {
            id: UserId::from_u128(fresh_id()),
            email: "admin@example.com".to_owned(),
            global_key: fresh_value(Kind::GlobalKey),
            accounts: vec![account.id],
        };
        let zone = Zone {
            id: ZoneId::from_u128(fresh_id()),
            name: "example.com".to_owned(),
            account: account.id,
            status: "active".to_owned(),
            plan: free(),
        };
        let zones = [zone].into_iter().collect();
        Self { users: vec![user], accounts: vec![account], zones, members: Vec::new(), seeds: Seeds::default() }
    }

    /// Reads users, accounts and zones from TOML, and the DNS records, buckets, KV namespaces and tokens that are to be
    /// in them; the crate's documentation has an example. A token's `value_from_env` is read from this process's
    /// environment.
    ///
    /// # Errors
    /// Syntax, unknown keys, ids that are none, names of accounts that do not exist, and whatever the API would refuse to
    /// make; with line and field.
    pub fn from_toml(text: &str) -> Result<Self, WorldError> {
        file::read(text, &|name| std::env::var(name).ok())
    }

    /// The first user that has an account, or else the first.
    pub(crate) fn usual_user(&self) -> Option<&User> {
        self.users.iter().find(|user| !user.accounts.is_empty()).or(self.users.first())
    }

    /// That user's first account.
    pub(crate) fn usual_account(&self) -> Option<&Account> {
        let of_user = self.usual_user().and_then(|user| self.account(*user.accounts.first()?));
        of_user.or(self.accounts.first())
    }

    pub(crate) fn user(&self, id: UserId) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(crate) fn account(&self, id: AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    pub(crate) fn zone(&self, id: ZoneId) -> Option<&Zone> {
        self.zones.get(id)
    }

    pub(crate) fn is_member(&self, user: UserId, account: AccountId) -> bool {
        self.user(user).is_some_and(|user| user.accounts.contains(&account))
    }
}

impl fmt::Debug for User {
    /// Without the Global API key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("id", &self.id).field("email", &self.email).finish_non_exhaustive()
    }
}
