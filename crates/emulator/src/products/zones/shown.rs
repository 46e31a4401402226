//! A zone as the API shows it.

use serde_json::{Value, json};

use crate::credential::derived_id;
use crate::products::timestamp;
use crate::products::user::BEGINNING;
use crate::state::State;
use crate::world::{World, Zone};

pub(super) fn shown(zone: &Zone, state: &State) -> Value {
    let details = state.zones.of(zone.id);
    let time = |at: Option<i64>| at.map_or_else(|| BEGINNING.to_owned(), timestamp);
    let owner = json!({"id": zone.account.to_string(), "name": owner_name(&state.world, zone)});
    let mut shown = json!({
        "id": zone.id.to_string(),
        "name": zone.name,
        "status": zone.status,
        "paused": details.paused,
        "type": details.kind,
        "development_mode": 0,
        "name_servers": ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
        "original_name_servers": null,
        "original_registrar": null,
        "original_dnshost": null,
        "account": owner,
        // The schema has no null for the id and the name; Cloudflare shows none for a user of whom nothing is shown.
        "owner": {"type": "user"},
        "plan": plan(&zone.plan),
        "meta": {"step": 2, "custom_certificate_quota": 0, "page_rule_quota": 3, "phishing_detected": false},
        "permissions": [],
        "created_on": time(details.created_on),
        "modified_on": time(details.modified_on.or(details.created_on)),
        "activated_on": (zone.status == "active").then(|| time(details.activated_on)),
    });
    if let Some(object) = shown.as_object_mut() {
        if !details.vanity_name_servers.is_empty() {
            object.insert("vanity_name_servers".to_owned(), details.vanity_name_servers.into());
        }
        if details.kind == "partial" {
            // What a partial zone's owner puts into a TXT record.
            let key = derived_id(&format!("verification\0{}", zone.id));
            object.insert(
                "verification_key".to_owned(),
                format!("{:09}-{:09}", key % 1_000_000_000, (key >> 64) % 1_000_000_000).into(),
            );
        }
    }
    shown
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

pub(super) fn owner_name<'a>(world: &'a World, zone: &Zone) -> &'a str {
    world.account(zone.account).map_or("", |account| account.name.as_str())
}
