//! The upload of a script.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::content::{Code, Content, Module, kind};
use super::{Facts, Script, account, own, shown};
use crate::credential::{fresh_id, hash, hex};
use crate::http::{Answer, ApiError, Call, Outcome, Part};
use crate::products::{d1, kv, queues, r2_buckets, text};
use crate::state::State;

/// PUT of a script: a form with a part `metadata` and a part for each module, or the bare source of an old-style Worker.
pub(super) fn put(call: &Call, state: &mut State) -> Outcome {
    let name = call.parameter("script_name").to_owned();
    if !is_script_name(&name) {
        return Err(ApiError::new(400, 10016, "The name of a Worker has lower-case letters, digits, - and _."));
    }
    let upload = Upload::read(call)?;
    let old = own(call, state)?.get(&name).cloned();
    let content = upload.content(call, state, old.as_ref().map(Script::content))?;
    let fresh = || Facts { tag: format!("{:032x}", fresh_id()), created_on: call.at.0, ..Facts::default() };
    let mut script = old.unwrap_or_else(|| Script { facts: fresh(), ..Script::default() });
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

/// A version with settings of a PATCH in the place of those of an older one.
pub(super) fn changed(
    call: &Call,
    state: &State,
    old: &Content,
    settings: &Map<String, Value>,
) -> Result<Content, ApiError> {
    let mut content = old.clone();
    if settings.get("bindings").is_some_and(Value::is_array) {
        let upload = Upload { metadata: settings.clone(), main_module: None, modules: Vec::new() };
        let bound = upload.content(call, state, Some(old))?;
        (content.bindings, content.secrets) = (bound.bindings, bound.secrets);
    }
    for (name, value) in settings.iter().filter(|(name, _)| !matches!(name.as_str(), "bindings" | "keep_bindings")) {
        content.metadata.insert(name.clone(), value.clone());
    }
    Ok(content)
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
        let (mut secrets, mut plain) = (bindings.secrets, bindings.plain);
        // What is not sent again is dropped, unless its type is to be kept or it is inherited.
        let kept = |binding: &Value| listed(&self.metadata, "keep_bindings").any(|keep| keep == kind(binding));
        let inherited = |name: &str| bindings.inherited.iter().any(|inherited| inherited == name);
        let sent: Vec<String> = plain.iter().map(|binding| name_of(binding).to_owned()).collect();
        let old_plain = old.map(|old| old.bindings.as_slice()).unwrap_or_default();
        for binding in old_plain.iter().filter(|binding| kept(binding) || inherited(name_of(binding))) {
            if !sent.iter().any(|name| name == name_of(binding)) {
                plain.push(binding.clone());
            }
        }
        for (name, secret) in old.into_iter().flat_map(|old| &old.secrets) {
            if kept(secret) || inherited(name) {
                secrets.entry(name.clone()).or_insert_with(|| secret.clone());
            }
        }
        let there = |name: &String| secrets.contains_key(name) || plain.iter().any(|binding| name_of(binding) == name);
        if call.query("bindings_inherit").as_deref() == Some("strict")
            && let Some(lost) = bindings.inherited.iter().find(|name| !there(name))
        {
            let lost = crate::log::printable(lost, 100);
            return Err(ApiError::new(400, 10057, format!("inherit binding '{lost}' is invalid: nothing to inherit")));
        }
        if plain.len() + secrets.len() > MOST_BINDINGS {
            return Err(invalid("a Worker has 128 variables and secrets at most"));
        }
        let assets = super::assets::of_upload(call, state, &self.metadata, old)?;
        let size: usize = self.modules.iter().map(|module| module.bytes.len()).sum();
        if size > LARGEST {
            return Err(ApiError::new(413, 10027, "Your Worker exceeded the size limit of 64 MiB."));
        }
        let bytes: Vec<u8> = self.modules.iter().flat_map(|module| module.bytes.iter().copied()).collect();
        let mut metadata: Map<String, Value> =
            self.metadata.into_iter().filter(|(name, _)| name != "bindings").collect();
        if let Some(given) = metadata.get_mut("assets").and_then(Value::as_object_mut) {
            given.remove("jwt");
        }
        Ok(Content {
            etag: hex(&hash(&bytes)),
            main_module: self.main_module,
            modules: Code::new(self.modules),
            bindings: plain,
            metadata,
            secrets,
            assets,
        })
    }

    fn form(parts: &[Part]) -> Result<Self, ApiError> {
        let metadata = parts.iter().find(|part| part.name == "metadata");
        let metadata = metadata.ok_or_else(|| invalid("the form has no part `metadata`"))?;
        let metadata = crate::http::object(&metadata.bytes).ok_or_else(|| invalid("`metadata` is no JSON object"))?;
        let rest = parts.iter().filter(|part| part.name != "metadata");
        let modules = rest.map(module).collect::<Option<Vec<_>>>();
        let modules = modules.ok_or_else(|| invalid("a part's name or type holds a quote or a control character"))?;
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

/// Cloudflare's limits (docs: workers/platform/limits). The size is that of all modules as they come; Cloudflare measures
/// it compressed as well.
const LARGEST: usize = 64 << 20;
const MOST_BINDINGS: usize = 128;
const LARGEST_TEXT: usize = 5 * 1024;

/// What the bindings of an upload come to.
struct Bindings {
    plain: Vec<Value>,
    secrets: BTreeMap<String, Value>,
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
                "secret_text" | "secret_key" => {
                    bindings.secrets.insert(field("name").to_owned(), binding.clone());
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
                "d1" if !d1::exists(state, &account.to_string(), d1_id(object)) => {
                    let name = crate::log::printable(field("name"), 100);
                    return Err(invalid(&format!("binding {name} of type d1 must have a valid `id` specified")));
                }
                "queue" if !queues::exists(state, &account.to_string(), field("queue_name")) => {
                    let name = crate::log::printable(field("queue_name"), 100);
                    return Err(ApiError::new(400, 11_000, format!("Queue \"{name}\" does not exist.")));
                }
                "plain_text" if field("text").len() > LARGEST_TEXT => {
                    return Err(invalid("a variable has 5 KB at most"));
                }
                _ => {}
            }
            bindings.plain.push(binding.clone());
        }
        Ok(bindings)
    }
}

/// The schema names both members; wrangler sends the first.
fn d1_id(binding: &Map<String, Value>) -> &str {
    text(binding, "id").or_else(|| text(binding, "database_id")).unwrap_or_default()
}

fn name_of(binding: &Value) -> &str {
    binding.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn module(part: &Part) -> Option<Module> {
    let name = part.file_name.clone().unwrap_or_else(|| part.name.clone());
    let content_type = part.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned());
    let clean = !name.chars().any(|c| c.is_control() || c == '"') && !content_type.chars().any(char::is_control);
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
