//! Values as a Worker's binding reads and writes them: for the edge.

use std::ops::Bound;

use axum::body::Bytes;
use flarekeep_catalogue::AccountId;
use serde_json::Value;

use super::{Entry, Namespace, missing, values};
use crate::http::ApiError;
use crate::state::{Map, State};

/// A value, with what is told of it.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) value: Bytes,
    pub(crate) metadata: Option<Value>,
    /// Seconds since 1970.
    pub(crate) expiration: Option<i64>,
}

/// Where a namespace is: its account and its id.
pub(crate) type Place<'a> = (AccountId, &'a str);

/// The value of a key.
pub(crate) fn value(state: &State, place: Place, key: &str, now: i64) -> Result<Option<Held>, ApiError> {
    Ok(namespace(state, place)?.live(key, now).map(|entry| Held {
        value: entry.value.clone(),
        metadata: entry.metadata.clone(),
        expiration: entry.expiration,
    }))
}

/// Writes a value. `expires` is a time and a duration, of which the duration wins.
pub(crate) fn put(
    state: &mut State,
    place: Place,
    key: &str,
    held: Held,
    ttl: Option<i64>,
    now: i64,
) -> Result<(), ApiError> {
    namespace(state, place)?;
    let expiration = values::expiration(held.expiration, ttl, now)?;
    let entry = values::checked(key, held.value, held.metadata, expiration)?;
    entries(state, place)?.insert(key.to_owned(), entry);
    Ok(())
}

/// Removes a key, which need not be there.
pub(crate) fn remove(state: &mut State, place: Place, key: &str) -> Result<(), ApiError> {
    entries(state, place)?.remove(key);
    Ok(())
}

/// The keys with a prefix behind another key, `most` of them, and whether there are more.
#[expect(clippy::type_complexity, reason = "a name, a time and a value, which no other place holds together")]
pub(crate) fn keys(
    state: &State,
    place: Place,
    (prefix, after): (&str, Option<&str>),
    most: usize,
    now: i64,
) -> Result<(Vec<(String, Option<i64>, Option<Value>)>, bool), ApiError> {
    let start = match after {
        Some(after) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let all = namespace(state, place)?.entries.range::<_, str>((start, Bound::Unbounded));
    let mut live = all.take_while(|(key, _)| key.starts_with(prefix)).filter(|(_, entry)| entry.is_live(now));
    let page = live.by_ref().take(most);
    let page = page.map(|(key, entry)| (key.clone(), entry.expiration, entry.metadata.clone())).collect();
    Ok((page, live.next().is_some()))
}

fn namespace<'a>(state: &'a State, (account, id): Place) -> Result<&'a Namespace, ApiError> {
    state.kv.0.get(&account).and_then(|namespaces| namespaces.get(id)).ok_or_else(missing)
}

fn entries<'a>(state: &'a mut State, (account, id): Place) -> Result<&'a mut Map<String, Entry>, ApiError> {
    let namespaces = state.kv.0.get_mut(&account);
    let namespace = namespaces.and_then(|namespaces| namespaces.get_mut(id)).ok_or_else(missing)?;
    Ok(&mut namespace.entries)
}
