//! The tokens, found by id and by the hash of their value.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use flarekeep_catalogue::{GroupId, TokenId};
use flarekeep_policy::{
    CompiledToken, Effect, Grant, IpCondition, IpSet, OtherResource, Owner, Policy, Resource, Status, Token,
    UnixSeconds,
};
use imbl::ordmap::DiffItem;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::credential::{Hash, unhex};
use crate::state::groups;
use crate::state::rows::{self, BadRow, Changes, Map, Rows};
use crate::text;

/// A token as it is saved. Its value is not here, only the hash of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stored {
    #[serde(with = "text")]
    pub(crate) id: TokenId,
    #[serde(with = "owner")]
    pub(crate) owner: Owner,
    pub(crate) name: String,
    #[serde(with = "status")]
    pub(crate) status: Status,
    pub(crate) issued_on: i64,
    pub(crate) modified_on: i64,
    pub(crate) not_before: Option<i64>,
    pub(crate) expires_on: Option<i64>,
    pub(crate) within: Option<Vec<IpNet>>,
    pub(crate) not_within: Option<Vec<IpNet>>,
    pub(crate) policies: Vec<StoredPolicy>,
    /// SHA-256 of the value, in hexadecimal. It is the secret of the token's S3 credentials too.
    pub(crate) value_hash: String,
    /// Of account-owned tokens: the e-mail address of the user that made it.
    pub(crate) creator_email: Option<String>,
    /// The policies before the last edit, while it spreads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Before>,
    /// Whether Cloudflare itself made the token, so that nobody may edit it.
    #[serde(default)]
    pub(crate) managed: bool,
}

/// What a token granted before an edit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Before {
    /// Second at which the edit has spread.
    pub(crate) until: i64,
    pub(crate) policies: Vec<StoredPolicy>,
}

/// What decides on a token's calls at some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Effective<'a> {
    pub(crate) token: &'a Token,
    pub(crate) compiled: &'a CompiledToken,
    pub(crate) policies: &'a [StoredPolicy],
}

/// A policy as it is saved.
#[derive(Debug, Clone, Serialize, Deserialize, PartialEq, Eq)]
pub(crate) struct StoredPolicy {
    pub(crate) id: String,
    pub(crate) deny: bool,
    /// Each key, with the inner key where it is nested.
    pub(crate) resources: Vec<(String, Option<String>)>,
    #[serde(with = "text::list")]
    pub(crate) groups: Vec<GroupId>,
}

/// A token with what is derived from it.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) stored: Stored,
    pub(crate) token: Token,
    pub(crate) compiled: CompiledToken,
    /// What decides until an edit of the policies has spread.
    before: Option<(Token, CompiledToken)>,
    /// Seconds; 0 for never.
    last_used: AtomicI64,
}

impl Record {
    fn new(stored: Stored, last_used: i64) -> Self {
        let token = Token {
            owner: stored.owner,
            status: stored.status,
            not_before: stored.not_before.map(UnixSeconds),
            expires_on: stored.expires_on.map(UnixSeconds),
            ip: IpCondition {
                within: stored.within.clone().map(IpSet),
                not_within: stored.not_within.clone().map(IpSet),
            },
            policies: stored.policies.iter().map(StoredPolicy::policy).collect(),
        };
        let compiled = token.compile();
        let before = stored.before.as_ref().map(|before| {
            let policies = before.policies.iter().map(StoredPolicy::policy).collect();
            let token = Token { policies, ..token.clone() };
            let compiled = token.compile();
            (token, compiled)
        });
        Self { stored, token, compiled, before, last_used: AtomicI64::new(last_used) }
    }

    /// What the token grants at this time: an edit of its policies may not have spread yet.
    pub(crate) fn effective(&self, at: UnixSeconds) -> Effective<'_> {
        match (&self.stored.before, &self.before) {
            (Some(stored), Some((token, compiled))) if at.0 < stored.until => {
                Effective { token, compiled, policies: &stored.policies }
            }
            _ => Effective { token: &self.token, compiled: &self.compiled, policies: &self.stored.policies },
        }
    }

    /// Notes that the token was used. Most calls find the second noted already and write nothing.
    pub(crate) fn touch(&self, at: UnixSeconds) {
        if self.last_used.load(Ordering::Relaxed) < at.0 {
            self.last_used.store(at.0, Ordering::Relaxed);
        }
    }

    pub(crate) fn last_used(&self) -> Option<i64> {
        Some(self.last_used.load(Ordering::Relaxed)).filter(|at| *at != 0)
    }
}

impl StoredPolicy {
    pub(crate) fn policy(&self) -> Policy {
        let resources = self.resources.iter().map(|(key, inner)| {
            // What was stored had been read before, so the fallback is never met; it would grant nothing.
            resource(key, inner.as_deref()).unwrap_or_else(|_| {
                let (outer, key) = inner.as_ref().map_or((None, key), |inner| (Some(key.clone()), inner));
                Resource::Other(OtherResource { outer, key: key.clone(), value: String::new() })
            })
        });
        let grant = |id: &GroupId| groups::by_id(*id).map_or(Grant::Unknown(*id), Grant::Group);
        Policy {
            effect: if self.deny { Effect::Deny } else { Effect::Allow },
            resources: resources.collect(),
            groups: self.groups.iter().map(grant).collect(),
        }
    }
}

/// Reads a resource's key, and its inner key where it is nested.
pub(crate) fn resource(key: &str, inner: Option<&str>) -> Result<Resource, flarekeep_policy::BadResource> {
    inner.map_or_else(|| Resource::parse(key), |inner| Resource::parse_nested(key, inner))
}

/// All tokens.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table {
    by_id: Map<TokenId, Arc<Record>>,
    by_hash: imbl::HashMap<Hash, Arc<Record>>,
    /// By owner, oldest first.
    by_owner: imbl::HashMap<Owner, Map<Age, Arc<Record>>>,
}

/// What lists are sorted by.
type Age = (i64, TokenId);

/// When tokens were used last, by id.
pub(crate) type Uses = BTreeMap<String, i64>;

impl PartialEq for Record {
    /// The time of the last use does not count.
    fn eq(&self, other: &Self) -> bool {
        self.stored == other.stored
    }
}

impl Table {
    /// The token with this value.
    pub(crate) fn with_hash(&self, hash: &Hash) -> Option<&Arc<Record>> {
        self.by_hash.get(hash)
    }

    /// The token with this id, whoever owns it: the id is the key of its S3 credentials.
    pub(crate) fn with_id(&self, id: TokenId) -> Option<&Arc<Record>> {
        self.by_id.get(&id)
    }

    /// The owner's token with this id.
    pub(crate) fn of(&self, owner: Owner, id: TokenId) -> Option<&Arc<Record>> {
        self.by_id.get(&id).filter(|record| record.stored.owner == owner)
    }

    /// The owner's tokens, oldest first.
    pub(crate) fn all_of(&self, owner: Owner) -> impl DoubleEndedIterator<Item = &Arc<Record>> {
        self.by_owner.get(&owner).into_iter().flat_map(Map::values)
    }

    /// How many tokens the owner has.
    pub(crate) fn count_of(&self, owner: Owner) -> usize {
        self.by_owner.get(&owner).map_or(0, Map::len)
    }

    /// Adds a token, or puts it in place of the one with its id.
    pub(crate) fn put(&mut self, stored: Stored) -> Arc<Record> {
        let last_used = self.remove(stored.id).and_then(|old| old.last_used()).unwrap_or(0);
        self.insert(stored, last_used)
    }

    /// Removes a token; its value is dead at once.
    pub(crate) fn remove(&mut self, id: TokenId) -> Option<Arc<Record>> {
        let old = self.by_id.remove(&id)?;
        if let Some(hash) = unhex(&old.stored.value_hash)
            // Another token may have the value by now: a world may be planted again.
            && self.by_hash.get(&hash).is_some_and(|record| record.stored.id == id)
        {
            self.by_hash.remove(&hash);
        }
        if let Some(own) = self.by_owner.get_mut(&old.stored.owner) {
            own.remove(&age(&old));
        }
        Some(old)
    }

    /// When each token was used last.
    pub(crate) fn uses(&self) -> Uses {
        self.by_id.iter().filter_map(|(id, record)| Some((id.to_string(), record.last_used()?))).collect()
    }

    /// Takes up what [`Self::uses`] gave.
    pub(crate) fn note_uses(&self, uses: &Uses) {
        for (id, record) in &self.by_id {
            if let Some(at) = uses.get(&id.to_string()) {
                record.touch(UnixSeconds(*at));
            }
        }
    }

    fn insert(&mut self, stored: Stored, last_used: i64) -> Arc<Record> {
        let record = Arc::new(Record::new(stored, last_used));
        self.by_id.insert(record.stored.id, record.clone());
        self.by_owner.entry(record.stored.owner).or_default().insert(age(&record), record.clone());
        if let Some(hash) = unhex(&record.stored.value_hash) {
            self.by_hash.insert(hash, record.clone());
        }
        record
    }
}

fn age(record: &Record) -> Age {
    (record.stored.issued_on, record.stored.id)
}

/// A row for each token; what is derived from it is made anew.
impl Rows for Table {
    fn compare(old: Option<&Self>, new: &Self, changes: &mut Changes) {
        let none = Map::new();
        for item in old.map_or(&none, |old| &old.by_id).diff(&new.by_id) {
            match item {
                DiffItem::Add(id, record) | DiffItem::Update { new: (id, record), .. } => {
                    changes.below(id, |changes| changes.is(&record.stored));
                }
                DiffItem::Remove(id, _) => changes.below(id, Changes::gone),
            }
        }
    }

    fn apply(slot: &mut Option<Self>, place: &[String], row: Option<serde_json::Value>) -> Result<(), BadRow> {
        let Some((id, rest)) = place.split_first() else {
            *slot = None;
            return Ok(());
        };
        let table = slot.get_or_insert_default();
        match rows::read::<Stored>(rest, row)? {
            Some(stored) => drop(table.put(stored)),
            None => drop(id.parse().ok().and_then(|id| table.remove(id))),
        }
        Ok(())
    }
}

/// The word that the API has for a status.
pub(crate) const fn status_word(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Disabled => "disabled",
        Status::Expired => "expired",
        Status::RevokedExposed => "revoked (exposed)",
        // The emulator makes no such token.
        Status::Unknown => "unknown",
    }
}

mod status {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use super::{Status, status_word};

    // serde asks for a reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    pub(super) fn serialize<S: Serializer>(status: &Status, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(status_word(*status))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
        let word = String::deserialize(deserializer)?;
        let all = [Status::Active, Status::Disabled, Status::Expired, Status::RevokedExposed];
        all.into_iter().find(|status| status_word(*status) == word).ok_or_else(|| D::Error::custom("no such status"))
    }
}

mod owner {
    use flarekeep_policy::Owner;
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(owner: &Owner, serializer: S) -> Result<S::Ok, S::Error> {
        match owner {
            Owner::User(id) => serializer.collect_str(&format_args!("user {id}")),
            Owner::Account(id) => serializer.collect_str(&format_args!("account {id}")),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Owner, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once(' ') {
            Some(("user", id)) => id.parse().map(Owner::User).map_err(D::Error::custom),
            Some(("account", id)) => id.parse().map(Owner::Account).map_err(D::Error::custom),
            _ => Err(D::Error::custom("no such owner")),
        }
    }
}
