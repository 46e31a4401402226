//! All custom domains of one Worker at once. No schema has these calls: they are known from wrangler 4.164.0 (its npm
//! package), which sets a Worker's domains with them. That the `PUT` takes away what it does not name is inferred from the
//! changeset, which tells what would go.

use std::collections::BTreeMap;

use flarekeep_catalogue::{AccountId, ZoneId};
use serde_json::{Map, Value, json};

use super::{Domain, in_use, record, zone};
use crate::credential::{fresh_id, fresh_uuid};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::workers_scripts::{account, exists, missing, not_json};
use crate::products::{Handler, dns_records::lookup, owner, text as member};
use crate::state::State;

pub(in crate::products) const OPERATIONS: crate::products::Table = &[
    ("POST /accounts/{account_id}/workers/scripts/{script_name}/domains/changeset", Handler::Read(changeset)),
    ("PUT /accounts/{account_id}/workers/scripts/{script_name}/domains/records", Handler::Write(replace)),
];

/// What is wanted of one hostname.
struct Wanted {
    zone: ZoneId,
    zone_name: String,
    /// None leaves it as it is.
    enabled: Option<bool>,
    previews_enabled: Option<bool>,
}

/// What would change: domains that would be new, that would go (with `replace_state`), that are there already, and that
/// DNS records are in the way of.
fn changeset(call: &Call, state: &State) -> Outcome {
    let (owner, account, script) = place(call, state)?;
    let wanted = read(&call.json().ok_or_else(not_json)?, state, account)?;
    let domains = &state.workers_account.domains;
    let (mut added, mut updated, mut conflicting) = (Vec::new(), Vec::new(), Vec::new());
    for (hostname, wanted) in &wanted {
        let there = domains.named(&owner, hostname);
        let domain = domain(hostname, wanted, script, there.map(|(_, domain)| domain));
        let mut shown = record(there.map_or("", |(id, _)| id), &domain);
        let in_the_way = lookup::hosts(state, wanted.zone, hostname);
        let (list, name, value) = match (there, in_the_way.first()) {
            (Some((_, old)), _) => (&mut updated, "modified", Value::from(*old != domain)),
            (None, Some(id)) => (&mut conflicting, "external_dns_record_id", Value::from(id.as_str())),
            (None, None) => {
                added.push(shown);
                continue;
            }
        };
        if let Some(object) = shown.as_object_mut() {
            object.insert(name.to_owned(), value);
        }
        list.push(shown);
    }
    let replaces = call.query("replace_state").as_deref() == Some("true");
    let own = domains.of(&owner).into_iter().flatten().filter(|(_, domain)| replaces && domain.service == script);
    let gone = own.filter(|(_, domain)| !wanted.contains_key(&domain.hostname));
    let removed: Vec<Value> = gone.map(|(id, domain)| record(id, domain)).collect();
    let changes = json!({"added": added, "removed": removed, "updated": updated, "conflicting": conflicting});
    Ok(Answer::result(&changes))
}

/// Sets the domains of a Worker. One that another Worker has, and one that DNS records are in the way of, is taken only
/// where the body says so; the records go then.
fn replace(call: &Call, state: &mut State) -> Outcome {
    let (owner, account, script) = place(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let wanted = read(body.get("origins").ok_or_else(not_json)?, state, account)?;
    let may = |name: &str| body.get(name) == Some(&Value::Bool(true));
    let mut domains = Vec::new();
    for (hostname, wanted) in &wanted {
        let there = state.workers_account.domains.named(&owner, hostname);
        if there.is_some_and(|(_, old)| old.service != script) && !may("override_existing_origin") {
            return Err(in_use());
        }
        if there.is_none()
            && !may("override_existing_dns_record")
            && !lookup::hosts(state, wanted.zone, hostname).is_empty()
        {
            return Err(conflict(hostname));
        }
        let id = there.map_or_else(|| format!("{:032x}", fresh_id()), |(id, _)| id.to_owned());
        domains.push((id, domain(hostname, wanted, script, there.map(|(_, old)| old))));
    }
    let script = script.to_owned();
    for (hostname, wanted) in &wanted {
        lookup::forget_hosts(state, wanted.zone, hostname);
    }
    let all = &mut state.workers_account.domains;
    all.remove_where(&owner, |domain| domain.service == script && !wanted.contains_key(&domain.hostname));
    for (id, domain) in domains {
        all.put(&owner, id, domain);
    }
    // What else it answers nobody has told; wrangler reads nothing of it.
    Ok(Answer::result(&Value::Null))
}

/// The account as the owner of domains and as itself, and the Worker, which is there.
fn place<'a>(call: &'a Call, state: &State) -> Result<(String, AccountId, &'a str), ApiError> {
    let (account, script) = (account(call)?, call.parameter("script_name"));
    if !exists(state, account, script) {
        return Err(missing());
    }
    Ok((owner(call)?, account, script))
}

/// The hostnames that are wanted, each once: the last of several counts.
fn read(origins: &Value, state: &State, account: AccountId) -> Result<BTreeMap<String, Wanted>, ApiError> {
    let one = |origin: &Value| {
        let origin = origin.as_object().ok_or_else(not_json)?;
        let hostname = member(origin, "hostname").unwrap_or_default().to_ascii_lowercase();
        let (id, name) =
            (member(origin, "zone_id").unwrap_or_default(), member(origin, "zone_name").unwrap_or_default());
        let zone = zone(state, account, &hostname, (id, name))?;
        let truth = |name: &str| truth(origin, name);
        let (enabled, previews_enabled) = (truth("enabled"), truth("previews_enabled"));
        let wanted = Wanted { zone: zone.id, zone_name: zone.name.clone(), enabled, previews_enabled };
        Ok((hostname, wanted))
    };
    origins.as_array().ok_or_else(not_json)?.iter().map(one).collect()
}

fn truth(object: &Map<String, Value>, name: &str) -> Option<bool> {
    object.get(name).and_then(Value::as_bool)
}

/// The domain as it is wanted, over the one that is there.
fn domain(hostname: &str, wanted: &Wanted, script: &str, there: Option<&Domain>) -> Domain {
    Domain {
        hostname: hostname.to_owned(),
        service: script.to_owned(),
        environment: "production".to_owned(),
        zone_id: wanted.zone.to_string(),
        zone_name: wanted.zone_name.clone(),
        cert_id: there.map_or_else(fresh_uuid, |there| there.cert_id.clone()),
        enabled: wanted.enabled.or(there.map(|there| there.enabled)).unwrap_or(true),
        previews_enabled: wanted.previews_enabled.or(there.map(|there| there.previews_enabled)).unwrap_or(false),
    }
}

/// As people have seen it (cloudflare/workers-sdk#9878).
fn conflict(hostname: &str) -> ApiError {
    ApiError::new(409, 100_117, format!("Hostname '{hostname}' already has externally managed DNS records."))
}
