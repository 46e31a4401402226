//! What a Worker is bound to.

use flarekeep_catalogue::AccountId;
use flarekeep_policy::BucketKey;
use serde_json::{Value, json};

use super::key::crypto_key;
use super::quoted;
use crate::log::printable;
use crate::products::timestamp;
use crate::products::workers_scripts::live::Version;

/// What the emulator answers for at the other end of a binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::edge) enum Target {
    Bucket(BucketKey),
    /// An account's namespace.
    Kv(AccountId, String),
    /// An account's Worker.
    Service(AccountId, String),
    /// The cache, which holds nothing.
    Cache,
    /// The world outside, where the Worker is kept from it.
    Outside,
}

/// All bindings of a version.
#[derive(Debug, Default)]
pub(super) struct Bound {
    pub(super) values: Vec<(String, Bond)>,
    /// The classes of Durable Objects.
    pub(super) classes: Vec<String>,
}

/// One binding.
#[derive(Debug)]
pub(super) enum Bond {
    Text(String),
    Json(String),
    /// The member of workerd's binding, and what stands at its other end.
    Served(&'static str, Target),
    Objects(String),
    /// A key, as the configuration has it.
    Key(String),
}

impl Bond {
    /// As the configuration has it. `external` makes a service for a target and gives its name.
    pub(super) fn text(self, external: impl FnOnce(Target) -> String) -> String {
        match self {
            Self::Text(text) => format!("text = {}", quoted(&text)),
            Self::Json(json) => format!("json = {}", quoted(&json)),
            Self::Served(member, target) => format!("{member} = {}", quoted(&external(target))),
            Self::Key(text) => text,
            Self::Objects(class) => format!("durableObjectNamespace = {}", quoted(&class)),
        }
    }
}

/// The bindings of a version, its secrets among them; else which is not simulated.
pub(super) fn bound(version: &Version, account: AccountId) -> Result<Bound, String> {
    let mut bound = Bound::default();
    for binding in &version.bindings {
        let field = |name: &str| binding.get(name).and_then(Value::as_str);
        let text = |name: &str| field(name).unwrap_or_default().to_owned();
        let (name, kind) = (text("name"), text("type"));
        let refused = |why: &str| {
            let (name, kind) = (printable(&name, 100), printable(&kind, 100));
            Err(format!("the binding `{name}` of type {kind}{why}"))
        };
        let value = match kind.as_str() {
            "plain_text" => Bond::Text(text("text")),
            "json" => Bond::Json(binding.get("json").unwrap_or(&Value::Null).to_string()),
            "r2_bucket" => {
                let jurisdiction = field("jurisdiction").unwrap_or("default").to_owned();
                Bond::Served("r2Bucket", Target::Bucket(BucketKey { account, jurisdiction, name: text("bucket_name") }))
            }
            "kv_namespace" => Bond::Served("kvNamespace", Target::Kv(account, text("namespace_id"))),
            "service" if field("entrypoint").is_some_and(|entrypoint| entrypoint != "default") => {
                return refused(" with an entrypoint");
            }
            "service" => Bond::Served("service", Target::Service(account, text("service"))),
            "version_metadata" => Bond::Json(metadata(version).to_string()),
            "durable_object_namespace" if field("script_name").is_none_or(str::is_empty) => {
                let class = text("class_name");
                if !bound.classes.contains(&class) {
                    bound.classes.push(class.clone());
                }
                Bond::Objects(class)
            }
            "durable_object_namespace" => return refused(" of another Worker"),
            _ => return refused(""),
        };
        bound.values.push((name, value));
    }
    for secret in &version.secrets {
        let field = |name: &str| secret.get(name).and_then(Value::as_str).unwrap_or_default();
        let value =
            match field("type") {
                "secret_key" => Bond::Key(crypto_key(secret).map_err(|why| {
                    format!("the binding `{}` of type secret_key{why}", printable(field("name"), 100))
                })?),
                _ => Bond::Text(field("text").to_owned()),
            };
        bound.values.push((field("name").to_owned(), value));
    }
    Ok(bound)
}

/// What `env.VERSION` holds (Cloudflare's page workers/runtime-apis/bindings/version-metadata).
fn metadata(version: &Version) -> Value {
    let tag = version.annotations.get("workers/tag").and_then(Value::as_str).unwrap_or_default();
    json!({"id": version.id, "tag": tag, "timestamp": timestamp(version.created_on)})
}
