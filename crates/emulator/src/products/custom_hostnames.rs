//! Custom hostnames of a zone. Nothing is ever validated here, so that they stay pending.

mod draft;
mod fallback_origin;

use flarekeep_catalogue::ZoneId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::draft::Draft;
use super::{Handler, timestamp_micros};
use crate::credential::fresh_uuid;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /zones/{zone_id}/custom_hostnames", Handler::Read(list)),
    ("POST /zones/{zone_id}/custom_hostnames", Handler::Write(create)),
    ("GET /zones/{zone_id}/custom_hostnames/quota", Handler::Read(quota)),
    ("GET /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", Handler::Read(details)),
    ("PATCH /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", Handler::Write(patch)),
    ("DELETE /zones/{zone_id}/custom_hostnames/{custom_hostname_id}", Handler::Write(delete)),
    ("GET /zones/{zone_id}/custom_hostnames/fallback_origin", Handler::Read(fallback_origin::details)),
    ("PUT /zones/{zone_id}/custom_hostnames/fallback_origin", Handler::Write(fallback_origin::put)),
    ("DELETE /zones/{zone_id}/custom_hostnames/fallback_origin", Handler::Write(fallback_origin::delete)),
];

/// The custom hostnames of all zones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Map<ZoneId, OfZone>);

branch!(Table);
branch!(OfZone { hostnames, fallback_origin });
leaf!(CustomHostname, fallback_origin::FallbackOrigin);

#[derive(Debug, Clone, Default, PartialEq)]
struct OfZone {
    hostnames: Map<String, CustomHostname>,
    fallback_origin: Option<fallback_origin::FallbackOrigin>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct CustomHostname {
    id: String,
    draft: Draft,
    ssl_id: String,
    /// What the owner of the hostname must publish in order to prove it.
    ownership: String,
    /// What the owner must publish for the certificate: another value than for the hostname.
    validation: String,
    created_at: i64,
}

fn list(call: &Call, state: &State) -> Outcome {
    let filter = |name: &str| call.query(name).map(|text| text.to_ascii_lowercase());
    let exact = filter("hostname").or_else(|| filter("hostname.exact"));
    let contains = filter("hostname.contain").or_else(|| filter("hostname.contains"));
    let (starts, id, ssl_status) = (filter("hostname.startsWith"), filter("id"), filter("ssl_status"));
    let status = filter("hostname_status");
    let wanted = |hostname: &&CustomHostname| {
        let name = &hostname.draft.hostname;
        exact.as_ref().is_none_or(|exact| exact == name)
            && contains.as_ref().is_none_or(|part| name.contains(part.as_str()))
            && starts.as_ref().is_none_or(|start| name.starts_with(start.as_str()))
            && id.as_ref().is_none_or(|id| *id == hostname.id)
            && ssl_status.as_deref().is_none_or(|status| status == "pending_validation")
            && status.as_deref().is_none_or(|status| status == "pending")
    };
    let mut hostnames: Vec<_> =
        of_zone(call, state).into_iter().flat_map(|zone| zone.hostnames.values()).filter(wanted).collect();
    hostnames.sort_by(|a, b| (a.created_at, &a.draft.hostname).cmp(&(b.created_at, &b.draft.hostname)));
    if call.descending() {
        hostnames.reverse();
    }
    Ok(Answer::page(hostnames.into_iter().map(shown).collect(), call.page(20, 5, 1000)))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let zone_name = call.zone.and_then(|id| state.world.zone(id)).map(|zone| zone.name.clone()).unwrap_or_default();
    let draft = Draft::read(call, &zone_name)?;
    let zone = own(call, state)?;
    if zone.hostnames.values().any(|other| other.draft.hostname == draft.hostname) {
        return Err(ApiError::new(409, 1406, "Duplicate custom hostname found."));
    }
    if zone.hostnames.len() >= call.options.custom_hostnames_per_zone {
        return Err(ApiError::new(403, 1405, "Quota exceeded. Custom hostnames can not be created."));
    }
    let hostname = CustomHostname {
        id: fresh_uuid(),
        draft,
        ssl_id: fresh_uuid(),
        ownership: fresh_uuid(),
        validation: fresh_uuid().replace('-', ""),
        created_at: call.at.0,
    };
    let answer = Answer::result(&shown(&hostname));
    zone.hostnames.insert(hostname.id.clone(), hostname);
    Ok(answer)
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown(found(call, state)?)))
}

/// Changes what the body names. The same `ssl` once more begins the validation anew, which changes nothing here.
fn patch(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.id.clone();
    let hostname = own(call, state)?.hostnames.get_mut(&id).ok_or_else(missing)?;
    hostname.draft.patch(call)?;
    Ok(Answer::result(&shown(hostname)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    let id = found(call, state)?.id.clone();
    own(call, state)?.hostnames.remove(&id);
    Ok(Answer::result(&json!({"id": id})))
}

fn quota(call: &Call, state: &State) -> Outcome {
    let used = of_zone(call, state).map_or(0, |zone| zone.hostnames.len());
    let allocated = call.options.custom_hostnames_per_zone;
    let exceeded = used > allocated;
    Ok(Answer::result(&json!({"allocated": allocated, "used": used, "exceeded": exceeded, "hard_cap": allocated})))
}

/// The zone of a custom hostname, whether it is active, and its metadata: for the edge. None is ever active here.
pub(crate) fn serving(state: &State, host: &str) -> Option<(ZoneId, bool, Value)> {
    let has = |zone: &OfZone| zone.hostnames.values().any(|hostname| hostname.draft.hostname == host);
    let (zone, _) = state.custom_hostnames.0.iter().find(|(_, zone)| has(zone))?;
    Some((*zone, false, Value::Null))
}

fn of_zone<'a>(call: &Call, state: &'a State) -> Option<&'a OfZone> {
    state.custom_hostnames.0.get(&call.zone?)
}

fn own<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut OfZone, ApiError> {
    let zone = call.zone.ok_or_else(ApiError::no_route)?;
    Ok(state.custom_hostnames.0.entry(zone).or_default())
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a CustomHostname, ApiError> {
    let zone = of_zone(call, state);
    zone.and_then(|zone| zone.hostnames.get(call.parameter("custom_hostname_id"))).ok_or_else(missing)
}

fn missing() -> ApiError {
    ApiError::new(404, 1436, "The custom hostname was not found.")
}

fn shown(hostname: &CustomHostname) -> Value {
    let draft = &hostname.draft;
    let name = &draft.hostname;
    let record = if draft.method == "txt" {
        json!({
            "status": "pending",
            "txt_name": format!("_acme-challenge.{}", name.trim_start_matches("*.")),
            "txt_value": hostname.validation,
        })
    } else {
        json!({
            "status": "pending",
            "http_url": format!("http://{name}/.well-known/acme-challenge/{}", hostname.validation),
            "http_body": hostname.validation,
        })
    };
    let mut shown = json!({
        "id": hostname.id,
        "hostname": name,
        "status": "pending",
        "verification_errors": [],
        "created_at": timestamp_micros(hostname.created_at),
        "ownership_verification": {
            "type": "txt",
            "name": format!("_cf-custom-hostname.{}", name.trim_start_matches("*.")),
            "value": hostname.ownership,
        },
        "ownership_verification_http": {
            "http_url": format!("http://{name}/.well-known/cf-custom-hostname-challenge/{}", hostname.id),
            "http_body": hostname.ownership,
        },
        "ssl": {
            "id": hostname.ssl_id,
            "type": "dv",
            "method": draft.method,
            "status": "pending_validation",
            "wildcard": draft.wildcard,
            "bundle_method": "ubiquitous",
            "certificate_authority": draft.authority,
            "settings": draft.settings,
            "validation_records": [record],
            "validation_errors": [],
            "dcv_delegation_records": [],
        },
    });
    if let Some(object) = shown.as_object_mut() {
        object.extend(draft.extra.clone());
    }
    shown
}
