//! One entry: what is known of a change, and how it is shown.

use flarekeep_catalogue::{AccountId, Method, Operation};
use flarekeep_policy::Owner;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::credential::fresh_id;
use crate::http::{Call, Caller, Outcome};
use crate::products::timestamp;
use crate::state::State;
use crate::text;
use crate::world::Zone;

/// The longest text of a client's that an entry keeps.
const LONGEST: usize = 512;
/// The longest answer in which the id of what was made is looked for.
const ANSWER: usize = 64 << 10;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: String,
    /// Seconds.
    pub(super) at: i64,
    #[serde(with = "text::optional")]
    pub(super) account: Option<AccountId>,
    pub(super) zone: Option<(String, String)>,
    pub(super) actor: Actor,
    /// `create`, `update` or `delete`.
    pub(super) action: String,
    pub(super) description: String,
    pub(super) succeeded: bool,
    pub(super) ray: String,
    pub(super) method: String,
    pub(super) status: u16,
    pub(super) uri: String,
    pub(super) user_agent: Option<String>,
    pub(super) resource: Resource,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Actor {
    /// The user's, or the account's for its own token.
    pub(super) id: Option<String>,
    pub(super) kind: String,
    pub(super) email: Option<String>,
    /// `api_key` or `api_token`.
    pub(super) context: String,
    pub(super) token_id: Option<String>,
    pub(super) token_name: Option<String>,
    pub(super) ip: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Resource {
    pub(super) id: Option<String>,
    pub(super) product: String,
    pub(super) kind: String,
    /// `accounts`, `zones`, `user` or `memberships`.
    pub(super) scope: String,
}

impl Entry {
    /// Of a call that a handler has answered. `before` is its zone as it was before, `state` the state after it.
    pub(super) fn of(call: &Call, before: Option<&Zone>, outcome: &Outcome, state: &State) -> Self {
        let made = outcome.as_ref().ok().and_then(|answer| made(answer.body()));
        let operation = call.operation;
        let zone = call.zone.or_else(|| made.as_deref()?.parse().ok().filter(|_| operation.makes_zone()));
        let of_zone = zone.and_then(|id| state.world.zone(id)).or(before);
        let status = match outcome {
            Ok(answer) => answer.status,
            Err(error) => error.status,
        };
        let owner = match &call.caller {
            Caller::Token(record) => Some(record.stored.owner),
            Caller::Key(_) => None,
        };
        let account = call.account.or_else(|| of_zone.map(|zone| zone.account)).or(match owner {
            Some(Owner::Account(account)) => Some(account),
            // What a user changes of its own is in no account's log.
            _ => None,
        });
        Self {
            id: format!("{:032x}", fresh_id()),
            at: call.at.0,
            account,
            zone: zone.map(|id| (id.to_string(), of_zone.map(|zone| zone.name.clone()).unwrap_or_default())),
            actor: Actor::of(call, state),
            action: action(operation.method).to_owned(),
            description: operation.to_string(),
            succeeded: outcome.is_ok(),
            ray: call.trace.ray.clone(),
            method: operation.method.as_str().to_owned(),
            status: status.as_u16(),
            uri: call.trace.uri.chars().take(LONGEST).collect(),
            user_agent: call.header("user-agent").map(|text| text.chars().take(LONGEST).collect()),
            resource: Resource::of(call, operation, made),
        }
    }

    /// As version 2 shows it. The schema has an object for the resource's scope and says no more of it, so that it is
    /// left out.
    pub(super) fn shown(&self, state: &State) -> Value {
        let name = self.account.and_then(|id| state.world.account(id)).map(|account| account.name.clone());
        let result = if self.succeeded { "success" } else { "failure" };
        let mut shown = json!({
            "id": self.id,
            "account": compact([("id", self.account.map(|id| id.to_string())), ("name", name)]),
            "action": {"description": self.description, "result": result, "time": timestamp(self.at), "type": self.action},
            "actor": compact([
                ("id", self.actor.id.clone()),
                ("type", Some(self.actor.kind.clone())),
                ("email", self.actor.email.clone()),
                ("context", Some(self.actor.context.clone())),
                ("token_id", self.actor.token_id.clone()),
                ("token_name", self.actor.token_name.clone()),
                ("ip_address", self.actor.ip.clone()),
            ]),
            "raw": {"cf_ray_id": self.ray, "method": self.method, "status_code": self.status, "uri": self.uri},
            "resource": compact([
                ("id", self.resource.id.clone()),
                ("product", Some(self.resource.product.clone())),
                ("type", Some(self.resource.kind.clone())),
            ]),
        });
        if let (Some(agent), Some(raw)) = (&self.user_agent, shown.get_mut("raw").and_then(Value::as_object_mut)) {
            raw.insert("user_agent".to_owned(), agent.clone().into());
        }
        if let (Some((id, name)), Some(object)) = (&self.zone, shown.as_object_mut()) {
            object.insert("zone".to_owned(), json!({"id": id, "name": name}));
        }
        shown
    }

    /// As version 1 shows it.
    pub(super) fn shown_older(&self) -> Value {
        let owner = self.account.map(|id| id.to_string()).or_else(|| self.actor.id.clone());
        json!({
            "id": self.id,
            "action": {"result": self.succeeded, "type": self.action},
            "actor": compact([
                ("id", self.actor.id.clone()),
                ("email", self.actor.email.clone()),
                ("ip", self.actor.ip.clone()),
                ("type", Some("user".to_owned())),
            ]),
            "interface": "API",
            "metadata": {},
            "newValue": "",
            "oldValue": "",
            "owner": compact([("id", owner)]),
            "resource": compact([("id", self.resource.id.clone()), ("type", Some(self.resource.kind.clone()))]),
            "when": timestamp(self.at),
        })
    }
}

impl Actor {
    fn of(call: &Call, state: &State) -> Self {
        let user = call.caller.user();
        let email = user.and_then(|id| state.world.user(id)).map(|user| user.email.clone());
        let ip = call.ip.map(|ip| ip.to_string());
        match &call.caller {
            Caller::Key(id) => Self {
                id: Some(id.to_string()),
                kind: "user".to_owned(),
                email,
                context: "api_key".to_owned(),
                ip,
                ..Self::default()
            },
            Caller::Token(record) => {
                let stored = &record.stored;
                let (id, kind) = match stored.owner {
                    Owner::User(id) => (id.to_string(), "user"),
                    Owner::Account(id) => (id.to_string(), "account"),
                };
                Self {
                    id: Some(id),
                    kind: kind.to_owned(),
                    email,
                    context: "api_token".to_owned(),
                    token_id: Some(stored.id.to_string()),
                    token_name: Some(stored.name.clone()),
                    ip,
                }
            }
        }
    }
}

impl Resource {
    /// What an operation changes: the product of the catalogue, and the last word of the path that is no parameter.
    fn of(call: &Call, operation: &Operation, made: Option<String>) -> Self {
        let path = operation.path();
        let words = path.split('/').filter(|word| !word.is_empty());
        let fixed = words.clone().filter(|word| !word.starts_with('{'));
        let parameter =
            |word: &str| word.strip_prefix('{')?.strip_suffix('}').map(|name| call.parameter(name).to_owned());
        let last = words.clone().next_back().and_then(parameter).filter(|id| !id.is_empty());
        let first = words.clone().next().unwrap_or_default();
        Self {
            id: last.or(made).map(|id| id.chars().take(LONGEST).collect()),
            product: operation.product().to_owned(),
            kind: fixed.clone().next_back().unwrap_or_default().to_owned(),
            scope: if matches!(first, "zones" | "user" | "memberships") { first } else { "accounts" }.to_owned(),
        }
    }
}

const fn action(method: Method) -> &'static str {
    match method {
        Method::Post => "create",
        Method::Delete => "delete",
        _ => "update",
    }
}

/// The id of what an answer shows.
fn made(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Made {
        result: Value,
    }
    let body = (body.len() <= ANSWER && body.first() == Some(&b'{')).then_some(body)?;
    let made: Made = serde_json::from_slice(body).ok()?;
    made.result.get("id")?.as_str().map(ToOwned::to_owned)
}

/// An object of what is there.
fn compact<const N: usize>(members: [(&str, Option<String>); N]) -> Map<String, Value> {
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.into()))).collect()
}
