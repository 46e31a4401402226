//! The filters of the audit log: each may be given several times, and each has its contrary with `.not`.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::bad;
use super::entry::Entry;
use crate::http::{ApiError, Call};
use crate::state::State;

const NAMES: [&str; 21] = [
    "account_name",
    "action_result",
    "action_type",
    "actor_context",
    "actor_email",
    "actor_id",
    "actor_ip_address",
    "actor_token_id",
    "actor_token_name",
    "actor_type",
    "audit_log_id",
    "id",
    "raw_cf_ray_id",
    "raw_method",
    "raw_status_code",
    "raw_uri",
    "resource_id",
    "resource_product",
    "resource_scope",
    "resource_type",
    "zone_id",
];

/// What a list asks for: all must hold.
pub(super) struct Filter {
    since: Option<i64>,
    before: Option<i64>,
    tests: Vec<Test>,
}

struct Test {
    name: &'static str,
    /// One of these it must be, or none of these.
    values: Vec<String>,
    not: bool,
}

impl Filter {
    pub(super) fn of(call: &Call) -> Result<Self, ApiError> {
        let (since, before) = times(call, true)?;
        let mut tests = Vec::new();
        for name in NAMES.into_iter().chain(["zone_name", "product_category"]) {
            for not in [false, true] {
                let values = call.queries(&if not { format!("{name}.not") } else { name.to_owned() });
                let values: Vec<String> =
                    values.iter().flat_map(|value| value.split(',')).map(str::to_lowercase).collect();
                if !values.is_empty() {
                    tests.push(Test { name, values, not });
                }
            }
        }
        Ok(Self { since, before, tests })
    }

    pub(super) fn admits(&self, entry: &Entry, state: &State) -> bool {
        self.since.is_none_or(|since| entry.at >= since)
            && self.before.is_none_or(|before| entry.at < before)
            && self.tests.iter().all(|test| {
                let value = field(test.name, entry, state).unwrap_or_default().to_lowercase();
                test.values.contains(&value) != test.not
            })
    }
}

/// The times of `since` and `before`, in seconds: a date in UTC, or a time as RFC 3339 has it.
pub(super) fn times(call: &Call, needed: bool) -> Result<(Option<i64>, Option<i64>), ApiError> {
    let time = |name: &str| match call.query(name) {
        None if needed => Err(bad(name)),
        None => Ok(None),
        Some(text) => seconds(&text).map(Some).ok_or_else(|| bad(name)),
    };
    Ok((time("since")?, time("before")?))
}

fn seconds(text: &str) -> Option<i64> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time.as_second());
    }
    let date: Date = text.parse().ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

fn field(name: &str, entry: &Entry, state: &State) -> Option<String> {
    let (actor, resource) = (&entry.actor, &entry.resource);
    match name {
        "account_name" => entry.account.and_then(|id| state.world.account(id)).map(|account| account.name.clone()),
        "action_result" => Some(if entry.succeeded { "success" } else { "failure" }.to_owned()),
        "action_type" => Some(entry.action.clone()),
        "actor_context" => Some(actor.context.clone()),
        "actor_email" => actor.email.clone(),
        "actor_id" => actor.id.clone(),
        "actor_ip_address" => actor.ip.clone(),
        "actor_token_id" => actor.token_id.clone(),
        "actor_token_name" => actor.token_name.clone(),
        "actor_type" => Some(actor.kind.clone()),
        "audit_log_id" | "id" => Some(entry.id.clone()),
        "raw_cf_ray_id" => Some(entry.ray.clone()),
        "raw_method" => Some(entry.method.clone()),
        "raw_status_code" => Some(entry.status.to_string()),
        "raw_uri" => Some(entry.uri.clone()),
        "resource_id" => resource.id.clone(),
        "resource_product" | "product_category" => Some(resource.product.clone()),
        "resource_scope" => Some(resource.scope.clone()),
        "resource_type" => Some(resource.kind.clone()),
        "zone_id" => entry.zone.as_ref().map(|(id, _)| id.clone()),
        "zone_name" => entry.zone.as_ref().map(|(_, name)| name.clone()),
        _ => None,
    }
}
