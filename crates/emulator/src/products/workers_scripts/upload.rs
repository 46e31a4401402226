//! The upload of a script.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::content::{Content, Module, Secret};
use super::{Script, account, own, shown};
use crate::credential::{fresh_id, hash, hex};
use crate::http::{Answer, ApiError, Call, Outcome, Part};
use crate::products::{kv, r2_buckets, text};
use crate::state::State;

/// PUT of a script: a form with a part `metadata` and a part for each module, or the bare source of an old-style Worker.
pub(super) fn put(call: &Call, state: &mut State) -> Outcome {
    let name = call.parameter("script_name").to_owned();
    if !is_script_name(&name) {
        return Err(ApiError::new(400, 10016, "The name of a Worker has lower-case letters, digits, - and _."));
    }
    let upload = Upload::read(call)?;
    let old = own(call, state)?.get(&name).cloned();
    let content = upload.content(call, state, old.as_ref().map(|old| &old.content))?;
    let mut script = old.unwrap_or_else(|| Script {
        tag: format!("{:032x}", fresh_id()),
        created_on: call.at.0,
        modified_on: call.at.0,
        content: content.clone(),
        enabled: false,
        previews_enabled: false,
        deployed_from: String::new(),
        versions: Vec::new(),
        deployments: Vec::new(),
    });
    let version = script.release(call, content);
    let mut answer = shown(&name, &script);
    if let Some(object) = answer.as_object_mut() {
        object.insert("startup_time_ms".to_owned(), 1.into());
        // The version's id without its hyphens, as wrangler reads it.
        object.insert("deployment_id".to_owned(), version.replace('-', "").into());
    }
    own(call, state)?.insert(name, script);
    Ok(Answer::result(&answer))
}

/// An upload as it came.
pub(super) struct Upload {
    metadata: Map<String, Value>,
    main_module: Option<String>,
    modules: Vec<Module>,
}

impl Upload {
    pub(super) fn read(call: &Call) -> Result<Self, ApiError> {
        match call.content_type().as_str() {
            "multipart/form-data" => Self::form(call.parts().ok_or_else(|| invalid("the form could not be read"))?),
            "application/javascript" | "text/javascript" | "application/javascript+module" => Ok(Self {
                metadata: Map::new(),
                main_module: None,
                modules: vec![Module {
                    name: "script".to_owned(),
                    content_type: "application/javascript".to_owned(),
                    bytes: call.body().clone(),
                }],
            }),
            _ => Err(ApiError::new(400, 10001, "Content-Type must be multipart/form-data or application/javascript.")),
        }
    }

    /// What a version of the script is then, in the place of an older one if there is one.
    pub(super) fn content(self, call: &Call, state: &State, old: Option<&Content>) -> Result<Content, ApiError> {
        let bindings = Bindings::read(call, state, &self.metadata)?;
        let mut secrets = bindings.secrets;
        if let Some(old) = old {
            // Secrets that are not sent again are dropped, unless their type is to be kept or they are inherited.
            let kept = |kind: &str| listed(&self.metadata, "keep_bindings").any(|keep| keep == kind);
            let inherited = |name: &String| bindings.inherited.contains(name);
            let stay = old.secrets.iter().filter(|(name, secret)| kept(&secret.kind) || inherited(name));
            for (name, secret) in stay {
                secrets.entry(name.clone()).or_insert_with(|| secret.clone());
            }
        }
        let bytes: Vec<u8> = self.modules.iter().flat_map(|module| module.bytes.iter().copied()).collect();
        Ok(Content {
            etag: hex(&hash(&bytes)),
            main_module: self.main_module,
            modules: self.modules,
            bindings: bindings.plain,
            metadata: self.metadata.into_iter().filter(|(name, _)| name != "bindings").collect(),
            secrets,
        })
    }

    fn form(parts: &[Part]) -> Result<Self, ApiError> {
        let metadata = parts.iter().find(|part| part.name == "metadata");
        let metadata = metadata.ok_or_else(|| invalid("the form has no part `metadata`"))?;
        let metadata = crate::http::object(&metadata.bytes).ok_or_else(|| invalid("`metadata` is no JSON object"))?;
        let rest = parts.iter().filter(|part| part.name != "metadata");
        let modules = rest.map(module).collect::<Option<Vec<_>>>();
        let modules = modules.ok_or_else(|| invalid("a part's name holds a quote or a control character"))?;
        let main = text(&metadata, "main_module");
        let body = text(&metadata, "body_part");
        let has = |name: &str| modules.iter().any(|module| module.name == name);
        match (main, body) {
            (None, None) if metadata.contains_key("assets") => {}
            (None, None) => return Err(invalid("metadata must name a main_module or a body_part")),
            (Some(name), _) | (None, Some(name)) if !has(name) => {
                let name = crate::log::printable(name, 100);
                return Err(invalid(&format!("Uncaught Error: No such module \"{name}\".")));
            }
            _ => {}
        }
        let main_module = main.map(ToOwned::to_owned);
        Ok(Self { main_module, metadata, modules })
    }
}

/// What the bindings of an upload come to.
struct Bindings {
    plain: Vec<Value>,
    secrets: BTreeMap<String, Secret>,
    inherited: Vec<String>,
}

impl Bindings {
    fn read(call: &Call, state: &State, metadata: &Map<String, Value>) -> Result<Self, ApiError> {
        let account = account(call)?;
        let mut bindings = Self { plain: Vec::new(), secrets: BTreeMap::new(), inherited: Vec::new() };
        let given = metadata.get("bindings").and_then(Value::as_array).into_iter().flatten();
        for binding in given {
            let object = binding.as_object().ok_or_else(|| invalid("each binding must be an object"))?;
            let field = |name| text(object, name).unwrap_or_default();
            match field("type") {
                kind @ ("secret_text" | "secret_key") => {
                    let secret = Secret { kind: kind.to_owned(), text: field("text").to_owned() };
                    bindings.secrets.insert(field("name").to_owned(), secret);
                    continue;
                }
                "inherit" => {
                    bindings.inherited.push(field("name").to_owned());
                    continue;
                }
                "r2_bucket" => {
                    let jurisdiction = text(object, "jurisdiction").unwrap_or("default");
                    if !r2_buckets::exists(state, account, jurisdiction, field("bucket_name")) {
                        return Err(ApiError::new(400, 10085, "R2 bucket not found"));
                    }
                }
                "kv_namespace" if !kv::exists(state, account, field("namespace_id")) => {
                    return Err(ApiError::new(400, 10041, "KV namespace not found"));
                }
                _ => {}
            }
            bindings.plain.push(binding.clone());
        }
        Ok(bindings)
    }
}

fn module(part: &Part) -> Option<Module> {
    let name = part.file_name.clone().unwrap_or_else(|| part.name.clone());
    let clean = !name.chars().any(|c| c.is_control() || c == '"');
    let content_type = part.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    clean.then(|| Module { name, content_type, bytes: part.bytes.clone() })
}

fn listed<'a>(metadata: &'a Map<String, Value>, name: &str) -> impl Iterator<Item = &'a str> {
    metadata.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn is_script_name(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, 10021, message)
}
