//! Domains of R2 buckets, custom ones and the one below `r2.dev`, event notifications and metrics: state without effect.

#![expect(
    clippy::indexing_slicing,
    reason = "a JSON value has null for what is absent; those that are changed are objects"
)]

use flarekeep_policy::BucketKey;
use serde_json::{Map, Value, json};

use super::r2_settings::{body, existing, malformed};
use super::{Handler, text as member, timestamp};
use crate::credential::{fresh_id, hash, hex};
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::State;

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/domains/custom", Handler::Read(list)),
    ("POST /accounts/{account_id}/r2/buckets/{bucket_name}/domains/custom", Handler::Write(add)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/domains/custom/{domain}", Handler::Read(details)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/domains/custom/{domain}", Handler::Write(edit)),
    ("DELETE /accounts/{account_id}/r2/buckets/{bucket_name}/domains/custom/{domain}", Handler::Write(remove)),
    ("GET /accounts/{account_id}/r2/buckets/{bucket_name}/domains/managed", Handler::Read(managed)),
    ("PUT /accounts/{account_id}/r2/buckets/{bucket_name}/domains/managed", Handler::Write(put_managed)),
    ("GET /accounts/{account_id}/event_notifications/r2/{bucket_name}/configuration", Handler::Read(notifications)),
    (
        "GET /accounts/{account_id}/event_notifications/r2/{bucket_name}/configuration/queues/{queue_id}",
        Handler::Read(notification),
    ),
    (
        "PUT /accounts/{account_id}/event_notifications/r2/{bucket_name}/configuration/queues/{queue_id}",
        Handler::Write(put_notification),
    ),
    (
        "DELETE /accounts/{account_id}/event_notifications/r2/{bucket_name}/configuration/queues/{queue_id}",
        Handler::Write(delete_notification),
    ),
    ("GET /accounts/{account_id}/r2/metrics", Handler::Read(metrics)),
];

/// The names of the settings begin so; the domain or the queue's id follows.
const DOMAIN: &str = "domain/";
const QUEUE: &str = "queue/";
const MANAGED: &str = "managed";

fn list(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    let domains: Vec<&Value> = state.r2_settings.beginning(&bucket, DOMAIN).map(|(_, domain)| domain).collect();
    Ok(Answer::result(&json!({"domains": domains})))
}

fn add(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let body = body(call)?;
    let domain = member(&body, "domain").unwrap_or_default().to_ascii_lowercase();
    let enabled = body.get("enabled").and_then(Value::as_bool).ok_or_else(malformed)?;
    let zone = member(&body, "zoneId").and_then(|id| id.parse().ok()).and_then(|id| state.world.zone(id));
    // Which error an unknown zone gets is not documented.
    let zone =
        zone.filter(|zone| zone.account == bucket.account && within(&domain, &zone.name)).ok_or_else(no_domain)?;
    let mut shown = json!({
        "domain": domain,
        "enabled": enabled,
        "zoneId": zone.id.to_string(),
        "zoneName": zone.name,
        "status": {"ownership": "active", "ssl": "active"},
    });
    take_up(&mut shown, &body)?;
    let name = format!("{DOMAIN}{domain}");
    if state.r2_settings.setting(&bucket, &name).is_some() {
        return Err(ApiError::new(409, 10054, "The specified domain is already in use."));
    }
    state.r2_settings.set(&bucket, &name, Some(shown.clone()));
    Ok(Answer::result(&without(shown, &["status", "zoneName"])))
}

fn details(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    state.r2_settings.setting(&bucket, &named(call)).map(Answer::result).ok_or_else(no_domain)
}

fn edit(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let mut shown = state.r2_settings.setting(&bucket, &named(call)).cloned().ok_or_else(no_domain)?;
    let body = body(call)?;
    if let Some(enabled) = body.get("enabled") {
        shown["enabled"] = json!(enabled.as_bool().ok_or_else(malformed)?);
    }
    take_up(&mut shown, &body)?;
    state.r2_settings.set(&bucket, &named(call), Some(shown.clone()));
    Ok(Answer::result(&without(shown, &["status", "zoneId", "zoneName"])))
}

fn remove(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let removed = state.r2_settings.set(&bucket, &named(call), None).ok_or_else(no_domain)?;
    Ok(Answer::result(&json!({"domain": removed["domain"]})))
}

fn managed(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    Ok(Answer::result(&managed_of(state, &bucket)))
}

fn put_managed(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let enabled = body(call)?.get("enabled").and_then(Value::as_bool).ok_or_else(malformed)?;
    state.r2_settings.set(&bucket, MANAGED, Some(json!(enabled)));
    Ok(Answer::result(&managed_of(state, &bucket)))
}

/// The id is the emulator's own: Cloudflare's are random.
fn managed_of(state: &State, bucket: &BucketKey) -> Value {
    let id: String = hex(&hash(bucket.to_string().as_bytes())).chars().take(32).collect();
    let enabled = state.r2_settings.setting(bucket, MANAGED) == Some(&json!(true));
    json!({"bucketId": id, "domain": format!("pub-{id}.r2.dev"), "enabled": enabled})
}

fn notifications(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    let queues: Vec<&Value> = state.r2_settings.beginning(&bucket, QUEUE).map(|(_, queue)| queue).collect();
    Ok(Answer::result(&json!({"bucketName": bucket.name, "queues": queues})))
}

fn notification(call: &Call, state: &State) -> Outcome {
    let bucket = existing(call, state)?;
    state.r2_settings.setting(&bucket, &queue(call)).map(Answer::result).ok_or_else(no_notification)
}

/// The rules are added to those that are there, as wrangler takes it. Nothing is sent.
fn put_notification(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let body = body(call)?;
    let asked = body.get("rules").and_then(Value::as_array).ok_or_else(malformed)?;
    let id = call.parameter("queue_id");
    let empty = json!({"queueId": id, "queueName": id, "rules": []});
    let mut held = state.r2_settings.setting(&bucket, &queue(call)).cloned().unwrap_or(empty);
    for rule in asked {
        let mut rule = rule.as_object().filter(|rule| rule.get("actions").is_some_and(Value::is_array)).cloned();
        let rule = rule.as_mut().ok_or_else(malformed)?;
        rule.insert("ruleId".to_owned(), json!(format!("{:032x}", fresh_id())));
        rule.insert("createdAt".to_owned(), json!(timestamp(call.at.0)));
        if let Some(rules) = held["rules"].as_array_mut() {
            rules.push(Value::Object(std::mem::take(rule)));
        }
    }
    state.r2_settings.set(&bucket, &queue(call), Some(held));
    Ok(Answer::result(&json!({})))
}

fn delete_notification(call: &Call, state: &mut State) -> Outcome {
    let bucket = existing(call, state)?;
    let mut held = state.r2_settings.setting(&bucket, &queue(call)).cloned().ok_or_else(no_notification)?;
    let given = call.object().and_then(|body| body.get("ruleIds").cloned());
    let listed = given.as_ref().and_then(Value::as_array).filter(|ids| !ids.is_empty());
    let rules = held["rules"].as_array_mut();
    let left = match (listed, rules) {
        (Some(ids), Some(rules)) => {
            rules.retain(|rule| !ids.contains(&rule["ruleId"]));
            !rules.is_empty()
        }
        _ => false,
    };
    state.r2_settings.set(&bucket, &queue(call), left.then_some(held));
    Ok(Answer::result(&json!({})))
}

/// Counted when asked: Cloudflare's lag behind.
fn metrics(call: &Call, state: &State) -> Outcome {
    let account = call.account.ok_or_else(ApiError::no_route)?;
    let mut counts = [[0_u64; 3]; 2];
    for bucket in super::r2_buckets::JURISDICTIONS.into_iter().flat_map(|place| state.r2_buckets.of(account, place)) {
        let Some(held) = state.objects.contents(&bucket.key(account)) else { continue };
        for (key, object) in &held.objects {
            let class = object.about.storage_class.as_deref().unwrap_or(&bucket.storage_class);
            let [standard, rare] = &mut counts;
            let [objects, payload, metadata] = if class == "InfrequentAccess" { rare } else { standard };
            *objects += 1;
            *payload += object.size();
            *metadata += key.len() as u64 + object.about.length();
        }
    }
    let [standard, rare] = counts.map(|[objects, payload, metadata]| {
        let nothing = json!({"metadataSize": 0, "objects": 0, "payloadSize": 0});
        let published = json!({"metadataSize": metadata, "objects": objects, "payloadSize": payload});
        json!({"published": published, "uploaded": nothing})
    });
    Ok(Answer::result(&json!({"standard": standard, "infrequentAccess": rare})))
}

fn named(call: &Call) -> String {
    format!("{DOMAIN}{}", call.parameter("domain").to_ascii_lowercase())
}

fn queue(call: &Call) -> String {
    format!("{QUEUE}{}", call.parameter("queue_id"))
}

fn within(domain: &str, zone: &str) -> bool {
    domain == zone || domain.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

fn no_domain() -> ApiError {
    ApiError::new(404, 10053, "The specified domain does not exist.")
}

/// Cloudflare's code is not documented.
fn no_notification() -> ApiError {
    ApiError::new(404, 11015, "The specified event notification configuration does not exist.")
}

/// The settings of a domain's TLS.
fn take_up(shown: &mut Value, body: &Map<String, Value>) -> Result<(), ApiError> {
    if let Some(least) = body.get("minTLS") {
        let known = matches!(least.as_str(), Some("1.0" | "1.1" | "1.2" | "1.3"));
        shown["minTLS"] = known.then(|| least.clone()).ok_or_else(malformed)?;
    }
    if let Some(ciphers) = body.get("ciphers") {
        let texts = ciphers.as_array().is_some_and(|all| all.iter().all(Value::is_string));
        shown["ciphers"] = texts.then(|| ciphers.clone()).ok_or_else(malformed)?;
    }
    Ok(())
}

fn without(mut shown: Value, names: &[&str]) -> Value {
    if let Some(members) = shown.as_object_mut() {
        members.retain(|name, _| !names.contains(&name.as_str()));
    }
    shown
}
