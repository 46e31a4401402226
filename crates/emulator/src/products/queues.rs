//! Queues of an account: their settings, who consumes them, and the messages in them, over HTTP.

mod consumers;
mod messages;

use serde::{Deserialize, Serialize};
use serde_json::{Map as Object, Value, json};

use self::consumers::Consumer;
use self::messages::Message;
use super::{Handler, owner, text as member, timestamp_micros};
use crate::credential::fresh_id;
use crate::http::{Answer, ApiError, Call, Outcome};
use crate::state::rows::{branch, leaf};
use crate::state::{Map, Owned, State};

pub(super) const OPERATIONS: super::Table = &[
    ("GET /accounts/{account_id}/queues", Handler::Read(list)),
    ("POST /accounts/{account_id}/queues", Handler::Write(create)),
    ("GET /accounts/{account_id}/queues/{queue_id}", Handler::Read(details)),
    ("PUT /accounts/{account_id}/queues/{queue_id}", Handler::Write(update)),
    ("PATCH /accounts/{account_id}/queues/{queue_id}", Handler::Write(update)),
    ("DELETE /accounts/{account_id}/queues/{queue_id}", Handler::Write(delete)),
    ("GET /accounts/{account_id}/queues/{queue_id}/consumers", Handler::Read(consumers::list)),
    ("POST /accounts/{account_id}/queues/{queue_id}/consumers", Handler::Write(consumers::add)),
    ("GET /accounts/{account_id}/queues/{queue_id}/consumers/{consumer_id}", Handler::Read(consumers::details)),
    ("PUT /accounts/{account_id}/queues/{queue_id}/consumers/{consumer_id}", Handler::Write(consumers::update)),
    ("DELETE /accounts/{account_id}/queues/{queue_id}/consumers/{consumer_id}", Handler::Write(consumers::delete)),
    ("POST /accounts/{account_id}/queues/{queue_id}/messages", Handler::Write(messages::push)),
    ("POST /accounts/{account_id}/queues/{queue_id}/messages/batch", Handler::Write(messages::push_batch)),
    ("POST /accounts/{account_id}/queues/{queue_id}/messages/pull", Handler::Write(messages::pull)),
    ("POST /accounts/{account_id}/queues/{queue_id}/messages/ack", Handler::Write(messages::acknowledge)),
    ("GET /accounts/{account_id}/queues/{queue_id}/metrics", Handler::Read(messages::metrics)),
    ("GET /accounts/{account_id}/queues/{queue_id}/purge", Handler::Read(messages::purged)),
    ("POST /accounts/{account_id}/queues/{queue_id}/purge", Handler::Write(messages::purge)),
];

/// The queues of all accounts, by id.
#[derive(Debug, Clone, Default)]
pub(crate) struct Table(Owned<Queue>);

branch!(Table);
branch!(Queue { facts, messages });
leaf!(Facts, Message);

#[derive(Debug, Clone, Default, PartialEq)]
struct Queue {
    facts: Facts,
    /// In the order in which they came.
    messages: Map<u64, Message>,
}

/// All of a queue but its messages.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Facts {
    name: String,
    created_on: i64,
    modified_on: i64,
    settings: Settings,
    consumers: Vec<Consumer>,
    purged_on: Option<i64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
struct Settings {
    /// Seconds.
    delivery_delay: u64,
    delivery_paused: bool,
    /// Seconds.
    message_retention_period: u64,
}

/// How many queues an account may have (docs: queues/platform/limits).
const MOST: usize = 10_000;

fn list(call: &Call, state: &State) -> Outcome {
    let name = call.query("name");
    let queues = state.queues.0.get(&owner(call)?).into_iter().flatten();
    let queues = queues.filter(|(_, queue)| name.as_deref().is_none_or(|name| queue.facts.name == name));
    Ok(Answer::page(queues.map(|(id, queue)| shown(id, queue)).collect(), call.page(100, 1, 100)))
}

fn create(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(not_json)?;
    let name = member(&body, "queue_name").unwrap_or_default().to_owned();
    check_name(&name)?;
    let usual = Settings { delivery_delay: 0, delivery_paused: false, message_retention_period: 345_600 };
    let settings = usual.with(&body)?;
    let queues = state.queues.0.entry(owner(call)?).or_default();
    if queues.values().any(|queue| queue.facts.name == name) {
        return Err(taken(&name));
    }
    if queues.len() >= MOST {
        return Err(ApiError::new(400, 11_002, "the account has as many queues as it may"));
    }
    let facts = Facts { name, created_on: call.at.0, modified_on: call.at.0, settings, ..Facts::default() };
    let queue = Queue { facts, messages: Map::new() };
    let id = format!("{:032x}", fresh_id());
    let answer = Answer::result(&shown(&id, &queue));
    queues.insert(id, queue);
    Ok(answer)
}

fn details(call: &Call, state: &State) -> Outcome {
    Ok(Answer::result(&shown(call.parameter("queue_id"), found(call, state)?)))
}

fn update(call: &Call, state: &mut State) -> Outcome {
    let body = call.object().ok_or_else(not_json)?;
    let id = call.parameter("queue_id");
    found(call, state)?;
    let name = member(&body, "queue_name").map(ToOwned::to_owned);
    if let Some(name) = &name {
        check_name(name)?;
        let queues = state.queues.0.get(&owner(call)?);
        if queues.into_iter().flatten().any(|(other, queue)| other != id && queue.facts.name == *name) {
            return Err(taken(name));
        }
    }
    let queue = found_mut(call, state)?;
    queue.facts.settings = queue.facts.settings.with(&body)?;
    if let Some(name) = name {
        queue.facts.name = name;
    }
    queue.facts.modified_on = call.at.0;
    Ok(Answer::result(&shown(id, queue)))
}

fn delete(call: &Call, state: &mut State) -> Outcome {
    found(call, state)?;
    state.queues.0.entry(owner(call)?).or_default().remove(call.parameter("queue_id"));
    Ok(Answer::result(&Value::Null))
}

impl Settings {
    /// The settings with those of a body in their place.
    fn with(mut self, body: &Object<String, Value>) -> Result<Self, ApiError> {
        let Some(given) = body.get("settings") else { return Ok(self) };
        let number = |name: &str, most: u64, least: u64| match given.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => {
                let number = value.as_u64().filter(|number| (least..=most).contains(number));
                number.map(Some).ok_or_else(|| invalid(&format!("{name} is out of bounds")))
            }
        };
        // Docs: queues/platform/limits.
        self.delivery_delay = number("delivery_delay", 86_400, 0)?.unwrap_or(self.delivery_delay);
        self.message_retention_period =
            number("message_retention_period", 1_209_600, 60)?.unwrap_or(self.message_retention_period);
        if let Some(paused) = given.get("delivery_paused").and_then(Value::as_bool) {
            self.delivery_paused = paused;
        }
        Ok(self)
    }
}

/// Whether an account has this queue: an upload's bindings name one.
pub(super) fn exists(state: &State, account: &str, name: &str) -> bool {
    state.queues.0.get(account).is_some_and(|queues| queues.values().any(|queue| queue.facts.name == name))
}

fn found<'a>(call: &Call, state: &'a State) -> Result<&'a Queue, ApiError> {
    let queues = state.queues.0.get(&owner(call)?);
    queues.and_then(|queues| queues.get(call.parameter("queue_id"))).ok_or_else(missing)
}

fn found_mut<'a>(call: &Call, state: &'a mut State) -> Result<&'a mut Queue, ApiError> {
    let queues = state.queues.0.get_mut(&owner(call)?).ok_or_else(missing)?;
    queues.get_mut(call.parameter("queue_id")).ok_or_else(missing)
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let good = (1..=63).contains(&name.len()) && name.bytes().all(fits);
    if good && !name.starts_with('-') && !name.ends_with('-') {
        Ok(())
    } else {
        Err(ApiError::new(
            400,
            11_003,
            "a queue's name has 1 to 63 letters, digits and hyphens, and no hyphen at an end",
        ))
    }
}

fn shown(id: &str, queue: &Queue) -> Value {
    let consumers: Vec<Value> =
        queue.facts.consumers.iter().map(|consumer| consumer.shown(&queue.facts.name)).collect();
    json!({
        "queue_id": id,
        "queue_name": queue.facts.name,
        "created_on": timestamp_micros(queue.facts.created_on),
        "modified_on": timestamp_micros(queue.facts.modified_on),
        "settings": queue.facts.settings,
        "producers": [],
        "producers_total_count": 0,
        "consumers_total_count": consumers.len(),
        "consumers": consumers,
    })
}

fn missing() -> ApiError {
    ApiError::new(404, 11_000, "Queue does not exist. Please create the queue and try again.")
}

fn taken(name: &str) -> ApiError {
    ApiError::new(
        409,
        11_009,
        format!("Queue name '{name}' is already taken. Please use a different name and try again."),
    )
}

fn not_json() -> ApiError {
    invalid("the request body could not be read")
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, 10_026, message)
}
