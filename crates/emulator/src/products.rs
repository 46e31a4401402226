//! What operations do once they are authorised: one module for each product.

pub(crate) mod accounts;
pub(crate) mod audit_logs;
pub(crate) mod custom_hostnames;
pub(crate) mod d1;
pub(crate) mod dns_records;
pub(crate) mod graphql;
pub(crate) mod kv;
pub(crate) mod members;
pub(crate) mod memberships;
pub(crate) mod pages;
pub(crate) mod permission_groups;
pub(crate) mod queues;
pub(crate) mod r2_buckets;
pub(crate) mod r2_domains;
pub(crate) mod r2_objects;
pub(crate) mod r2_settings;
pub(crate) mod r2_temporary;
pub(crate) mod tokens;
pub(crate) mod user;
pub(crate) mod workers_routes;
pub(crate) mod workers_scripts;
pub(crate) mod zone_settings;
pub(crate) mod zones;

use std::sync::{Arc, LazyLock};

use flarekeep_catalogue::{Operation, operation, operations};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use serde_json::Value;

use crate::emulator::{Inner, Write};
use crate::http::{ApiError, Call, OWN_NOT_SIMULATED, Outcome};
use crate::state::State;

/// How an operation is simulated.
#[derive(Clone, Copy)]
pub(crate) enum Handler {
    /// It changes nothing.
    Read(fn(&Call, &State) -> Outcome),
    /// It changes the state, unless it gives an error.
    Write(Write),
    /// It waits for something else than the state, and changes the state by [`Inner::alter`].
    Own(fn(Arc<Inner>, Call) -> BoxFuture<'static, Outcome>),
}

/// The operations of one product with their handlers.
type Table = &'static [(&'static str, Handler)];

const TABLES: &[Table] = &[
    accounts::OPERATIONS,
    audit_logs::OPERATIONS,
    custom_hostnames::OPERATIONS,
    d1::OPERATIONS,
    dns_records::OPERATIONS,
    kv::OPERATIONS,
    members::OPERATIONS,
    memberships::OPERATIONS,
    pages::OPERATIONS,
    permission_groups::OPERATIONS,
    queues::OPERATIONS,
    r2_buckets::OPERATIONS,
    r2_domains::OPERATIONS,
    r2_objects::OPERATIONS,
    r2_settings::OPERATIONS,
    r2_temporary::OPERATIONS,
    tokens::OPERATIONS,
    user::OPERATIONS,
    workers_routes::OPERATIONS,
    workers_routes::of_script::OPERATIONS,
    workers_scripts::OPERATIONS,
    workers_scripts::assets::OPERATIONS,
    workers_scripts::domains::OPERATIONS,
    workers_scripts::domains::of_script::OPERATIONS,
    workers_scripts::rest::OPERATIONS,
    workers_scripts::secrets::OPERATIONS,
    workers_scripts::services::OPERATIONS,
    workers_scripts::settings::OPERATIONS,
    workers_scripts::versions::OPERATIONS,
    zone_settings::OPERATIONS,
    zones::OPERATIONS,
];

/// The handler of an operation; none where it is not simulated.
pub(crate) fn handler(operation: &Operation) -> Option<Handler> {
    BY_INDEX.get(usize::from(operation.index)).copied().flatten()
}

/// The answer of an operation that is not simulated.
pub(crate) fn not_simulated(operation: &Operation) -> ApiError {
    ApiError::new(501, OWN_NOT_SIMULATED, format!("authorised, not simulated: {operation}"))
}

/// A time as the API writes it: `2026-11-22T05:45:00Z`.
pub(crate) fn timestamp(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or_default().to_string()
}

/// The same with microseconds, as some products write it: `2026-11-22T05:45:00.000000Z`.
pub(crate) fn timestamp_micros(seconds: i64) -> String {
    timestamp(seconds).replace('Z', ".000000Z")
}

/// The same with milliseconds: `2026-11-22T05:45:00.000Z`.
pub(crate) fn timestamp_millis(seconds: i64) -> String {
    timestamp(seconds).replace('Z', ".000Z")
}

/// The id of the account in the path, by which tables of what accounts have are kept.
pub(crate) fn owner(call: &Call) -> Result<String, ApiError> {
    call.account.map(|account| account.to_string()).ok_or_else(ApiError::no_route)
}

/// A member of a JSON object that is text; `null` counts as absent.
pub(crate) fn text<'a>(object: &'a serde_json::Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

static BY_INDEX: LazyLock<Vec<Option<Handler>>> = LazyLock::new(|| {
    let mut handlers = vec![None; operations().len()];
    for (name, handler) in TABLES.iter().copied().flatten() {
        if let Ok(found) = operation(name)
            && let Some(place) = handlers.get_mut(usize::from(found.index))
        {
            *place = Some(*handler);
        }
    }
    handlers
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_has_its_operation_and_every_operation_one_handler() {
        let names: Vec<&str> = TABLES.iter().copied().flatten().map(|(name, _)| *name).collect();
        for name in &names {
            assert_eq!(operation(name).map(ToString::to_string).as_deref(), Ok(*name));
        }
        assert_eq!(names.len(), BY_INDEX.iter().flatten().count());
    }

    #[test]
    fn times_are_written_to_the_second() {
        assert_eq!(timestamp(1_531_113_600), "2018-07-09T05:20:00Z");
        assert_eq!(timestamp_micros(0), "1970-01-01T00:00:00.000000Z");
    }
}
