//! Tokens as the API shows them.

use flarekeep_policy::{Owner, Status, UnixSeconds};
use serde_json::{Map, Value, json};

use crate::credential::random;
use crate::http::Call;
use crate::options::{IpKey, PolicyOrder};
use crate::products::timestamp;
use crate::state::groups::by_id;
use crate::state::tokens::{Record, StoredPolicy, status_word};

/// The token without its value.
pub(super) fn token(record: &Record, call: &Call) -> Value {
    let at = call.at;
    let stored = &record.stored;
    let mut shown = Map::new();
    let mut set = |name: &str, value: Value| shown.insert(name.to_owned(), value);
    set("id", stored.id.to_string().into());
    set("name", stored.name.clone().into());
    set("status", status_word(effective_status(record, at)).into());
    set("issued_on", timestamp(stored.issued_on).into());
    set("modified_on", timestamp(stored.modified_on).into());
    let times =
        [("last_used_on", record.last_used()), ("not_before", stored.not_before), ("expires_on", stored.expires_on)];
    for (name, time) in times {
        if let Some(time) = time {
            set(name, timestamp(time).into());
        }
    }
    if stored.within.is_some() || stored.not_within.is_some() {
        let mut ranges = Map::new();
        for (name, list) in [("in", &stored.within), ("not_in", &stored.not_within)] {
            if let Some(list) = list {
                ranges.insert(name.to_owned(), list.iter().map(ToString::to_string).collect::<Vec<_>>().into());
            }
        }
        let key = match call.options.ip_key {
            IpKey::Underscore => "request_ip",
            IpKey::Dot => "request.ip",
        };
        set("condition", json!({ key: ranges }));
    }
    let mut policies: Vec<Value> =
        stored.policies.iter().map(|stored| policy(stored, call.options.policy_order)).collect();
    if call.options.policy_order == PolicyOrder::Shuffled {
        shuffle(&mut policies);
    }
    set("policies", policies.into());
    if matches!(stored.owner, Owner::Account(_)) {
        if let Some(email) = &stored.creator_email {
            set("creator_email_at_creation", email.clone().into());
        }
        // They name the OAuth client that made the token, which none has here.
        set("provisioner_type", Value::Null);
        set("provisioner_id", Value::Null);
    }
    shown.into()
}

/// The status as it is at this time: an active token whose end has passed is expired.
pub(super) fn effective_status(record: &Record, at: UnixSeconds) -> Status {
    let over = record.stored.expires_on.is_some_and(|end| at.0 >= end);
    if over && record.stored.status == Status::Active { Status::Expired } else { record.stored.status }
}

/// Another order each time.
fn shuffle(items: &mut [Value]) {
    for last in (1..items.len()).rev() {
        let at = u64::from_be_bytes(random()) % (last as u64 + 1);
        items.swap(last, usize::try_from(at).unwrap_or(last));
    }
}

fn policy(policy: &StoredPolicy, order: PolicyOrder) -> Value {
    let groups = policy.groups.iter().map(|id| match by_id(*id) {
        Some(group) => json!({"id": id.to_string(), "name": group.name, "meta": {"scopes": group.scope.key()}}),
        None => json!({"id": id.to_string()}),
    });
    let mut resources = Map::new();
    for (key, inner) in &policy.resources {
        match inner {
            None => {
                resources.insert(key.clone(), "*".into());
            }
            Some(inner) => {
                let nested = resources.entry(key.clone()).or_insert_with(|| Map::new().into());
                if let Some(nested) = nested.as_object_mut() {
                    nested.insert(inner.clone(), "*".into());
                }
            }
        }
    }
    let mut groups: Vec<Value> = groups.collect();
    if order == PolicyOrder::Shuffled {
        shuffle(&mut groups);
    }
    json!({
        "id": policy.id,
        "effect": if policy.deny { "deny" } else { "allow" },
        "permission_groups": groups,
        "resources": resources,
    })
}
