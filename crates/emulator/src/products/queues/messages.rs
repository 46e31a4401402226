//! Messages: pushed, pulled under a lease for a while, and acknowledged or given back.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Queue, found, found_mut, invalid, not_json, shown};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{text as member, timestamp_micros};
use crate::state::State;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Message {
    id: String,
    sent: i64,
    /// `json`, `text` or `bytes`.
    content_type: String,
    body: String,
    attempts: u64,
    /// Seconds; it can be pulled from then on.
    visible: i64,
    /// Who holds it until then.
    lease: Option<String>,
}

/// What Cloudflare allows (docs: queues/platform/limits), and where nothing else is said its usual values.
const LARGEST: usize = 128 * 1024;
const LARGEST_BATCH: usize = 100;
const USUAL_BATCH: usize = 5;
const LONGEST_LEASE: i64 = 12 * 3600;
const USUAL_LEASE: i64 = 30;
const USUAL_RETRIES: i64 = 3;
/// The emulator's own: how many messages a queue holds.
const MOST: usize = 10_000;

pub(super) fn push(call: &Call, state: &mut State) -> Outcome {
    let queue = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let message = message(&body, None, queue, call.at.0)?;
    add(queue, vec![message], call.at.0)
}

pub(super) fn push_batch(call: &Call, state: &mut State) -> Outcome {
    let queue = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let given = body.get("messages").and_then(Value::as_array).ok_or_else(not_json)?;
    if given.is_empty() || given.len() > LARGEST_BATCH {
        return Err(invalid("a batch has 1 to 100 messages"));
    }
    let delay = body.get("delay_seconds").and_then(Value::as_i64);
    let read = |one: &Value| message(one.as_object().ok_or_else(not_json)?, delay, queue, call.at.0);
    let messages = given.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    add(queue, messages, call.at.0)
}

pub(super) fn pull(call: &Call, state: &mut State) -> Outcome {
    let queue = found_mut(call, state)?;
    let Some(consumer) = queue.facts.consumers.iter().find(|consumer| consumer.pulls()) else {
        return Err(ApiError::new(405, 11_010, "the queue has no consumer that pulls over HTTP"));
    };
    let body = if call.body().is_empty() { Map::new() } else { call.object().ok_or_else(not_json)? };
    let asked = |name: &str| body.get(name).and_then(Value::as_i64).or_else(|| consumer.number(name));
    let batch =
        asked("batch_size").map_or(USUAL_BATCH, |size| usize::try_from(size).unwrap_or(1).clamp(1, LARGEST_BATCH));
    let lease = asked("visibility_timeout_ms").map_or(USUAL_LEASE, whole_seconds);
    let retries = consumer.number("max_retries").unwrap_or(USUAL_RETRIES);
    forget(queue, call.at.0, retries);
    let mut pulled = Vec::new();
    if !queue.facts.settings.delivery_paused {
        let visible = queue.messages.iter().filter(|(_, message)| message.visible <= call.at.0).take(batch);
        let visible: Vec<u64> = visible.map(|(number, _)| *number).collect();
        for number in visible {
            let Some(message) = queue.messages.get_mut(&number) else { continue };
            message.attempts += 1;
            message.visible = call.at.0 + lease;
            let id = format!("{:032x}", fresh_id());
            pulled.push(json!({
                "id": message.id,
                "body": message.body,
                "timestamp_ms": message.sent * 1000,
                "attempts": message.attempts,
                "lease_id": id,
                "metadata": {"CF-sourceMessageSource": "http", "CF-Content-Type": message.content_type},
            }));
            message.lease = Some(id);
        }
    }
    Ok(Answer::result(&json!({
        "messages": pulled,
        "message_backlog_count": queue.messages.len(),
        "metadata": {"metrics": measured(queue)},
    })))
}

pub(super) fn acknowledge(call: &Call, state: &mut State) -> Outcome {
    let queue = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    let (mut done, mut again) = (0, 0);
    let mut warnings = Map::new();
    for (kind, one) in ["acks", "retries"].into_iter().flat_map(|kind| {
        let listed = body.get(kind).and_then(Value::as_array).cloned().unwrap_or_default();
        listed.into_iter().map(move |one| (kind, one))
    }) {
        let lease = one.get("lease_id").and_then(Value::as_str).ok_or_else(not_json)?;
        // A lease whose time is over holds nothing any more.
        let held = |message: &Message| message.lease.as_deref() == Some(lease) && call.at.0 < message.visible;
        let Some(place) = queue.messages.iter().find(|(_, message)| held(message)).map(|(number, _)| *number) else {
            warnings.insert(crate::log::printable(lease, 64), "the lease is unknown, or its time is over".into());
            continue;
        };
        if kind == "acks" {
            queue.messages.remove(&place);
            done += 1;
        } else if let Some(message) = queue.messages.get_mut(&place) {
            let delay = one.get("delay_seconds").and_then(Value::as_i64).unwrap_or(0).clamp(0, 86_400);
            (message.visible, message.lease) = (call.at.0 + delay, None);
            again += 1;
        }
    }
    Ok(Answer::result(&json!({"ackCount": done, "retryCount": again, "warnings": warnings})))
}

pub(super) fn metrics(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&measured(found(call, state)?)))
}

pub(super) fn purge(call: &Call, state: &mut State) -> Outcome {
    let queue = found_mut(call, state)?;
    let body = call.object().ok_or_else(not_json)?;
    if body.get("delete_messages_permanently") != Some(&Value::Bool(true)) {
        return Err(invalid("delete_messages_permanently must be true"));
    }
    queue.messages.clear();
    queue.facts.purged_on = Some(call.at.0);
    Ok(Answer::result(&shown(call.parameter("queue_id"), queue)))
}

pub(super) fn purged(call: &Call, state: &State) -> Outcome {
    let queue = found(call, state)?;
    let started = timestamp_micros(queue.facts.purged_on.unwrap_or(queue.facts.created_on));
    Ok(Answer::result(&json!({"completed": "true", "started_at": started})))
}

fn add(queue: &mut Queue, messages: Vec<Message>, now: i64) -> Outcome {
    forget(queue, now, i64::MAX);
    if queue.messages.len() + messages.len() > MOST {
        return Err(ApiError::new(429, 11_006, "the queue holds as many messages as this emulator keeps"));
    }
    let next = queue.messages.get_max().map_or(0, |(last, _)| last + 1);
    queue.messages.extend((next..).zip(messages));
    Ok(Answer::result(&json!({"metadata": {"metrics": measured(queue)}})))
}

/// Lets go of messages that are too old, or were tried too often. No queue of dead letters gets them here.
fn forget(queue: &mut Queue, now: i64, retries: i64) {
    let keep = i64::try_from(queue.facts.settings.message_retention_period).unwrap_or(i64::MAX);
    let is_gone = |message: &Message| {
        let spent = message.visible <= now && i64::try_from(message.attempts).unwrap_or(i64::MAX) > retries;
        now - message.sent >= keep || spent
    };
    let gone = queue.messages.iter().filter(|(_, message)| is_gone(message));
    let gone: Vec<u64> = gone.map(|(number, _)| *number).collect();
    for number in gone {
        queue.messages.remove(&number);
    }
}

/// Milliseconds as seconds, which times are kept in: at least as long, so that what is held can be acknowledged.
fn whole_seconds(milliseconds: i64) -> i64 {
    (milliseconds.saturating_add(999) / 1000).clamp(1, LONGEST_LEASE)
}

fn measured(queue: &Queue) -> Value {
    let bytes: usize = queue.messages.values().map(|message| message.body.len()).sum();
    let oldest = queue.messages.get_min().map_or(0, |(_, message)| message.sent * 1000);
    json!({"backlog_bytes": bytes, "backlog_count": queue.messages.len(), "oldest_message_timestamp_ms": oldest})
}

fn message(one: &Map<String, Value>, delay: Option<i64>, queue: &Queue, now: i64) -> Result<Message, ApiError> {
    let given = one.get("body").ok_or_else(not_json)?;
    let text = given.as_str();
    let content_type = member(one, "content_type").unwrap_or(if text.is_some() { "text" } else { "json" });
    let body = match (content_type, text) {
        ("text", Some(text)) => text.to_owned(),
        // JSON and bytes are pulled as Base64 (docs: queues/configuration/pull-consumers).
        ("json", _) => STANDARD.encode(given.to_string()),
        ("bytes", Some(text)) => text.to_owned(),
        _ => return Err(invalid("content_type is text, json or bytes, and the body is of it")),
    };
    if body.len() > LARGEST {
        return Err(ApiError::new(413, 11_007, "a message has 128 KB at most"));
    }
    let own = one.get("delay_seconds").and_then(Value::as_i64).or(delay);
    let usual = i64::try_from(queue.facts.settings.delivery_delay).unwrap_or_default();
    Ok(Message {
        id: format!("{:032x}", fresh_id()),
        sent: now,
        content_type: content_type.to_owned(),
        body,
        attempts: 0,
        visible: now + own.unwrap_or(usual).clamp(0, 86_400),
        lease: None,
    })
}
