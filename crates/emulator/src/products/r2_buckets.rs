//! R2 buckets of an account.

use imbl::ordmap::Entry;

use flarekeep_catalogue::AccountId;
use flarekeep_policy::BucketKey;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Handler, text as member, timestamp_micros};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/r2/buckets", Handler::Read(list)),
    ("POST /accounts/{account_id}/r2/buckets", Handler::Write(create)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}", Handler::Read(details)),
    ("PATCH /accounts/{account_id}/r2/buckets/{bucket_name}", Handler::Write(edit)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}", Handler::Write(delete)),
];

/// The jurisdictions that a bucket may be in.
pub(crate) const JURISDICTIONS: [&str; 5] = ["default", "eu", "us", "fedramp", "fedramp-high"];

/// The buckets of all accounts, by jurisdiction and name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<AccountId, Map<String, Buckets>>);

branch!(Table);
leaf!(Bucket);

type Buckets = Map<String, Bucket>;

/// A bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Bucket {
    pub(crate) name: String,
    jurisdiction: String,
    pub(crate) location: String,
    pub(crate) storage_class: String,
    pub(crate) created_on: i64,
}

/// Where a bucket is made unless the call says: Cloudflare's choice follows the caller.
pub(crate) const USUAL_LOCATION: &str = "enam";

impl Bucket {
    /// The bucket's key, in its account.
    pub(crate) fn key(&self, account: AccountId) -> BucketKey {
        BucketKey { account, jurisdiction: self.jurisdiction.clone(), name: self.name.clone() }
    }
}

impl Table {
    /// The bucket with this key.
    pub(crate) fn bucket(&self, key: &BucketKey) -> Option<&Bucket> {
        self.0.get(&key.account)?.get(&key.jurisdiction)?.get(&key.name)
    }

    /// The account's buckets of one jurisdiction, by name.
    pub(crate) fn of(&self, account: AccountId, jurisdiction: &str) -> impl Iterator<Item = &Bucket> {
        self.0.get(&account).and_then(|buckets| buckets.get(jurisdiction)).into_iter().flat_map(Map::values)
    }

    /// Makes a bucket; none where there is one already.
    pub(crate) fn make(&mut self, key: &BucketKey, location: &str, storage_class: &str, at: i64) -> Option<&Bucket> {
        let buckets = self.0.entry(key.account).or_default().entry(key.jurisdiction.clone()).or_default();
        match buckets.entry(key.name.clone()) {
            Entry::Occupied(_) => None,
            Entry::Vacant(free) => Some(free.insert(Bucket {
                name: key.name.clone(),
                jurisdiction: key.jurisdiction.clone(),
                location: location.to_ascii_uppercase(),
                storage_class: storage_class.to_owned(),
                created_on: at,
            })),
        }
    }

    /// Gives a bucket another storage class; none where there is no such bucket.
    fn reclass(&mut self, key: &BucketKey, class: &str) -> Option<&Bucket> {
        let bucket = self.0.get_mut(&key.account)?.get_mut(&key.jurisdiction)?.get_mut(&key.name)?;
        class.clone_into(&mut bucket.storage_class);
        Some(bucket)
    }

    /// Removes a bucket; false where there is none.
    pub(crate) fn remove(&mut self, key: &BucketKey) -> bool {
        let buckets = self.0.get_mut(&key.account).and_then(|buckets| buckets.get_mut(&key.jurisdiction));
        buckets.is_some_and(|buckets| buckets.remove(&key.name).is_some())
    }
}

fn list(call: &Call, state: &State) -> Outcome {
    let jurisdiction = jurisdiction(call)?;
    let contains = call.query("name_contains");
    let after = call.query("cursor").or_else(|| call.query("start_after"));
    let per_page = call.page(20, 1, 1000).per_page;
    let mut buckets: Vec<&Bucket> = state.r2_buckets.of(account(call)?, &jurisdiction).collect();
    if call.descending() {
        buckets.reverse();
    }
    buckets.retain(|bucket| {
        let later = |after: &str| {
            if call.descending() { bucket.name.as_str() < after } else { bucket.name.as_str() > after }
        };
        contains.as_deref().is_none_or(|part| bucket.name.contains(part)) && after.as_deref().is_none_or(later)
    });
    let more = buckets.len() > per_page;
    buckets.truncate(per_page);
    // Empty at the end, which ends a list by cursor.
    let cursor = buckets.last().filter(|_| more).map_or("", |last| last.name.as_str());
    let shown: Vec<Value> = buckets.iter().map(|bucket| shown(bucket)).collect();
    Ok(Answer::listed(&json!({"buckets": shown}), &json!({"cursor": cursor, "per_page": per_page})))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let jurisdiction = jurisdiction(call)?;
    let body = call.object().ok_or_else(|| ApiError::new(400, 10040, "The JSON you provided was not well formed."))?;
    let name = member(&body, "name").unwrap_or_default();
    if !is_bucket_name(name) {
        return Err(ApiError::new(400, 10005, "The specified bucket name is not valid."));
    }
    let key = BucketKey { account: account(call)?, jurisdiction, name: name.to_owned() };
    let location = member(&body, "locationHint").unwrap_or(USUAL_LOCATION);
    let storage_class = member(&body, "storageClass").unwrap_or("Standard");
    if !is_class(storage_class) {
        return Err(bad_class());
    }
    let made = state.r2_buckets.make(&key, location, storage_class, call.at.0);
    let taken = || ApiError::new(409, 10004, "The bucket you tried to create already exists, and you own it.");
    made.map(|bucket| Answer::result(&shown(bucket))).ok_or_else(taken)
}

fn details(call: &Call, state: &State) -> Outcome {
    let bucket = state.r2_buckets.bucket(&named(call)?);
    bucket.map(|bucket| Answer::result(&shown(bucket))).ok_or_else(missing)
}

/// The storage class that objects get from now on, unless they say otherwise.
fn edit(call: &Call, state: &mut State) -> Outcome {
    let key = named(call)?;
    state.r2_buckets.bucket(&key).ok_or_else(missing)?;
    let class = call.header("cf-r2-storage-class").unwrap_or_default();
    if !is_class(class) {
        return Err(bad_class());
    }
    let bucket = state.r2_buckets.reclass(&key, class);
    bucket.map(|bucket| Answer::result(&shown(bucket))).ok_or_else(missing)
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let key = named(call)?;
    if !state.objects.is_empty(&key) {
        return Err(ApiError::new(409, 10008, "The bucket you tried to delete is not empty."));
    }
    if !state.r2_buckets.remove(&key) {
        return Err(missing());
    }
    state.objects.forget(&key);
    state.r2_settings.forget(&key);
    Ok(Answer::result(&json!({})))
}

/// Whether an account has a bucket in a jurisdiction: an upload's bindings name one.
pub(super) fn exists(state: &State, account: AccountId, jurisdiction: &str, name: &str) -> bool {
    state.r2_buckets.of(account, jurisdiction).any(|bucket| bucket.name == name)
}

/// The bucket that the path names.
pub(super) fn named(call: &Call) -> Result<BucketKey, ApiError> {
    let name = call.parameter("bucket_name").to_owned();
    Ok(BucketKey { account: account(call)?, jurisdiction: jurisdiction(call)?, name })
}

/// The jurisdiction that a call names; a bucket is invisible from any other.
fn jurisdiction(call: &Call) -> Result<String, ApiError> {
    let given = call.header("cf-r2-jurisdiction").unwrap_or("default").trim().to_ascii_lowercase();
    let unknown = || ApiError::new(400, 10040, "The specified jurisdiction is not valid.");
    JURISDICTIONS.contains(&given.as_str()).then_some(given).ok_or_else(unknown)
}

/// 3 to 63 lower-case letters, digits and hyphens, with no hyphen at either end.
pub(crate) fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn account(call: &Call) -> Result<AccountId, ApiError> {
    call.account.ok_or_else(ApiError::no_route)
}

/// Whether the API knows a storage class.
pub(super) fn is_class(class: &str) -> bool {
    matches!(class, "Standard" | "InfrequentAccess")
}

/// Which code Cloudflare gives is not known: this one is the emulator's own.
pub(super) fn bad_class() -> ApiError {
    ApiError::new(400, 10062, "The storage class you specified is not valid.")
}

pub(super) fn missing() -> ApiError {
    ApiError::new(404, 10006, "The specified bucket does not exist.")
}

fn shown(bucket: &Bucket) -> Value {
    json!({
        "name": bucket.name,
        "creation_date": timestamp_micros(bucket.created_on),
        // The published schema has them in lower case.
        "location": bucket.location.to_ascii_lowercase(),
        "jurisdiction": bucket.jurisdiction,
        "storage_class": bucket.storage_class,
    })
}

#[cfg(test)]
mod tests {
    use super::is_bucket_name;

    #[test]
    fn bucket_names() {
        assert!(is_bucket_name("site") && is_bucket_name("0-0") && is_bucket_name(&"a".repeat(63)));
        for bad in ["", "-", "ab", "-ab", "ab-", "Site", "a_b", "a.b", &"a".repeat(64)] {
            assert!(!is_bucket_name(bad), "{bad}");
        }
    }
}
