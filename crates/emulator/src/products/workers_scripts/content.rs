//! What a script is made of, as it was uploaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::http::Answer;
use crate::text;

/// The code of a script with what it is bound to: one version of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    pub(crate) etag: String,
    pub(crate) main_module: Option<String>,
    pub(crate) modules: Code,
    /// The bindings without secrets, as they were sent.
    pub(crate) bindings: Vec<Value>,
    /// The rest of the metadata, as it was sent.
    pub(crate) metadata: Map<String, Value>,
    /// The secrets by name, as they were sent: bindings with their values. They are shown to nobody, and are for the
    /// Worker itself.
    pub(crate) secrets: BTreeMap<String, Value>,
    /// The hashes of the static assets by path; none where the version has none.
    #[serde(default)]
    pub(crate) assets: Option<Arc<BTreeMap<String, String>>>,
}

/// All modules. Versions that differ in their settings alone share them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Code(Arc<Vec<Module>>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) content_type: String,
    #[serde(with = "text::bytes")]
    pub(crate) bytes: Bytes,
}

impl Code {
    pub(crate) fn new(modules: Vec<Module>) -> Self {
        Self(Arc::new(modules))
    }
}

impl std::ops::Deref for Code {
    type Target = [Module];

    fn deref(&self) -> &[Module] {
        &self.0
    }
}

/// States are compared at each write: what is shared is not read for it.
impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Content {
    /// A member of the metadata, or what stands in its place.
    pub(super) fn metadata(&self, name: &str, default: Value) -> Value {
        self.metadata.get(name).cloned().unwrap_or(default)
    }

    /// The bindings as the API shows them: secrets without their values.
    pub(super) fn bindings(&self) -> Value {
        let secrets = self.secrets.iter().map(|(name, secret)| json!({"name": name, "type": kind(secret)}));
        self.bindings.iter().cloned().chain(secrets).collect()
    }

    /// The source: the one module as it is, or a form of all modules.
    pub(super) fn source(&self) -> Answer {
        let answer = match &*self.modules {
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

/// The type of a secret or of any binding.
pub(super) fn kind(binding: &Value) -> &str {
    binding.get("type").and_then(Value::as_str).unwrap_or("secret_text")
}
