//! R2 buckets of an account. Objects are not simulated here, so that a bucket is always empty.

use std::collections::BTreeMap;
use std::sync::Arc;

use flarekeep_catalogue::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Handler, text as member, timestamp_micros};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::text;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/r2/buckets", Handler::Read(list)),
    ("POST /accounts/{account_id}/r2/buckets", Handler::Write(create)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}", Handler::Read(details)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}", Handler::Write(delete)),
];

/// The buckets of all accounts, by jurisdiction and name.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Table(#[serde(with = "text::keys")] BTreeMap<AccountId, BTreeMap<String, Buckets>>);

type Buckets = BTreeMap<String, Bucket>;

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Bucket {
    name: String,
    jurisdiction: String,
    location: String,
    storage_class: String,
    created_on: i64,
}

fn list(call: &Call, state: &State) -> Outcome {
    let jurisdiction = jurisdiction(call)?;
    let contains = call.query("name_contains");
    let after = call.query("cursor").or_else(|| call.query("start_after"));
    let per_page = call.page(20, 1, 1000).per_page;
    let all = state.r2_buckets.0.get(&account(call)?).and_then(|buckets| buckets.get(&jurisdiction));
    let mut buckets: Vec<&Bucket> = all.into_iter().flat_map(BTreeMap::values).collect();
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
    let table = Arc::make_mut(&mut state.r2_buckets);
    let buckets = table.0.entry(account(call)?).or_default().entry(jurisdiction.clone()).or_default();
    if buckets.contains_key(name) {
        return Err(ApiError::new(409, 10004, "The bucket you tried to create already exists, and you own it."));
    }
    let bucket = Bucket {
        name: name.to_owned(),
        jurisdiction,
        location: member(&body, "locationHint").unwrap_or("enam").to_ascii_uppercase(),
        storage_class: member(&body, "storageClass").unwrap_or("Standard").to_owned(),
        created_on: call.at.0,
    };
    let answer = Answer::result(&shown(&bucket));
    buckets.insert(name.to_owned(), bucket);
    Ok(answer)
}

fn details(call: &Call, state: &State) -> Outcome {
    let of = state.r2_buckets.0.get(&account(call)?).and_then(|buckets| buckets.get(&jurisdiction(call).ok()?));
    let bucket = of.and_then(|buckets| buckets.get(call.parameter("bucket_name")));
    bucket.map(|bucket| Answer::result(&shown(bucket))).ok_or_else(missing)
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let jurisdiction = jurisdiction(call)?;
    let table = Arc::make_mut(&mut state.r2_buckets);
    let buckets = table.0.get_mut(&account(call)?).and_then(|buckets| buckets.get_mut(&jurisdiction));
    let removed = buckets.and_then(|buckets| buckets.remove(call.parameter("bucket_name")));
    removed.map(|_| Answer::result(&json!({}))).ok_or_else(missing)
}

/// Whether an account has a bucket in a jurisdiction: an upload's bindings name one.
pub(super) fn exists(state: &State, account: AccountId, jurisdiction: &str, name: &str) -> bool {
    let of = state.r2_buckets.0.get(&account).and_then(|buckets| buckets.get(jurisdiction));
    of.is_some_and(|buckets| buckets.contains_key(name))
}

/// The jurisdiction that a call names; a bucket is invisible from any other.
fn jurisdiction(call: &Call) -> Result<String, ApiError> {
    const KNOWN: [&str; 5] = ["default", "eu", "us", "fedramp", "fedramp-high"];
    let given = call.header("cf-r2-jurisdiction").unwrap_or("default").trim().to_ascii_lowercase();
    let unknown = || ApiError::new(400, 10040, "The specified jurisdiction is not valid.");
    KNOWN.contains(&given.as_str()).then_some(given).ok_or_else(unknown)
}

/// 3 to 63 lower-case letters, digits and hyphens, with no hyphen at either end.
fn is_bucket_name(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn account(call: &Call) -> Result<AccountId, ApiError> {
    call.account.ok_or_else(ApiError::no_route)
}

fn missing() -> ApiError {
    ApiError::new(404, 10006, "The specified bucket does not exist.")
}

fn shown(bucket: &Bucket) -> Value {
    json!({
        "name": bucket.name,
        "creation_date": timestamp_micros(bucket.created_on),
        "location": bucket.location,
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
