//! Zones.

use serde_json::{Value, json};

use super::Handler;
use super::user::BEGINNING;
use crate::authorisation::lists_zone;
use crate::credential::derived_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;
use crate::world::{World, Zone};

pub(super) const OPERATIONS: super::Table =
    &[("GET /zones", Handler::Read(list)), ("GET /zones/{zone_id}", Handler::Read(details))];

fn list(call: &Call, state: &State) -> Outcome {
    let world = &state.world;
    let (name, status) = (call.query("name"), call.query("status"));
    let (account, account_name) = (call.query("account.id"), call.query("account.name"));
    let wanted = |zone: &&Zone| {
        name.as_deref().is_none_or(|pattern| is_named(&zone.name, pattern))
            && status.as_deref().is_none_or(|status| status == zone.status)
            && account.as_deref().is_none_or(|id| id.eq_ignore_ascii_case(&zone.account.to_string()))
            && account_name.as_deref().is_none_or(|name| owner_name(world, zone) == name)
            && lists_zone(call, world, zone)
    };
    let mut zones: Vec<&Zone> = world.zones.iter().filter(wanted).collect();
    zones.sort_by(|a, b| a.name.cmp(&b.name));
    if call.descending() {
        zones.reverse();
    }
    Ok(Answer::page(zones.into_iter().map(|zone| shown(zone, world)).collect(), call.page(20, 1, 50)))
}

fn details(call: &Call, state: &State) -> Outcome {
    let zone = call.zone.and_then(|id| state.world.zone(id));
    let missing = || ApiError::new(404, 1001, "zone not found");
    zone.map(|zone| Answer::result(&shown(zone, &state.world))).ok_or_else(missing)
}

/// Whether a zone's name meets a filter: a name, or one of the documented operators before a text.
fn is_named(name: &str, pattern: &str) -> bool {
    let pattern = pattern.to_ascii_lowercase();
    match pattern.split_once(':') {
        Some(("equal", text)) => name == text,
        Some(("not_equal", text)) => name != text,
        Some(("contains" | "contains_case_sensitive", text)) => name.contains(text),
        Some(("starts_with" | "starts_with_case_sensitive", text)) => name.starts_with(text),
        Some(("ends_with" | "ends_with_case_sensitive", text)) => name.ends_with(text),
        _ => name == pattern,
    }
}

fn shown(zone: &Zone, world: &World) -> Value {
    let owner = json!({"id": zone.account.to_string(), "name": owner_name(world, zone)});
    json!({
        "id": zone.id.to_string(),
        "name": zone.name,
        "status": zone.status,
        "paused": false,
        "type": "full",
        "development_mode": 0,
        "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "original_name_servers": null,
        "original_registrar": null,
        "original_dnshost": null,
        "account": owner,
        "owner": {"id": null, "type": "user", "email": null},
        "plan": plan(&zone.plan),
        "meta": {"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": false},
        "permissions": [],
        "created_on": BEGINNING,
        "modified_on": BEGINNING,
        "activated_on": (zone.status == "active").then_some(BEGINNING),
    })
}

/// Of the plans' ids one is known; the others are the emulator's own.
fn plan(of: &str) -> Value {
    let (id, name) = match of {
        "pro" => (None, "Pro Website"),
        "business" => (None, "Business Website"),
        "enterprise" => (None, "Enterprise Website"),
        _ => (Some("0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee"), "Free Website"),
    };
    let own = || format!("{:032x}", derived_id(&format!("flarekeep emulator plan\0{of}")));
    let id = id.map_or_else(own, ToOwned::to_owned);
    json!({"id": id, "name": name, "legacy_id": of, "is_subscribed": true})
}

fn owner_name<'a>(world: &'a World, zone: &Zone) -> &'a str {
    world.account(zone.account).map_or("", |account| account.name.as_str())
}
