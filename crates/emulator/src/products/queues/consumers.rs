//! Consumers of a queue: one Worker, or pulling over HTTP. No Worker is run for them here.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Queue, found, found_mut, invalid, not_json};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::products::{text as member, timestamp_micros, workers_scripts};
use crate::state::State;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Consumer {
    id: String,
    created_on: i64,
    /// The Worker; none where messages are pulled over HTTP.
    script: Option<String>,
    pub(super) dead_letter_queue: Option<String>,
    settings: Map<String, Value>,
}

impl Consumer {
    pub(super) fn shown(&self, queue: &str) -> Value {
        let mut settings = match self.script {
            Some(_) => json!({"batch_size": 10, "max_retries": 3, "max_wait_time_ms": 5000, "retry_delay": 0}),
            None => json!({"batch_size": 5, "max_retries": 3, "visibility_timeout_ms": 30_000, "retry_delay": 0}),
        };
        let mut shown = json!({
            "consumer_id": self.id,
            "created_on": timestamp_micros(self.created_on),
            "queue_name": queue,
            "type": if self.script.is_some() { "worker" } else { "http_pull" },
        });
        if let (Some(settings), Some(object)) = (settings.as_object_mut(), shown.as_object_mut()) {
            let given = self.settings.iter().filter(|(_, value)| !value.is_null());
            settings.extend(given.map(|(name, value)| (name.clone(), value.clone())));
            object.insert("settings".to_owned(), Value::Object(settings.clone()));
            if let Some(script) = &self.script {
                // wrangler reads the one, the schema has the other.
                object.insert("script".to_owned(), script.as_str().into());
                object.insert("script_name".to_owned(), script.as_str().into());
            }
            if let Some(dead) = &self.dead_letter_queue {
                object.insert("dead_letter_queue".to_owned(), dead.as_str().into());
            }
        }
        shown
    }

    /// A setting that is a number.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.settings.get(name).and_then(Value::as_i64)
    }

    pub(super) const fn pulls(&self) -> bool {
        self.script.is_none()
    }
}

pub(super) fn list(call: &Call, state: &State) -> Outcome {
    let queue = found(call, state)?;
    Ok(Answer::result(&queue.facts.consumers.iter().map(|consumer| consumer.shown(&queue.facts.name)).collect()))
}

/// A queue has one Worker that consumes it at most, and one way of pulling.
pub(super) fn add(call: &Call, state: &mut State) -> Outcome {
    found(call, state)?;
    let consumer = read(call, state, format!("{:032x}", fresh_id()), call.at.0)?;
    let queue = found_mut(call, state)?;
    if queue.facts.consumers.iter().any(|other| other.pulls() == consumer.pulls()) {
        return Err(ApiError::new(409, 11_004, "workers.api.error.consumer_exists"));
    }
    let answer = Answer::result(&consumer.shown(&queue.facts.name));
    queue.facts.consumers.push(consumer);
    Ok(answer)
}

pub(super) fn details(call: &Call, state: &State) -> Outcome {
    let queue = found(call, state)?;
    let place = place(call, queue)?;
    Ok(Answer::result(
        &queue.facts.consumers.get(place).map_or(Value::Null, |consumer| consumer.shown(&queue.facts.name)),
    ))
}

pub(super) fn update(call: &Call, state: &mut State) -> Outcome {
    let queue = found(call, state)?;
    let place = place(call, queue)?;
    let created_on = queue.facts.consumers.get(place).map_or(call.at.0, |consumer| consumer.created_on);
    let consumer = read(call, state, call.parameter("consumer_id").to_owned(), created_on)?;
    let queue = found_mut(call, state)?;
    let answer = Answer::result(&consumer.shown(&queue.facts.name));
    if let Some(there) = queue.facts.consumers.get_mut(place) {
        *there = consumer;
    }
    Ok(answer)
}

pub(super) fn delete(call: &Call, state: &mut State) -> Outcome {
    let queue = found_mut(call, state)?;
    let place = place(call, queue)?;
    queue.facts.consumers.remove(place);
    Ok(Answer::result(&Value::Null))
}

fn read(call: &Call, state: &State, id: String, created_on: i64) -> Result<Consumer, ApiError> {
    let body = call.object().ok_or_else(not_json)?;
    let script = match member(&body, "type") {
        Some("http_pull") => None,
        Some("worker") | None => {
            let name = member(&body, "script_name").ok_or_else(|| invalid("a consumer needs a script_name"))?;
            let account = call.account.ok_or_else(ApiError::no_route)?;
            if !workers_scripts::exists(state, account, name) {
                return Err(ApiError::new(404, 10007, "This Worker does not exist on your account."));
            }
            Some(name.to_owned())
        }
        Some(_) => return Err(invalid("the type of a consumer is worker or http_pull")),
    };
    Ok(Consumer {
        id,
        created_on,
        script,
        dead_letter_queue: member(&body, "dead_letter_queue").map(ToOwned::to_owned),
        settings: body.get("settings").and_then(Value::as_object).cloned().unwrap_or_default(),
    })
}

fn place(call: &Call, queue: &Queue) -> Result<usize, ApiError> {
    let id = call.parameter("consumer_id");
    let place = queue.facts.consumers.iter().position(|consumer| consumer.id == id);
    place.ok_or_else(|| ApiError::new(404, 11_005, "the queue has no such consumer"))
}
