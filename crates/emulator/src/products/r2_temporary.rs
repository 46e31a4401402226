//! Temporary credentials for R2's S3 face. How Cloudflare signs those that it gives out is not documented; here they are
//! what a holder of the parent would sign, so that both ways are one where they are used.

use flarekeep_catalogue::{AccountId, TokenId};
use flarekeep_policy::Owner;
use serde::Deserialize;
use serde_json::json;

use super::Handler;
use super::r2_buckets::is_bucket_name;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::session::{Claims, Level, Paths};
use crate::state::State;

pub(super) const OPERATIONS: super::Table =
    &[("POST /accounts/{account_id}/r2/temp-access-credentials", Handler::Read(create))];

/// The longest that one may live, in seconds (the schema's `maximum`), and how long it does unless the call says.
const LONGEST: f64 = 604_800.0;
const USUAL: f64 = 900.0;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wanted {
    bucket: String,
    parent_access_key_id: String,
    permission: Level,
    ttl_seconds: Option<f64>,
    #[serde(default)]
    prefixes: Vec<String>,
    #[serde(default)]
    objects: Vec<String>,
}

/// Whether the bucket is there, and whether the parent may do as much, is not looked at: the credential shows it in use.
fn create(call: &Call, state: &State) -> Outcome {
    let account = call.account.ok_or_else(ApiError::no_route)?;
    let bad = |message: &str| ApiError::new(400, 10040, message);
    let wanted: Wanted = serde_json::from_slice(call.body())
        .map_err(|_| bad("The JSON you provided was not well formed, or lacks a field."))?;
    if !is_bucket_name(&wanted.bucket) {
        return Err(ApiError::new(400, 10005, "The specified bucket name is not valid."));
    }
    let seconds = wanted.ttl_seconds.unwrap_or(USUAL);
    if !(1.0..=LONGEST).contains(&seconds) {
        return Err(bad("ttlSeconds is not between 1 and 604800."));
    }
    let parent = parent(call, state, account, &wanted.parent_access_key_id);
    let parent = parent.ok_or_else(|| ApiError::new(403, 10003, "Access Denied"))?;
    let paths = Paths { prefix_paths: wanted.prefixes, object_paths: wanted.objects };
    let claims = Claims {
        bucket: wanted.bucket,
        scope: Some(wanted.permission),
        actions: None,
        paths: (paths != Paths::default()).then_some(paths),
        sub: Some(account.to_string()),
        iss: Some(wanted.parent_access_key_id.to_ascii_lowercase()),
        // The call names no jurisdiction, and so no endpoint.
        aud: None,
        iat: Some(call.at.0),
        // Bounded above, and whole seconds are what a JWT has.
        #[allow(clippy::cast_possible_truncation)]
        exp: call.at.0 + seconds as i64,
    };
    let (secret, session) = claims.sign(&parent);
    Ok(Answer::result(&json!({"accessKeyId": claims.iss, "secretAccessKey": secret, "sessionToken": session})))
}

/// The secret of the parent, which must be a token of the caller's or of the account. Cloudflare's answer to any other
/// is not documented.
fn parent(call: &Call, state: &State, account: AccountId, key: &str) -> Option<String> {
    let id: TokenId = key.parse().ok()?;
    let record = state.tokens.with_id(id)?;
    let own = match record.stored.owner {
        Owner::User(user) => call.caller.user() == Some(user),
        Owner::Account(owner) => owner == account,
    };
    own.then(|| record.stored.value_hash.clone())
}
