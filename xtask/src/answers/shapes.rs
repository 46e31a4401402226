//! The shapes of an OpenAPI 3.0 document's success answers, as JSON Schema (draft 7): names, types and limits, no prose.
//!
//! The emulator's tests use this file too (`crates/emulator/tests/schema.rs`), so that what the generator takes for valid
//! and what the tests take for valid is one thing.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];
const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];
/// Keywords that mean the same in both and hold no schema.
const PLAIN: [&str; 13] = [
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
    "multipleOf",
    "minimum",
    "maximum",
];

/// `{"answers": {"GET /path": {"200": {"content_type": …, "schema": …}}}, "definitions": {…}}`. An answer of the published
/// document that only names a response which it does not hold is `{"absent": name}`; one without a body is `{}`.
pub(crate) fn shapes(openapi: &Value) -> Value {
    let mut answers = Map::new();
    for (path, item) in members(&openapi["paths"]) {
        for method in METHODS {
            let Some(responses) = item.get(method).and_then(|operation| operation["responses"].as_object()) else {
                continue;
            };
            let has_success = responses.keys().any(|status| status.starts_with('2'));
            let successes = responses
                .iter()
                .filter(|(status, _)| status.starts_with('2') || (!has_success && status.as_str() == "default"));
            let successes = successes.map(|(status, response)| (status.clone(), answer(response))).collect();
            answers.insert(format!("{} {path}", method.to_uppercase()), Value::Object(successes));
        }
    }
    let definitions = members(&openapi["components"]["schemas"]).map(|(name, value)| (name.clone(), schema(value)));
    json!({"answers": answers, "definitions": definitions.collect::<Map<_, _>>()})
}

/// The same for these operations only, with the definitions that they lead to.
#[allow(dead_code)] // The generator needs all of them.
pub(crate) fn reduced(shapes: &Value, operations: &BTreeSet<String>) -> Value {
    let kept = members(&shapes["answers"]).filter(|(name, _)| operations.contains(*name));
    let answers: Map<_, _> = kept.map(|(name, answer)| (name.clone(), answer.clone())).collect();
    let mut names = BTreeSet::new();
    let mut open: Vec<&Value> = answers.values().collect();
    while let Some(value) = open.pop() {
        match value {
            Value::Object(object) => {
                if let Some(name) = object.get("$ref").and_then(Value::as_str).and_then(definition)
                    && names.insert(name.to_owned())
                {
                    open.push(&shapes["definitions"][name]);
                }
                open.extend(object.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    let definitions: Map<_, _> = names.iter().map(|name| (name.clone(), shapes["definitions"][name].clone())).collect();
    json!({"answers": answers, "definitions": definitions})
}

/// The definition that a reference of the shapes names.
pub(crate) fn definition(reference: &str) -> Option<&str> {
    reference.strip_prefix("#/definitions/")
}

/// A step of a JSON pointer in a URL's fragment.
pub(crate) fn step(name: &str) -> String {
    let mut out = String::from("/");
    for byte in name.bytes() {
        match byte {
            b'~' => out.push_str("~0"),
            b'/' => out.push_str("~1"),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => out.push(byte.into()),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Whether a content type is one of JSON; lines of JSON are something else.
pub(crate) fn is_json(content_type: &str) -> bool {
    content_type == "application/json" || content_type.ends_with("+json")
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn answer(response: &Value) -> Value {
    if let Some(reference) = response["$ref"].as_str() {
        return json!({"absent": reference.rsplit('/').next()});
    }
    let content = response["content"].as_object();
    // Of several, the one that is JSON; else the first.
    let json = content.and_then(|content| content.iter().find(|(name, _)| is_json(name)));
    match json.or_else(|| content?.iter().next()) {
        None => json!({}),
        Some((name, media)) => match media.get("schema") {
            None => json!({"content_type": name}),
            Some(found) => json!({"content_type": name, "schema": schema(found)}),
        },
    }
}

/// One schema, with what validates and nothing else.
fn schema(given: &Value) -> Value {
    let Some(given) = given.as_object() else { return given.as_bool().map_or_else(|| json!({}), Value::Bool) };
    if let Some(reference) = given.get("$ref").and_then(Value::as_str) {
        // Siblings of a reference count for nothing in OpenAPI 3.0; a reference that leads nowhere says nothing.
        return match reference.strip_prefix("#/components/schemas/") {
            Some(name) => json!({"$ref": format!("#/definitions/{name}")}),
            None => json!({}),
        };
    }
    let mut out = Map::new();
    for name in PLAIN {
        if let Some(value) = given.get(name) {
            out.insert(name.to_owned(), value.clone());
        }
    }
    let kinds: Vec<&str> = match &given.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let mut kinds: Vec<&str> = kinds.into_iter().filter(|kind| TYPES.contains(kind)).collect();
    let nullable = given.get("nullable") == Some(&Value::Bool(true));
    if nullable && !kinds.is_empty() && !kinds.contains(&"null") {
        kinds.push("null");
    }
    match kinds.as_slice() {
        [] => {}
        [one] => drop(out.insert("type".to_owned(), json!(one))),
        several => drop(out.insert("type".to_owned(), json!(several))),
    }
    if let Some(Value::Array(allowed)) = out.get_mut("enum")
        && nullable
        && !allowed.contains(&Value::Null)
    {
        allowed.push(Value::Null);
    }
    for (exclusive, plain) in [("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")] {
        match given.get(exclusive) {
            Some(Value::Bool(true)) => drop(out.remove(plain).map(|limit| out.insert(exclusive.to_owned(), limit))),
            Some(limit @ Value::Number(_)) => drop(out.insert(exclusive.to_owned(), limit.clone())),
            _ => {}
        }
    }
    if let Some(Value::Array(required)) = given.get("required") {
        let names: BTreeSet<&str> = required.iter().filter_map(Value::as_str).collect();
        out.insert("required".to_owned(), json!(names));
    }
    if let Some(Value::Object(properties)) = given.get("properties") {
        let properties: Map<_, _> = properties.iter().map(|(name, value)| (name.clone(), schema(value))).collect();
        out.insert("properties".to_owned(), properties.into());
    }
    for name in ["items", "additionalProperties", "not"] {
        if let Some(value @ (Value::Object(_) | Value::Bool(_))) = given.get(name) {
            out.insert(name.to_owned(), schema(value));
        }
    }
    for name in ["allOf", "anyOf", "oneOf"] {
        if let Some(Value::Array(arms)) = given.get(name).filter(|arms| arms.as_array().is_some_and(|a| !a.is_empty()))
        {
            out.insert(name.to_owned(), arms.iter().map(schema).collect());
        }
    }
    if nullable && kinds.is_empty() && !out.is_empty() {
        return json!({"anyOf": [out, {"type": "null"}]});
    }
    Value::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_goes_and_limits_stay() {
        let given = json!({
            "type": "string", "description": "words", "example": "x", "nullable": true, "enum": ["a"],
            "x-auditable": true, "maxLength": 3
        });
        assert_eq!(schema(&given), json!({"type": ["string", "null"], "enum": ["a", null], "maxLength": 3}));
        assert_eq!(
            schema(&json!({"type": "number", "minimum": 0, "exclusiveMinimum": true})),
            json!({"type": "number", "exclusiveMinimum": 0})
        );
        assert_eq!(schema(&json!({"type": "date-time"})), json!({}));
    }

    #[test]
    fn a_property_may_be_called_like_a_keyword() {
        let given =
            json!({"type": "object", "properties": {"type": {"type": "string"}, "description": {"type": "string"}}});
        assert_eq!(schema(&given), given);
    }

    #[test]
    fn what_is_reduced_holds_what_it_leads_to() {
        let openapi = json!({
            "paths": {
                "/a": {"get": {"responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}}, "4XX": {}}}},
                "/b": {"get": {"responses": {"200": {"$ref": "#/components/responses/B"}}}},
            },
            "components": {"schemas": {
                "A": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/A"}, "c": {"$ref": "#/components/schemas/C"}}},
                "B": {"type": "string"},
                "C": {"type": "string"},
            }},
        });
        let all = shapes(&openapi);
        assert_eq!(all["answers"]["GET /b"]["200"]["absent"], "B");
        let reduced = reduced(&all, &["GET /a".to_owned()].into());
        let names: Vec<&String> = members(&reduced["definitions"]).map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "C"]);
        assert!(reduced["answers"].get("GET /b").is_none());
    }
}
