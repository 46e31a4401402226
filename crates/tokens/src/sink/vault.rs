//! A field of a secret in Vault's key-value engine, through `vault`.
//!
//! Facts of vault: `vault kv put PATH FIELD=-` takes that field's value on its standard input and `PATH -` all fields as
//! a JSON object; `put` drops the fields that it is not given, and `patch` keeps them and is known to version 2 of the
//! engine only. `vault kv get -format=json PATH` holds the fields in `data.data` beside `data.metadata` (version 2) or
//! in `data` (version 1); where nothing is, it complains `No value found at`.
//! Source: developer.hashicorp.com/vault/docs/commands/kv, and its source for the words.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::names::{is_made_of, require};
use super::programs::{Program, Tool};
use super::{BadSink, DEFAULT_KEY, Payload, Programs, ReadBack, Shape, SinkError};

const VAULT: Program = Program {
    name: "vault",
    install: "install Vault's command line (https://developer.hashicorp.com/vault/install) and run `vault login`",
    of_cloudflare: false,
};
const LOOK: &str = "look at the secret";

/// A field of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultField {
    /// With the mount in front, `secret/ci/shop`.
    path: String,
    field: String,
}

/// A path that could be looked at.
#[derive(Debug)]
pub(super) struct ProvedVault {
    vault: Tool,
    field: VaultField,
}

/// What lies at a path.
enum Found {
    Nothing,
    /// Version 2 of the engine.
    Patchable,
    /// Version 1, which knows no `patch`.
    Whole(Map<String, Value>),
}

impl VaultField {
    /// Reads `PATH[#FIELD]`.
    pub(super) fn parse(rest: &str) -> Result<Self, BadSink> {
        let (path, field) = rest.split_once('#').unwrap_or((rest, DEFAULT_KEY));
        let parts: Vec<&str> = path.split('/').collect();
        let is_path = parts.len() > 1
            && parts
                .iter()
                .all(|part| is_made_of(part, "-_. @+") && part.trim() == *part && ![".", ".."].contains(part));
        require(is_path, path, "a path in Vault is MOUNT/NAME, of letters, digits and -_.@+")?;
        require(is_made_of(field, "-_."), field, "a field is letters, digits and -_., with no - in front")?;
        Ok(Self { path: path.to_owned(), field: field.to_owned() })
    }

    pub(super) fn spelling(&self) -> String {
        format!("{}#{}", self.path, self.field)
    }

    /// Shows that the path may be looked at. That it may be written can only be seen by writing.
    pub(super) fn prove(&self, shape: &Shape, programs: &Programs) -> Result<ProvedVault, SinkError> {
        shape.keys(&self.field)?;
        let vault = programs.find(&VAULT)?;
        self.look(&vault)?;
        Ok(ProvedVault { vault, field: self.clone() })
    }

    pub(super) fn read(&self, name: Option<&str>, programs: &Programs) -> Result<ReadBack, SinkError> {
        let field = name.unwrap_or(&self.field);
        let vault = programs.find(&VAULT)?;
        let answer = vault.ask(&["kv", "get", &format!("-field={field}"), &self.path], None)?;
        if answer.is_yes() {
            let value = answer.stdout();
            return Ok(ReadBack::Value(SecretString::from(value.strip_suffix('\n').unwrap_or(value))));
        }
        if answer.complains("No value found at") || answer.complains("not present in secret") {
            return Ok(ReadBack::Absent);
        }
        Err(vault.refused(LOOK, &answer, None))
    }

    fn look(&self, vault: &Tool) -> Result<Found, SinkError> {
        let answer = vault.ask(&["kv", "get", "-format=json", &self.path], None)?;
        if answer.complains("No value found at") {
            return Ok(Found::Nothing);
        }
        // A version that was deleted is shown, without fields, and counts as a failure.
        let mut document: Value = match serde_json::from_str(answer.stdout()) {
            Ok(document) => document,
            Err(_) if answer.is_yes() => return Err(vault.not_understood(LOOK)),
            Err(_) => return Err(vault.refused(LOOK, &answer, None)),
        };
        match document.get_mut("data").map(Value::take) {
            Some(Value::Object(mut data)) if data.get("metadata").is_some_and(Value::is_object) => {
                Ok(match data.remove("data") {
                    Some(Value::Object(_)) => Found::Patchable,
                    _ => Found::Nothing,
                })
            }
            Some(Value::Object(fields)) => Ok(Found::Whole(fields)),
            _ => Err(vault.not_understood(LOOK)),
        }
    }
}

impl ProvedVault {
    pub(super) fn deliver(self, payload: &Payload) -> Result<(), SinkError> {
        // Looked at anew: others may have written after the proof.
        let (verb, mut fields) = match self.field.look(&self.vault)? {
            Found::Nothing => ("put", Map::new()),
            Found::Patchable => ("patch", Map::new()),
            Found::Whole(fields) => ("put", fields),
        };
        let path = &self.field.path;
        if let (Some(value), true) = (payload.value(), fields.is_empty()) {
            let field = format!("{}=-", self.field.field);
            self.vault.must("write the secret", &["kv", verb, path, &field], Some(value), Some(payload))?;
            return Ok(());
        }
        for (name, value) in payload.entries(&self.field.field) {
            fields.insert(name.to_owned(), Value::from(value.expose_secret()));
        }
        let document = SecretString::from(Value::Object(fields).to_string());
        self.vault.must("write the secret", &["kv", verb, path, "-"], Some(&document), Some(payload))?;
        Ok(())
    }
}

impl fmt::Display for VaultField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the field {} of {} in Vault", self.field, self.path)
    }
}
