//! The published schema of answers: the whole document where it is at hand, else the reduced copy beside this file.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::{env, fs};

use boon::{Compiler, Draft, Schemas};
use serde_json::Value;

use super::shapes::{is_json, reduced, shapes, step};

const PLACE: &str = "http://shapes.invalid/shapes.json";

/// The published answers.
pub(crate) struct Published {
    pub(crate) shapes: Value,
    /// Whether it is the whole document.
    pub(crate) whole: bool,
    compiler: Compiler,
    compiled: Schemas,
}

impl Published {
    pub(crate) fn read() -> Self {
        let path = env::var_os("FLAREKEEP_OPENAPI").map(PathBuf::from);
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/openapi-2026-07-27.json");
        let whole = match path {
            Some(path) => Some(fs::read(path).unwrap()),
            None => fs::read(folder).ok(),
        };
        let shapes = match &whole {
            Some(text) => shapes(&serde_json::from_slice(text).unwrap()),
            None => serde_json::from_str(&fs::read_to_string(copy()).unwrap()).unwrap(),
        };
        let mut compiler = Compiler::new();
        compiler.set_default_draft(Draft::V7);
        compiler.enable_format_assertions();
        compiler.add_resource(PLACE, shapes.clone()).unwrap();
        Self { shapes, whole: whole.is_some(), compiler, compiled: Schemas::new() }
    }

    /// What is wrong with an answer; nothing where the schema accepts it, or says nothing of it.
    pub(crate) fn fault(
        &mut self,
        operation: &str,
        (status, content_type): (u16, &str),
        body: &Value,
    ) -> Option<String> {
        // A later operation is in no schema.
        let answers = self.shapes["answers"].get(operation)?;
        let code = status.to_string();
        let (code, answer) = match (answers.get(&code), answers.get("default")) {
            (Some(answer), _) => (code.as_str(), answer),
            (None, Some(answer)) => ("default", answer),
            (None, None) => {
                let known: Vec<&String> = answers.as_object().unwrap().keys().collect();
                return Some(format!("it answers {status}, and {known:?} is published"));
            }
        };
        let published = answer["content_type"].as_str()?;
        if !is_json(published) {
            return None;
        }
        if !is_json(content_type) {
            return Some(format!("it answers {content_type}, and {published} is published"));
        }
        answer.get("schema")?;
        let place = format!("{PLACE}#/answers{}{}/schema", step(operation), step(code));
        let schema = self.compiler.compile(&place, &mut self.compiled).unwrap();
        self.compiled.validate(body, schema).err().map(|error| format!("{error:#}"))
    }

    /// Keeps the reduced copy as these operations need it. Without the whole document there is nothing to compare.
    pub(crate) fn keep_copy(&self, operations: &BTreeSet<String>) {
        if !self.whole {
            let lacking: Vec<&String> = operations.iter().filter(|name| self.is_new(name)).collect();
            assert!(lacking.is_empty(), "tests/schema/shapes.json lacks {lacking:#?}\n{}", super::MEND);
            return;
        }
        let text = lines(&reduced(&self.shapes, operations));
        super::settle(&copy(), &text);
    }

    /// Whether the copy, which is all there is, was made before this operation had a handler. One that is in no schema
    /// has no row in the table of answers either.
    fn is_new(&self, operation: &str) -> bool {
        let (method, path) = operation.split_once(' ').unwrap();
        let table = include_str!("../../../../catalogue/answers.tsv");
        self.shapes["answers"].get(operation).is_none()
            && table.lines().any(|row| row.starts_with(&format!("{path}\t{method}\t")))
    }
}

fn copy() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/schema/shapes.json")
}

/// One answer or definition a line, so that a change reads well.
fn lines(shapes: &Value) -> String {
    let section = |name: &str| {
        let members = shapes[name].as_object().unwrap().iter();
        let members: Vec<String> =
            members.map(|(key, value)| format!("{}: {value}", Value::from(key.as_str()))).collect();
        format!("\"{name}\": {{\n{}\n}}", members.join(",\n"))
    };
    format!("{{{},\n{}}}\n", section("answers"), section("definitions"))
}
