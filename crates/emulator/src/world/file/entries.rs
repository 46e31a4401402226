//! The tables of a file that hold what is seeded.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use toml::Spanned;
use toml::value::Datetime;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DnsEntry {
    pub(super) zone: Option<Spanned<String>>,
    pub(super) id: Option<Spanned<String>>,
    pub(super) r#type: Spanned<String>,
    pub(super) name: String,
    pub(super) content: Option<String>,
    pub(super) data: Option<Value>,
    pub(super) ttl: Option<Value>,
    pub(super) proxied: Option<bool>,
    pub(super) priority: Option<Value>,
    pub(super) comment: Option<String>,
    pub(super) tags: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BucketEntry {
    pub(super) name: Spanned<String>,
    pub(super) account: Option<Spanned<String>>,
    pub(super) jurisdiction: Option<String>,
    pub(super) location: Option<String>,
    pub(super) storage_class: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KvEntry {
    pub(super) title: Spanned<String>,
    pub(super) account: Option<Spanned<String>>,
    pub(super) id: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) values: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) value: Vec<KvValue>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct KvValue {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) base64: Option<bool>,
    pub(super) metadata: Option<Value>,
    pub(super) expiration: Option<i64>,
    pub(super) expiration_ttl: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TokenEntry {
    pub(super) name: Spanned<String>,
    pub(super) owner: Option<Spanned<String>>,
    pub(super) id: Option<Spanned<String>>,
    pub(super) value: Option<Spanned<String>>,
    pub(super) value_from_env: Option<Spanned<String>>,
    pub(super) status: Option<Spanned<String>>,
    pub(super) not_before: Option<Spanned<Datetime>>,
    pub(super) expires_on: Option<Spanned<Datetime>>,
    pub(super) allow_from: Option<Vec<String>>,
    pub(super) deny_from: Option<Vec<String>>,
    pub(super) policy: Vec<PolicyEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyEntry {
    pub(super) effect: Option<String>,
    pub(super) groups: Vec<Spanned<String>>,
    pub(super) resources: Vec<Spanned<String>>,
}
