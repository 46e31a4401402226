//! What files look like at the top, and the accounts and zones of a world.

use flarekeep_catalogue::{AccountId, TokenId, ZoneId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// What an object at the top may hold.
#[derive(Deserialize)]
pub(super) struct Document<'a> {
    #[serde(default, borrow)]
    pub(super) result: Option<&'a RawValue>,
    /// What the API says of a list that is longer than a page.
    #[serde(default)]
    result_info: Option<Value>,
    #[serde(default)]
    pub(super) success: Option<bool>,
    #[serde(default, borrow)]
    pub(super) tokens: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    pub(super) as_of: Option<Timestamp>,
    /// Entries of audit logs, version 2.
    #[serde(default, borrow)]
    pub(super) audit_logs: Option<Vec<&'a RawValue>>,
    #[serde(default, borrow)]
    pub(super) accounts: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) zones: Vec<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(default, borrow)]
    pub(super) policies: Option<&'a RawValue>,
    /// Of a Terraform state.
    #[serde(default, borrow)]
    resources: Option<&'a RawValue>,
    /// Of what `terraform show -json` prints.
    #[serde(default, borrow)]
    values: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct AccountEntry {
    id: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) zones: Option<u64>,
    #[serde(default)]
    pub(super) token_quota: Option<u64>,
}

#[derive(Deserialize)]
pub(super) struct ZoneEntry {
    id: String,
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    account: Option<ZoneAccount>,
}

/// The API has an object here; an id is shorter.
#[derive(Deserialize)]
#[serde(untagged)]
enum ZoneAccount {
    Id(String),
    Object { id: String },
}

impl<'a> Document<'a> {
    /// What a Terraform state holds of resources.
    pub(super) fn terraform(&self) -> Option<&'a RawValue> {
        self.resources.filter(|_| self.policies.is_none()).or(self.values)
    }

    /// Which page of its list this is, and how many entries the whole list has.
    pub(super) fn page(&self) -> Option<(u64, u64)> {
        let number = |name: &str| match self.result_info.as_ref()?.get(name)? {
            Value::String(text) => text.parse().ok(),
            other => other.as_u64(),
        };
        Some((number("page").unwrap_or(1), number("total_count")?))
    }
}

impl AccountEntry {
    pub(super) fn id(&self) -> Option<AccountId> {
        self.id.parse().ok()
    }
}

impl ZoneEntry {
    pub(super) fn id(&self) -> Option<ZoneId> {
        self.id.parse().ok()
    }

    pub(super) fn account(&self) -> Option<AccountId> {
        match self.account.as_ref()? {
            ZoneAccount::Id(id) | ZoneAccount::Object { id } => id.parse().ok(),
        }
    }
}

/// The id of what may be a token and cannot be read as one. An id is no secret; anything else is not repeated.
pub(super) fn id_in(text: &str) -> Option<TokenId> {
    let entry: Value = serde_json::from_str(text).ok()?;
    entry.get("id")?.as_str()?.parse().ok()
}
