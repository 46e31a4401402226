//! A field of an item in 1Password, through `op`.
//!
//! Facts of op (version 2): an assignment on its command line would show the value to others, so that the item goes
//! through its standard input as JSON: `op item create --vault VAULT -` and `op item edit ITEM --vault VAULT`, the latter
//! with the whole item as `op item get ITEM --vault VAULT --format json` gives it. That round trip drops a passkey, which
//! only logins have. Where no such item is, `op` complains `isn't an item`. `op read op://VAULT/ITEM/FIELD` reads.
//! Sources: developer.1password.com/docs/cli (reference of `item`, item JSON template, secret reference syntax).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::names::{is_made_of, require};
use super::programs::{Program, Tool};
use super::{BadSink, Payload, Programs, ReadBack, Shape, SinkError};

const OP: Program = Program {
    name: "op",
    install: "install 1Password's command line (https://developer.1password.com/docs/cli) and sign in",
    of_cloudflare: false,
};
/// The field of 1Password's own category for credentials of an API.
const DEFAULT_FIELD: &str = "credential";
const LOOK: &str = "look at the item";

/// A field of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnePasswordField {
    vault: String,
    item: String,
    field: String,
}

/// A vault that `op` may see, and an item in it that may be changed.
#[derive(Debug)]
pub(super) struct ProvedOnePassword {
    op: Tool,
    field: OnePasswordField,
}

impl OnePasswordField {
    /// Reads `VAULT/ITEM[/FIELD]`, with `op://` in front or without.
    pub(super) fn parse(rest: &str) -> Result<Self, BadSink> {
        let path = rest.strip_prefix("op:").unwrap_or(rest);
        let parts: Vec<&str> = path.strip_prefix("//").unwrap_or(path).split('/').collect();
        let (vault, item, field) = match parts[..] {
            [vault, item] => (vault, item, DEFAULT_FIELD),
            [vault, item, field] => (vault, item, field),
            _ => {
                return require(false, rest, "it is VAULT/ITEM or VAULT/ITEM/FIELD")
                    .and(Err(BadSink::Form(String::new())));
            }
        };
        for name in [vault, item, field] {
            let rule = "names in 1Password are letters, digits, spaces and -_. here, with no - in front";
            require(is_made_of(name, "-_. ") && name.trim() == name, name, rule)?;
        }
        Ok(Self { vault: vault.to_owned(), item: item.to_owned(), field: field.to_owned() })
    }

    pub(super) fn spelling(&self) -> String {
        format!("//{}/{}/{}", self.vault, self.item, self.field)
    }

    /// Shows that the vault is there, and the item, if it is, may be changed.
    pub(super) fn prove(&self, shape: &Shape, programs: &Programs) -> Result<ProvedOnePassword, SinkError> {
        shape.names(&self.field, DEFAULT_FIELD)?;
        let op = programs.find(&OP)?;
        op.must("look at the vault", &["vault", "get", &self.vault, "--format", "json"], None, None)?;
        self.item(&op)?;
        Ok(ProvedOnePassword { op, field: self.clone() })
    }

    pub(super) fn read(&self, name: Option<&str>, programs: &Programs) -> Result<ReadBack, SinkError> {
        let op = programs.find(&OP)?;
        // By way of the item, since an absent field and a refusal cannot be told apart in what `op read` says.
        let Some(item) = self.item(&op)? else { return Ok(ReadBack::Absent) };
        let name = name.unwrap_or(&self.field);
        if !fields(&item).iter().any(|field| is_called(field, name)) {
            return Ok(ReadBack::Absent);
        }
        let reference = format!("op://{}/{}/{name}", self.vault, self.item);
        let answer = op.must("read the field", &["read", "--no-newline", &reference], None, None)?;
        Ok(ReadBack::Value(SecretString::from(answer.stdout())))
    }

    /// The item as JSON; none if it is not there.
    fn item(&self, op: &Tool) -> Result<Option<Value>, SinkError> {
        let answer = op.ask(&["item", "get", &self.item, "--vault", &self.vault, "--format", "json"], None)?;
        if !answer.is_yes() {
            if answer.complains("isn't an item") {
                return Ok(None);
            }
            return Err(op.refused(LOOK, &answer, None));
        }
        let item: Value = serde_json::from_str(answer.stdout()).map_err(|_| op.not_understood(LOOK))?;
        if item["category"] == "LOGIN" {
            return Err(SinkError::Unsuitable(format!(
                "`{}` is a login, and changing a login through `op` drops its passkey: take an item of another kind",
                self.item
            )));
        }
        Ok(Some(item))
    }
}

impl ProvedOnePassword {
    pub(super) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
        let OnePasswordField { vault, item: title, field } = &self.field;
        let found = self.field.item(&self.op)?;
        let is_new = found.is_none();
        let mut item = found.unwrap_or_else(|| json!({"title": title, "category": "API_CREDENTIAL", "fields": []}));
        for (name, value) in payload.entries(field) {
            set(&mut item, name, value.expose_secret());
        }
        let document = SecretString::from(item.to_string());
        let (doing, arguments) = match is_new {
            true => ("make the item", ["item", "create", "--vault", vault, "-"]),
            false => ("change the item", ["item", "edit", title, "--vault", vault]),
        };
        self.op.must(doing, &arguments, Some(&document), Some(payload))?;
        Ok(())
    }
}

/// Sets the field of this name, or adds it.
fn set(item: &mut Value, name: &str, value: &str) {
    let known = item["fields"].as_array_mut().and_then(|fields| fields.iter_mut().find(|field| is_called(field, name)));
    if let Some(field) = known {
        field["value"] = value.into();
        return;
    }
    let new = json!({"id": name, "label": name, "type": "CONCEALED", "value": value});
    match item["fields"].as_array_mut() {
        Some(fields) => fields.push(new),
        None => item["fields"] = json!([new]),
    }
}

fn fields(item: &Value) -> &[Value] {
    item["fields"].as_array().map_or(&[], Vec::as_slice)
}

fn is_called(field: &Value, name: &str) -> bool {
    field["label"] == name || field["id"] == name
}

impl fmt::Display for OnePasswordField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "op://{}/{}/{}", self.vault, self.item, self.field)
    }
}
