//! API tokens, of users and of accounts.

mod ceiling;
mod draft;
mod shown;

use std::sync::Arc;

use flarekeep_catalogue::TokenId;
use flarekeep_policy::{Owner, Status};
use serde_json::json;

use self::draft::Draft;
use self::shown::{effective_status, token};
use super::Handler;
use crate::credential::{Kind, fresh_id, fresh_value, hash, hex};
use crate::http::{Answer, ApiError, Call, Caller, Outcome};
use crate::state::State;
use crate::state::tokens::{Before, Record, Stored, StoredPolicy};

pub(crate) use self::ceiling::may_grant_somewhere;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /user/tokens", Handler::Read(list)),
    ("GET /accounts/{account_id}/tokens", Handler::Read(list)),
    ("POST /user/tokens", Handler::Write(create)),
    ("POST /accounts/{account_id}/tokens", Handler::Write(create)),
    ("GET /user/tokens/verify", Handler::Read(verify)),
    ("GET /accounts/{account_id}/tokens/verify", Handler::Read(verify)),
    ("GET /user/tokens/{token_id}", Handler::Read(details)),
    ("GET /accounts/{account_id}/tokens/{token_id}", Handler::Read(details)),
    ("PUT /user/tokens/{token_id}", Handler::Write(update)),
    ("PUT /accounts/{account_id}/tokens/{token_id}", Handler::Write(update)),
    ("DELETE /user/tokens/{token_id}", Handler::Write(delete)),
    ("DELETE /accounts/{account_id}/tokens/{token_id}", Handler::Write(delete)),
    ("PUT /user/tokens/{token_id}/value", Handler::Write(roll)),
    ("PUT /accounts/{account_id}/tokens/{token_id}/value", Handler::Write(roll)),
];

/// Newest first, as nothing is documented; `direction=asc` turns it round.
fn list(call: &Call, state: &State) -> Outcome {
    let expired = call.query("include_expired").is_some_and(|value| value == "true");
    let seen = |record: &&Arc<Record>| {
        expired || !matches!(effective_status(record, call.at), Status::Expired | Status::RevokedExposed)
    };
    let seen = |record: &&Arc<Record>| seen(record) && is_seen(call, record, state);
    let mut records: Vec<_> = state.tokens.all_of(owner(call)?).filter(seen).collect();
    if call.query("direction").is_none_or(|direction| !direction.eq_ignore_ascii_case("asc")) {
        records.reverse();
    }
    let total = records.len();
    Ok(Answer::page_of(records.into_iter(), total, call.page(20, 5, 50), |record| token(record, call)))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let owner = owner(call)?;
    let draft = Draft::read(call, owner)?;
    ceiling::check(call, owner, &draft.policies, &state.world)?;
    let (kind, quota) = match owner {
        Owner::User(_) => (Kind::UserToken, call.options.tokens_per_user),
        Owner::Account(_) => (Kind::AccountToken, call.options.tokens_per_account),
    };
    if state.tokens.count_of(owner) >= quota {
        let error = &call.options.quota_error;
        return Err(ApiError::new(error.status, error.code, error.message.clone()));
    }
    let value = fresh_value(kind);
    let creator = call.caller.user().and_then(|id| state.world.user(id)).map(|user| user.email.clone());
    let stored = Stored {
        id: TokenId::from_u128(fresh_id()),
        owner,
        name: draft.name,
        status: Status::Active,
        issued_on: call.at.0,
        modified_on: call.at.0,
        not_before: draft.not_before,
        expires_on: draft.expires_on,
        within: draft.within,
        not_within: draft.not_within,
        policies: draft.policies,
        value_hash: hex(&hash(value.as_bytes())),
        creator_email: creator.filter(|_| matches!(owner, Owner::Account(_))),
        before: None,
        managed: false,
    };
    let record = state.tokens.put(stored);
    let mut shown = token(&record, call);
    if let Some(object) = shown.as_object_mut() {
        object.insert("value".to_owned(), value.into());
    }
    Ok(Answer::result(&shown))
}

/// Written by hand, since it is the call that is made most often. Ids and times need no escaping.
fn verify(call: &Call, _: &State) -> Outcome {
    let Caller::Token(record) = &call.caller else { return Err(crate::refusal::invalid_api_token(&call.options)) };
    let mut envelope = String::with_capacity(320);
    envelope.push_str("{\"result\":{\"id\":\"");
    envelope.push_str(&record.stored.id.to_string());
    envelope.push_str("\",\"status\":\"");
    let status = effective_status(record, call.at);
    envelope.push_str(crate::state::tokens::status_word(status));
    envelope.push('"');
    for (name, at) in [("not_before", record.stored.not_before), ("expires_on", record.stored.expires_on)] {
        if let Some(at) = at {
            envelope.push_str(",\"");
            envelope.push_str(name);
            envelope.push_str("\":\"");
            envelope.push_str(&super::timestamp(at));
            envelope.push('"');
        }
    }
    envelope.push_str("},\"success\":true,\"errors\":[],\"messages\":[");
    if status == Status::Active {
        envelope.push_str("{\"code\":10000,\"message\":\"This API Token is valid and active\",\"type\":null}");
    }
    envelope.push_str("]}");
    Ok(Answer::json(envelope))
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&token(found(call, state)?, call)))
}

/// Replaces all but the value.
fn update(call: &Call, state: &mut State) -> Outcome {
    let owner = owner(call)?;
    let old = editable(call, state)?.clone();
    let draft = Draft::read(call, owner)?;
    ceiling::check(call, owner, &draft.policies, &state.world)?;
    let stored = Stored {
        name: draft.name,
        // An update without a status keeps the one there is.
        status: draft.status.unwrap_or(old.stored.status),
        modified_on: call.at.0,
        not_before: draft.not_before,
        expires_on: draft.expires_on,
        within: draft.within,
        not_within: draft.not_within,
        before: spreading(call, &old, &draft.policies),
        policies: draft.policies,
        ..old.stored.clone()
    };
    let record = state.tokens.put(stored);
    Ok(Answer::result(&token(&record, call)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let id = editable(call, state)?.stored.id;
    state.tokens.remove(id);
    Ok(Answer::result(&json!({"id": id.to_string()})))
}

/// A new value; the old one is dead at once. A token of an older format gains the present one.
fn roll(call: &Call, state: &mut State) -> Outcome {
    let old = editable(call, state)?.clone();
    if !call.body().is_empty() && call.object().is_none() {
        return Err(draft::not_json());
    }
    let kind = match old.stored.owner {
        Owner::User(_) => Kind::UserToken,
        Owner::Account(_) => Kind::AccountToken,
    };
    let value = fresh_value(kind);
    let value_hash = hex(&hash(value.as_bytes()));
    // That a roll ends an exposure is inferred: Cloudflare's page lets the owner roll an exposed token.
    let status = if old.stored.status == Status::RevokedExposed { Status::Active } else { old.stored.status };
    state.tokens.put(Stored { value_hash, status, modified_on: call.at.0, ..old.stored.clone() });
    Ok(Answer::result(&value.into()))
}

/// Whose tokens the path names: the account's, or the calling user's.
fn owner(call: &Call) -> Result<Owner, ApiError> {
    let user = || call.caller.user().map(Owner::User);
    // An account-owned token never gets to a user's tokens, so the error is for the compiler alone.
    call.account.map(Owner::Account).or_else(user).ok_or_else(not_found)
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Arc<Record>, ApiError> {
    let id = call.parameter("token_id").parse().map_err(|_| not_found())?;
    let record = state.tokens.of(owner(call)?, id);
    record.filter(|record| is_seen(call, record, state)).ok_or_else(not_found)
}

/// Whether the caller sees a token: members that may only provision tokens see those of an account that they made.
fn is_seen(call: &Call, record: &Record, state: &State) -> bool {
    let (Some(user), Owner::Account(account)) = (call.caller.user(), record.stored.owner) else { return true };
    let made_it =
        || state.world.user(user).is_some_and(|user| record.stored.creator_email.as_ref() == Some(&user.email));
    !state.world.sees_own_tokens_alone(user, account) || made_it()
}

/// The token, unless it is Cloudflare's own. The code is Cloudflare's, the text is not known.
fn editable<'a>(call: &Call, state: &'a State) -> Result<&'a Arc<Record>, ApiError> {
    let record = found(call, state)?;
    let managed = || ApiError::new(400, 1001, "this token is managed by Cloudflare and cannot be edited");
    if record.stored.managed { Err(managed()) } else { Ok(record) }
}

/// What decides until an edit of the policies has spread; none where that is at once.
fn spreading(call: &Call, old: &Record, policies: &[StoredPolicy]) -> Option<Before> {
    let granted = |policies: &[StoredPolicy]| policies.iter().map(StoredPolicy::policy).collect::<Vec<_>>();
    let now = old.effective(call.at);
    let changed = granted(now.policies) != granted(policies);
    let until = call.at.0.saturating_add(i64::from(call.options.propagation));
    (changed && until > call.at.0).then(|| Before { until, policies: now.policies.to_vec() })
}

fn not_found() -> ApiError {
    ApiError::new(404, 1003, "Token not found")
}
