//! What a world holds beside users, accounts and zones: it is made by the operations that make it for callers, so that
//! nothing is there that the API would refuse.

use std::fmt;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use flarekeep_catalogue::{AccountId, TokenId, UserId, ZoneId, operation};
use flarekeep_policy::{Owner, Status, UnixSeconds};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::credential::with_id;
use crate::emulator::TokenFact;
use crate::http::{ApiError, Call, Caller};
use crate::options::{Options, ScopeMismatch};
use crate::products::{Handler, handler};
use crate::state::State;
use crate::state::tokens::Stored;

/// What is made before the first call, in this order. It is shared, as a world is copied with each write to it.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Seeds(Arc<Vec<Seed>>);

/// One thing that is made.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Seed {
    /// A call of an operation that changes the state.
    Call {
        operation: String,
        account: Option<AccountIn>,
        zone: Option<ZoneIn>,
        /// The path's other parameters.
        parameters: Vec<(String, String)>,
        jurisdiction: Option<String>,
        body: Value,
        /// The id that is made, where it was said: 32 hexadecimal digits.
        id: Option<String>,
    },
    /// A token.
    Token { owner: OwnerIn, body: Value, id: Option<String>, value_hash: Option<String>, disabled: bool },
}

/// Ids as they are saved.
pub(super) type AccountIn = String;
pub(super) type ZoneIn = String;

/// Whose a token is, as it is saved.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum OwnerIn {
    User(String),
    Account(String),
}

impl Seeds {
    /// One more.
    pub(super) fn push(&mut self, seed: Seed) {
        Arc::make_mut(&mut self.0).push(seed);
    }

    /// Makes everything in a state that holds its world; the tokens' facts.
    pub(crate) fn plant(&self, state: &mut State, at: UnixSeconds) -> Result<Vec<TokenFact>, ApiError> {
        let mut tokens = Vec::new();
        for seed in self.0.iter() {
            tokens.extend(seed.plant(state, at)?);
        }
        Ok(tokens)
    }
}

impl Seed {
    /// Makes it; a token's facts.
    pub(super) fn plant(&self, state: &mut State, at: UnixSeconds) -> Result<Option<TokenFact>, ApiError> {
        match self {
            Self::Call { operation, account, zone, parameters, jurisdiction, body, id } => {
                let zone = zone.as_ref().and_then(|id| id.parse::<ZoneId>().ok());
                let of_zone = zone.and_then(|id| state.world.zone(id)).map(|zone| zone.account);
                let account = account.as_ref().and_then(|id| id.parse::<AccountId>().ok()).or(of_zone);
                let place = Place { account, zone, parameters, jurisdiction: jurisdiction.as_deref() };
                let made = run(operation, &place, body, state, at, id.as_deref().and_then(number))?;
                match id {
                    Some(id) if member(&made, "id") != id => Err(impossible("it cannot be given an id")),
                    _ => Ok(None),
                }
            }
            Self::Token { owner, body, id, value_hash, disabled } => {
                token(owner, body, id.as_deref().and_then(number), value_hash.as_ref(), *disabled, state, at).map(Some)
            }
        }
    }
}

/// Where a call is made.
#[derive(Default)]
struct Place<'a> {
    account: Option<AccountId>,
    zone: Option<ZoneId>,
    parameters: &'a [(String, String)],
    jurisdiction: Option<&'a str>,
}

fn token(
    owner: &OwnerIn,
    body: &Value,
    id: Option<u128>,
    value_hash: Option<&String>,
    disabled: bool,
    state: &mut State,
    at: UnixSeconds,
) -> Result<TokenFact, ApiError> {
    let bad = || impossible("its owner is not there");
    let (path, account, user) = match owner {
        OwnerIn::User(id) => ("POST /user/tokens", None, Some(id.parse::<UserId>().map_err(|_| bad())?)),
        OwnerIn::Account(id) => {
            ("POST /accounts/{account_id}/tokens", Some(id.parse::<AccountId>().map_err(|_| bad())?), None)
        }
    };
    let whose = account.map(Owner::Account).or(user.map(Owner::User)).ok_or_else(bad)?;
    let made = run_as(path, &Place { account, ..Place::default() }, body, state, at, user, None)?;
    let text = |name: &str| member(&made, name).to_owned();
    let made_id: TokenId = text("id").parse().map_err(|_| impossible("it was not made"))?;
    let stored = state.tokens.of(whose, made_id).map(|record| record.stored.clone());
    let stored = stored.ok_or_else(|| impossible("it was not made"))?;
    let id = id.map_or(made_id, TokenId::from_u128);
    let value_hash_now = value_hash.cloned().unwrap_or_else(|| stored.value_hash.clone());
    let status = if disabled { Status::Disabled } else { stored.status };
    state.tokens.remove(made_id);
    state.tokens.put(Stored { id, status, value_hash: value_hash_now, ..stored });
    Ok(TokenFact { id, name: text("name"), value: value_hash.is_none().then(|| text("value")) })
}

fn run(
    name: &str,
    place: &Place,
    body: &Value,
    state: &mut State,
    at: UnixSeconds,
    id: Option<u128>,
) -> Result<Value, ApiError> {
    run_as(name, place, body, state, at, None, id)
}

/// Calls an operation as a super administrator; its result.
fn run_as(
    name: &str,
    place: &Place,
    body: &Value,
    state: &mut State,
    at: UnixSeconds,
    user: Option<UserId>,
    id: Option<u128>,
) -> Result<Value, ApiError> {
    let operation = operation(name).map_err(|error| impossible(&error.to_string()))?;
    let Some(Handler::Write(write)) = handler(operation) else {
        return Err(impossible(&format!("the emulator does not simulate `{name}`")));
    };
    let member = || state.world.users.iter().find(|user| place.account.is_some_and(|id| user.accounts.contains(&id)));
    let user = user.or_else(|| member().or_else(|| state.world.usual_user()).map(|user| user.id));
    let user = user.ok_or_else(|| impossible("there is no user"))?;
    let mut headers = HeaderMap::new();
    if let Some(jurisdiction) = place.jurisdiction.and_then(|text| HeaderValue::from_str(text).ok()) {
        headers.insert(HeaderName::from_static("cf-r2-jurisdiction"), jurisdiction);
    }
    let names = |given: &str| {
        operation
            .path()
            .split('/')
            .find_map(|part| part.strip_prefix('{')?.strip_suffix('}').filter(|name| *name == given))
    };
    let parameters = place.parameters.iter().filter_map(|(name, value)| Some((names(name)?, value.clone())));
    let call = Call::made(
        operation,
        Caller::Key(user),
        (place.account, place.zone),
        parameters.collect(),
        headers,
        Bytes::from(body.to_string()),
        at,
        options(),
    );
    let answer = with_id(id, || write(&call, state))?;
    Ok(answer.json_body().get("result").cloned().unwrap_or(Value::Null))
}

/// A world may hold more than a user may make, and less is refused than a switch could.
fn options() -> Arc<Options> {
    Arc::new(Options {
        tokens_per_user: usize::MAX,
        tokens_per_account: usize::MAX,
        scope_mismatch: ScopeMismatch::Accept,
        ..Options::default()
    })
}

/// A member that is text; empty where there is none.
fn member<'a>(made: &'a Value, name: &str) -> &'a str {
    made.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// An id as a number.
fn number(id: &str) -> Option<u128> {
    u128::from_str_radix(id, 16).ok()
}

fn impossible(message: &str) -> ApiError {
    ApiError::new(400, crate::http::OWN_CONTROL, message)
}

/// The body that turns a zone's setting.
pub(super) fn setting(zone: ZoneId, name: &str, value: &Value) -> Seed {
    Seed::Call {
        operation: "PATCH /zones/{zone_id}/settings/{setting_id}".to_owned(),
        account: None,
        zone: Some(zone.to_string()),
        parameters: vec![("zone_id".to_owned(), zone.to_string()), ("setting_id".to_owned(), name.to_owned())],
        jurisdiction: None,
        body: json!({ "value": value }),
        id: None,
    }
}

impl PartialEq for Seeds {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl fmt::Debug for Seeds {
    /// Without what they hold, among which are the hashes of tokens' values.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Seeds({})", self.0.len())
    }
}
