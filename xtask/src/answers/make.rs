//! Makes a small value that a schema accepts: required members, first allowed values, first alternative that works.
//!
//! A value is made for a conjunction of schemas, which is what `allOf` and a property of several of its arms are. Where
//! there is a choice, each candidate is shown to the validator and the first that it accepts is taken.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, anyhow};
use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::{Map, Value, json};

use super::scalars;
use super::shapes::{definition, step};

const PLACE: &str = "http://shapes.invalid/shapes.json";
/// Combinations of alternatives that are tried for one value.
const MOST_COMBINATIONS: usize = 48;

/// A schema of the document, by its pointer: the form of a URL's fragment.
type Place = String;

/// Makes values for the schemas of one document.
pub(super) struct Maker<'a> {
    shapes: &'a Value,
    compiler: Compiler,
    compiled: Schemas,
    known: BTreeMap<Place, Option<SchemaIndex>>,
    patterns: scalars::Patterns,
    /// What is being made, outermost first: a schema that leads to itself ends there.
    under_way: Vec<Vec<Place>>,
}

/// Schemas without references and `allOf`, as far as the top of the value goes.
#[derive(Default, Clone)]
struct Flat<'a> {
    pieces: Vec<(Place, &'a Map<String, Value>)>,
    /// Alternatives that nobody has chosen of yet.
    open: Vec<Vec<Place>>,
}

impl<'a> Maker<'a> {
    pub(super) fn new(shapes: &'a Value) -> Result<Self> {
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V7);
        compiler.enable_format_assertions();
        compiler.add_resource(PLACE, shapes.clone()).map_err(|error| anyhow!("{error}"))?;
        let (compiled, known, patterns) = (Schemas::new(), BTreeMap::new(), scalars::Patterns::default());
        Ok(Self { shapes, compiler, compiled, known, patterns, under_way: Vec::new() })
    }

    /// A value that the schema at this place accepts; none where none was found.
    pub(super) fn make(&mut self, place: &str) -> Option<Value> {
        self.conjunction(&[place.to_owned()], "", 0)
    }

    /// Whether the schema at this place accepts a value. One that cannot be compiled accepts nothing.
    pub(super) fn accepts(&mut self, place: &str, value: &Value) -> bool {
        let index = match self.known.get(place) {
            Some(index) => *index,
            None => {
                let index = self.compiler.compile(&format!("{PLACE}#{place}"), &mut self.compiled).ok();
                self.known.insert(place.to_owned(), index);
                index
            }
        };
        index.is_some_and(|index| self.compiled.validate(value, index).is_ok())
    }

    /// A value for all of these schemas, which is the member `name` of what it stands in.
    fn conjunction(&mut self, places: &[Place], name: &str, depth: usize) -> Option<Value> {
        if self.under_way.iter().any(|outer| outer == places) {
            return None;
        }
        self.under_way.push(places.to_owned());
        let made = self.first_that_works(places, name, depth);
        self.under_way.pop();
        made
    }

    fn first_that_works(&mut self, places: &[Place], name: &str, depth: usize) -> Option<Value> {
        let mut start = Flat::default();
        for place in places {
            self.flatten(place, &mut start, &mut BTreeSet::new());
        }
        let choices = self.choose(start);
        for rich in [false, true] {
            for flat in &choices {
                for value in self.candidates(flat, (name, depth), rich) {
                    if places.iter().all(|place| self.accepts(place, &value)) {
                        return Some(value);
                    }
                }
            }
        }
        None
    }

    fn at(&self, place: &str) -> Option<&'a Value> {
        let decoded = percent_decoded(place);
        self.shapes.pointer(&decoded)
    }

    fn flatten(&self, place: &str, flat: &mut Flat<'a>, seen: &mut BTreeSet<Place>) {
        if !seen.insert(place.to_owned()) {
            return;
        }
        let Some(Value::Object(schema)) = self.at(place) else { return };
        if let Some(name) = schema.get("$ref").and_then(Value::as_str).and_then(definition) {
            return self.flatten(&format!("/definitions{}", step(name)), flat, seen);
        }
        flat.pieces.push((place.to_owned(), schema));
        let arms = |keyword: &str| {
            let count = schema.get(keyword).and_then(Value::as_array).map_or(0, Vec::len);
            (0..count).map(|arm| format!("{place}/{keyword}/{arm}")).collect::<Vec<_>>()
        };
        for arm in arms("allOf") {
            self.flatten(&arm, flat, seen);
        }
        flat.open.extend(["oneOf", "anyOf"].map(arms).into_iter().filter(|arms| !arms.is_empty()));
    }

    /// All ways to choose of the alternatives, the first arms first.
    fn choose(&self, start: Flat<'a>) -> Vec<Flat<'a>> {
        let (mut open, mut done) = (vec![start], Vec::new());
        while let Some(mut flat) = open.pop() {
            if done.len() >= MOST_COMBINATIONS || open.len() > 10_000 {
                break;
            }
            match flat.open.pop() {
                None => done.push(flat),
                // The last pushed is the next popped.
                Some(arms) => open.extend(arms.iter().rev().map(|arm| {
                    let mut flat = flat.clone();
                    self.flatten(arm, &mut flat, &mut BTreeSet::new());
                    flat
                })),
            }
        }
        done
    }

    fn candidates(&mut self, flat: &Flat<'a>, (name, depth): (&str, usize), rich: bool) -> Vec<Value> {
        let limits: Vec<&Map<String, Value>> = flat.pieces.iter().map(|(_, schema)| *schema).collect();
        if let Some(allowed) = limits.iter().find_map(|schema| schema.get("enum")?.as_array()) {
            let mut allowed = allowed.clone();
            // `false` comes first in some envelopes' lists.
            allowed.sort_by_key(|value| (value.is_null(), name == "success" && value != &Value::Bool(true)));
            return allowed;
        }
        let kinds = kinds(&limits);
        let mut found = Vec::new();
        for kind in kinds {
            match kind {
                "object" => found.extend(self.object(flat, depth, rich)),
                "array" => found.extend(self.array(flat, name, depth)),
                "string" => {
                    found.extend(scalars::texts(name, &limits, &mut self.patterns).into_iter().map(Value::from));
                }
                "integer" | "number" => found.extend(scalars::numbers(&limits)),
                "boolean" => found.extend([json!(name == "success"), json!(name != "success")]),
                _ => found.push(Value::Null),
            }
        }
        found
    }

    fn object(&mut self, flat: &Flat<'a>, depth: usize, rich: bool) -> Option<Value> {
        let mut members: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
        let mut required: BTreeSet<&str> = BTreeSet::new();
        for (place, schema) in &flat.pieces {
            for (name, _) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                members.entry(name).or_default().push(format!("{place}/properties{}", step(name)));
            }
            required.extend(
                schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str),
            );
        }
        // What every answer has, published as required or not; and the id, by which things are told apart.
        let usual: &[&str] = if depth == 0 { &["success", "errors", "messages", "result"] } else { &["id"] };
        let mut object = Map::new();
        for (name, places) in &members {
            let needed = required.contains(name);
            if needed || rich || usual.contains(name) {
                match self.conjunction(places, name, depth + 1) {
                    Some(value) => drop(object.insert((*name).to_owned(), value)),
                    None if needed => return None,
                    None => {}
                }
            }
        }
        // A member that is required and nowhere described may be anything.
        for name in required.iter().filter(|name| !members.contains_key(*name)) {
            let described =
                flat.pieces.iter().find(|(_, schema)| schema.get("additionalProperties").is_some_and(Value::is_object));
            let value = match described {
                Some((place, _)) => self.conjunction(&[format!("{place}/additionalProperties")], name, depth + 1)?,
                None => json!({}),
            };
            object.insert((*name).to_owned(), value);
        }
        Some(Value::Object(object))
    }

    fn array(&mut self, flat: &Flat<'a>, name: &str, depth: usize) -> Option<Value> {
        let least = flat.pieces.iter().filter_map(|(_, schema)| schema.get("minItems")?.as_u64()).max().unwrap_or(0);
        if least == 0 {
            return Some(json!([]));
        }
        let places: Vec<Place> = flat
            .pieces
            .iter()
            .filter(|(_, schema)| schema.contains_key("items"))
            .map(|(place, _)| format!("{place}/items"))
            .collect();
        let item = if places.is_empty() { json!({}) } else { self.conjunction(&places, name, depth + 1)? };
        Some(Value::Array(vec![item; usize::try_from(least).ok()?]))
    }
}

/// The types that all of the schemas allow, in the order of the first that names any; `null` last.
fn kinds<'a>(limits: &[&'a Map<String, Value>]) -> Vec<&'a str> {
    let named = |schema: &&'a Map<String, Value>| -> Option<Vec<&'a str>> {
        match schema.get("type")? {
            Value::String(kind) => Some(vec![kind]),
            Value::Array(kinds) => Some(kinds.iter().filter_map(Value::as_str).collect()),
            _ => None,
        }
    };
    let mut lists = limits.iter().filter_map(named);
    let Some(mut kinds) = lists.next() else {
        let has = |names: &[&str]| limits.iter().any(|schema| names.iter().any(|name| schema.contains_key(*name)));
        return match () {
            () if has(&["properties", "required", "additionalProperties", "minProperties"]) => vec!["object"],
            () if has(&["items", "minItems"]) => vec!["array"],
            () if has(&["pattern", "format", "minLength", "maxLength"]) => vec!["string"],
            () if has(&["minimum", "maximum", "multipleOf"]) => vec!["number"],
            () => vec!["null", "object", "string"],
        };
    };
    for list in lists {
        kinds.retain(|kind| list.contains(kind) || (*kind == "integer" && list.contains(&"number")));
    }
    kinds.sort_by_key(|kind| *kind == "null");
    kinds
}

/// A fragment as the JSON pointer that it is.
fn percent_decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.bytes();
    while let Some(byte) = rest.next() {
        let hex = |byte: Option<u8>| char::from(byte.unwrap_or(b'0')).to_digit(16).unwrap_or(0) as u8;
        bytes.push(if byte == b'%' { hex(rest.next()) * 16 + hex(rest.next()) } else { byte });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    // By value, so that a call can write the schema in place.
    #[allow(clippy::needless_pass_by_value)]
    #[track_caller]
    fn made(schema: Value) -> Value {
        let shapes = json!({"it": schema, "definitions": {
            "node": {"type": "object", "required": ["name"], "properties": {
                "name": {"type": "string"}, "next": {"$ref": "#/definitions/node"}}},
            "loop": {"type": "object", "required": ["again"], "properties": {"again": {"$ref": "#/definitions/loop"}}},
        }});
        Maker::new(&shapes).unwrap().make("/it").unwrap_or_else(|| json!("nothing"))
    }

    #[test]
    fn required_members_and_first_values() {
        let schema = json!({"type": "object", "required": ["kind", "count"], "properties": {
            "kind": {"enum": ["b", "a"]}, "count": {"type": "integer", "minimum": 3}, "more": {"type": "string"}}});
        assert_eq!(made(schema), json!({"kind": "b", "count": 3}));
    }

    #[test]
    fn arms_are_merged_and_the_first_that_works_is_taken() {
        let both = json!({"allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}},
            {"type": "object", "required": ["a"], "properties": {"a": {"type": "string", "maxLength": 2}}}]});
        assert_eq!(made(both)["a"].as_str().unwrap().len(), 2);
        // An empty object would be either: a member must tell them apart.
        let either = json!({"oneOf": [
            {"type": "object", "properties": {"a": {"type": "boolean"}}},
            {"type": "object", "properties": {"a": {"type": "integer"}}}]});
        assert_eq!(made(either), json!({"a": false}));
    }

    #[test]
    fn a_cycle_is_cut_where_it_may_be() {
        assert_eq!(made(json!({"$ref": "#/definitions/node"})), json!({"name": "example"}));
        assert_eq!(made(json!({"$ref": "#/definitions/loop"})), json!("nothing"));
    }

    #[test]
    fn names_with_odd_letters_are_found() {
        let schema =
            json!({"type": "object", "required": ["a/b %{c}"], "properties": {"a/b %{c}": {"type": "boolean"}}});
        assert_eq!(made(schema), json!({"a/b %{c}": false}));
    }
}
