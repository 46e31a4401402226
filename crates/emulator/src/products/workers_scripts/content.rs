//! What a script is made of, as it was uploaded.

use std::collections::BTreeMap;
use std::fmt;

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::http::Answer;
use crate::text;

/// The code of a script with what it is bound to: one version of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Content {
    pub(super) etag: String,
    pub(super) main_module: Option<String>,
    pub(super) modules: Vec<Module>,
    /// The bindings without secrets, as they were sent.
    pub(super) bindings: Vec<Value>,
    /// The rest of the metadata, as it was sent.
    pub(super) metadata: Map<String, Value>,
    /// The secrets by name. Their values are for the running Worker alone: no answer holds them.
    pub(super) secrets: BTreeMap<String, Secret>,
}

/// A secret.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Secret {
    /// `secret_text` or `secret_key`.
    pub(super) kind: String,
    /// Empty for a key, which is none.
    pub(super) text: String,
}

impl fmt::Debug for Secret {
    /// Without the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("kind", &self.kind).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Module {
    pub(super) name: String,
    pub(super) content_type: String,
    #[serde(with = "text::bytes")]
    pub(super) bytes: Bytes,
}

impl Content {
    /// A member of the metadata, or what stands in its place.
    pub(super) fn metadata(&self, name: &str, default: Value) -> Value {
        self.metadata.get(name).cloned().unwrap_or(default)
    }

    /// The bindings as the API shows them: secrets without their values.
    pub(super) fn bindings(&self) -> Value {
        let secrets = self.secrets.iter().map(|(name, secret)| json!({"name": name, "type": secret.kind}));
        self.bindings.iter().cloned().chain(secrets).collect()
    }

    /// The names of the secrets with their values: for the edge.
    pub(super) fn secret_values(&self) -> Vec<(String, String)> {
        self.secrets.iter().map(|(name, secret)| (name.clone(), secret.text.clone())).collect()
    }

    /// The source: the one module as it is, or a form of all modules.
    pub(super) fn source(&self) -> Answer {
        let answer = match self.modules.as_slice() {
            [only] => Answer::raw(only.bytes.clone(), &only.content_type),
            several => {
                let boundary = &self.etag;
                let mut form = Vec::new();
                for module in several {
                    // Names and types were checked when they came: they hold no quotes and no line ends.
                    let (name, kind) = (&module.name, &module.content_type);
                    let head = format!(
                        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{name}\"\r\nContent-Type: {kind}\r\n\r\n"
                    );
                    form.extend_from_slice(head.as_bytes());
                    form.extend_from_slice(&module.bytes);
                    form.extend_from_slice(b"\r\n");
                }
                form.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
                Answer::raw(form.into(), &format!("multipart/form-data; boundary={boundary}"))
            }
        };
        answer.header("cf-entrypoint", self.main_module.as_deref().unwrap_or_default()).header("etag", &self.etag)
    }
}
