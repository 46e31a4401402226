//! What a caller wants a token to be: reading and validating the body.

use flarekeep_catalogue::{GroupId, Scope};
use flarekeep_policy::{BadResource, Owner, Status};
use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::credential::fresh_id;
use crate::http::{ApiError, Call};
use crate::log::printable;
use crate::options::{FlatZones, Fractions, Options, PolicyOrder, ScopeMismatch};
use crate::products::text;
use crate::state::groups::by_id;
use crate::state::tokens::{StoredPolicy, resource};

/// A body of create or update that is valid.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) status: Option<Status>,
    pub(super) not_before: Option<i64>,
    pub(super) expires_on: Option<i64>,
    pub(super) within: Option<Vec<IpNet>>,
    pub(super) not_within: Option<Vec<IpNet>>,
    pub(super) policies: Vec<StoredPolicy>,
}

impl Draft {
    pub(super) fn read(call: &Call, owner: Owner) -> Result<Self, ApiError> {
        let body = call.object().ok_or_else(not_json)?;
        let name = text(&body, "name").unwrap_or_default();
        if !(1..=120).contains(&name.chars().count()) {
            return Err(invalid("name must have a length between 1 and 120 characters"));
        }
        let status = match present(&body, "status").map(|status| status.as_str().unwrap_or_default()) {
            None => None,
            Some("active") => Some(Status::Active),
            Some("disabled") => Some(Status::Disabled),
            Some(_) => return Err(invalid("status must be active or disabled")),
        };
        let fractions = call.options.fractions;
        let (not_before, expires_on) = (time(&body, "not_before", fractions)?, time(&body, "expires_on", fractions)?);
        if let (Some(start), Some(end)) = (not_before, expires_on)
            && end <= start
        {
            return Err(invalid("expires_on must be after not_before"));
        }
        let (within, not_within) = ranges(&body)?;
        let policies = policies(&body, &call.options, owner)?;
        Ok(Self { name: name.to_owned(), status, not_before, expires_on, within, not_within, policies })
    }
}

/// The answer to a body that is not a JSON object.
pub(super) fn not_json() -> ApiError {
    ApiError::new(400, 1198, "the request body could not be decoded as JSON")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(400, 400, message)
}

/// A member that is there and not null.
fn present<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn time(body: &Map<String, Value>, name: &str, fractions: Fractions) -> Result<Option<i64>, ApiError> {
    let Some(value) = present(body, name) else { return Ok(None) };
    let time = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
    if fractions == Fractions::Reject && time.is_some_and(|time| time.subsec_nanosecond() != 0) {
        return Err(invalid(format!("{name} must be a time in whole seconds")));
    }
    time.map(|time| Some(time.as_second())).ok_or_else(|| invalid(format!("{name} must be a time as in RFC 3339")))
}

type Ranges = Option<Vec<IpNet>>;

/// The condition on addresses, in either spelling of its key.
fn ranges(body: &Map<String, Value>) -> Result<(Ranges, Ranges), ApiError> {
    let condition = present(body, "condition").and_then(Value::as_object);
    let both =
        condition.and_then(|condition| present(condition, "request_ip").or_else(|| present(condition, "request.ip")));
    let Some(lists) = both else { return Ok((None, None)) };
    let lists = lists.as_object().ok_or_else(|| invalid("condition.request_ip must be an object"))?;
    let list = |name| {
        let Some(given) = present(lists, name) else { return Ok(None) };
        let bad = || invalid(format!("condition.request_ip.{name} must be a list of CIDR ranges"));
        let items = given.as_array().ok_or_else(bad)?.iter();
        // A single address must be written as a range, so there is no leniency here.
        items
            .map(|item| item.as_str().and_then(|text| text.parse().ok()).ok_or_else(bad))
            .collect::<Result<_, _>>()
            .map(Some)
    };
    Ok((list("in")?, list("not_in")?))
}

fn policies(body: &Map<String, Value>, options: &Options, owner: Owner) -> Result<Vec<StoredPolicy>, ApiError> {
    let given = present(body, "policies").and_then(Value::as_array).filter(|policies| !policies.is_empty());
    let given = given.ok_or_else(|| invalid("policies must have at least one entry"))?;
    let mut policies = given.iter().map(|policy| read_policy(policy, options, owner)).collect::<Result<Vec<_>, _>>()?;
    if options.policy_order != PolicyOrder::Kept {
        policies.sort_by(|a, b| (a.deny, &a.groups, &a.resources).cmp(&(b.deny, &b.groups, &b.resources)));
    }
    Ok(policies)
}

fn read_policy(policy: &Value, options: &Options, owner: Owner) -> Result<StoredPolicy, ApiError> {
    let object = policy.as_object().ok_or_else(|| invalid("each policy must be an object"))?;
    let deny = match text(object, "effect") {
        Some("allow") => false,
        Some("deny") => true,
        _ => return Err(invalid("the effect of each policy must be allow or deny")),
    };
    let groups = groups(object, owner, options.policy_order)?;
    let resources = resources(object)?;
    let flat = |(key, inner): &(String, Option<String>)| inner.is_none() && key == "com.cloudflare.api.account.zone.*";
    if options.flat_zones == FlatZones::Reject && matches!(owner, Owner::Account(_)) && resources.iter().any(flat) {
        return Err(bad_resource("com.cloudflare.api.account.zone.*"));
    }
    let stored = StoredPolicy { id: format!("{:032x}", fresh_id()), deny, resources, groups };
    if options.scope_mismatch == ScopeMismatch::Reject {
        refuse_mismatch(&stored)?;
    }
    Ok(stored)
}

fn groups(policy: &Map<String, Value>, owner: Owner, order: PolicyOrder) -> Result<Vec<GroupId>, ApiError> {
    let given = present(policy, "permission_groups").and_then(Value::as_array).filter(|groups| !groups.is_empty());
    let given = given.ok_or_else(|| invalid("permission_groups of each policy must have at least one entry"))?;
    let mut groups = Vec::with_capacity(given.len());
    for group in given {
        let id = group.get("id").and_then(Value::as_str).unwrap_or_default();
        let missing = || {
            let id = printable(id, 40);
            ApiError::new(400, 1001, format!("Permission group {id} not found"))
        };
        let id: GroupId = id.parse().map_err(|_| missing())?;
        let known = by_id(id).ok_or_else(missing)?;
        if matches!(owner, Owner::Account(_)) && known.scope == Scope::User {
            return Err(missing());
        }
        if !groups.contains(&id) {
            groups.push(id);
        }
    }
    if order != PolicyOrder::Kept {
        groups.sort_unstable();
    }
    Ok(groups)
}

fn resources(policy: &Map<String, Value>) -> Result<Vec<(String, Option<String>)>, ApiError> {
    let given = present(policy, "resources").and_then(Value::as_object).filter(|resources| !resources.is_empty());
    let given = given.ok_or_else(|| invalid("resources of each policy must have at least one entry"))?;
    let mut resources = Vec::with_capacity(given.len());
    for (key, value) in given {
        match value {
            Value::String(all) if all == "*" => resources.push((key.clone(), None)),
            Value::Object(nested) if !nested.is_empty() => {
                for (inner, value) in nested {
                    if value.as_str() != Some("*") {
                        return Err(bad_resource(inner));
                    }
                    resources.push((key.clone(), Some(inner.clone())));
                }
            }
            _ => return Err(bad_resource(key)),
        }
    }
    for (key, inner) in &resources {
        match resource(key, inner.as_deref()) {
            Ok(_) => {}
            Err(BadResource::FlatBucketWildcard) => {
                return Err(ApiError::new(403, 9109, "Unauthorized to access requested resource"));
            }
            Err(_) => return Err(bad_resource(key)),
        }
    }
    resources.sort();
    Ok(resources)
}

fn bad_resource(key: &str) -> ApiError {
    let key = printable(key, 120);
    ApiError::new(
        400,
        1001,
        format!("resource {key} is not valid: its key must end in an id or *, its value must be \"*\""),
    )
}

fn refuse_mismatch(stored: &StoredPolicy) -> Result<(), ApiError> {
    let policy = stored.policy();
    for group in policy.known_groups() {
        if !policy.resources.iter().any(|resource| resource.scope() == group.scope) {
            let message = format!("Permission group {} does not apply to the resources of its policy", group.name);
            return Err(ApiError::new(400, 1001, message));
        }
    }
    Ok(())
}
