//! Rebuilds `catalogue/answers.tsv`: for each operation of the published schema a minimal answer of success.
//!
//! An example holds what the schema requires and the members that every answer has, with made-up values of the right
//! form. Each was shown to a validator; one that it refuses is not written.

mod make;
mod scalars;
pub(crate) mod shapes;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use make::Maker;
use serde_json::{Value, json};

use crate::tables::{Row, Spellings, table};
use shapes::step;

const HEADER: &str = "path\tmethod\tstatus\tcontent_type\tknown\techo\tbody";
/// Ids of each form, to find out which of them a member takes: 32 hexadecimal digits, a UUID, any text.
const FORMS: [(char, &[&str]); 3] = [
    ('h', &["fedcba9876543210fedcba9876543210"]),
    ('u', &["fedcba98-7654-4321-8edc-ba9876543210"]),
    ('t', &["x", "My-name_1.example", "0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqr"]),
];

/// The table, from the OpenAPI document in the folder `from`. `operations` are the catalogue's rows.
pub(crate) fn answer_table(from: &Path, operations: &[Row]) -> Result<String> {
    let text = fs::read_to_string(document(from)?)?;
    let openapi: Value = serde_json::from_str(&text).context("the OpenAPI document is no JSON")?;
    let shapes = shapes::shapes(&openapi);
    let mut maker = Maker::new(&shapes)?;
    let spellings = Spellings::new(operations);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rows = Vec::new();
    for (operation, answers) in shapes["answers"].as_object().into_iter().flatten() {
        let (method, path) = operation.split_once(' ').context("an operation has a method")?;
        let Some((_, spelt)) = spellings.of(method, path).and_then(|spelt| spelt.split_once(' ')) else {
            bail!("operations.tsv has no `{operation}`");
        };
        let answer = Answer::of(&mut maker, operation, answers);
        *counts.entry(answer.known).or_default() += 1;
        let Answer { status, content_type, known, echo, body } = answer;
        rows.push(
            [spelt, method, status.as_str(), content_type.as_str(), known, echo.as_str(), body.as_str()].join("\t"),
        );
    }
    for (known, count) in counts {
        println!("answers.tsv: {count} {known}");
    }
    Ok(table(HEADER, rows))
}

/// The newest OpenAPI document of a folder.
fn document(from: &Path) -> Result<std::path::PathBuf> {
    let names = fs::read_dir(from)?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_openapi = |path: &std::path::PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("openapi-") && name.ends_with(".json")
    };
    names.filter(is_openapi).max().with_context(|| format!("{} holds no openapi-DATE.json", from.display()))
}

/// One row.
struct Answer {
    status: String,
    content_type: String,
    /// `schema`: the schema accepts the body. `presumed`: the schema does not hold the answer, and the body is the
    /// envelope that answers have. `none`: no answer could be made.
    known: &'static str,
    /// Which members take which forms of an id: `id:hu account_id:h`.
    echo: String,
    /// The body; why there is none.
    body: String,
}

impl Answer {
    fn of(maker: &mut Maker, operation: &str, answers: &Value) -> Self {
        let successes: Vec<(&String, &Value)> = answers.as_object().into_iter().flatten().collect();
        let plain = |status: &str, content_type: &str, known: &'static str, body: &str| Self {
            status: status.to_owned(),
            content_type: content_type.to_owned(),
            known,
            echo: String::new(),
            body: body.to_owned(),
        };
        let Some((status, answer)) = successes.first() else {
            return plain("", "", "none", "no answer of success is published");
        };
        let status = if *status == "default" { "200" } else { status.as_str() };
        if matches!(status, "204" | "205") {
            return plain(status, "", "schema", "");
        }
        if answer.get("absent").is_some() {
            return plain(status, "application/json", "presumed", &envelope().to_string());
        }
        let Some(content_type) = answer["content_type"].as_str() else { return plain(status, "", "schema", "") };
        if !shapes::is_json(content_type) {
            return match content_type {
                // No media types, though published as such.
                "string" => plain(status, "text/plain", "presumed", ""),
                "image/*" => plain(status, "image/png", "presumed", ""),
                "multipart/form-data" => plain(status, "", "none", "a form of several parts"),
                other => plain(status, other, "schema", ""),
            };
        }
        if answer.get("schema").is_none() {
            return plain(status, content_type, "presumed", &envelope().to_string());
        }
        let key = successes[0].0;
        let place = format!("/answers{}{}/schema", step(operation), step(key));
        match maker.make(&place) {
            // A schema that takes anything says nothing.
            Some(_) if maker.accepts(&place, &Value::Null) && maker.accepts(&place, &json!(0)) => {
                plain(status, content_type, "presumed", &envelope().to_string())
            }
            Some(body) => {
                let echo = echoes(maker, &place, &body);
                Self { echo, ..plain(status, content_type, "schema", &body.to_string()) }
            }
            None => plain(status, "", "none", "nothing was found that the schema accepts"),
        }
    }
}

/// What every answer has, by the documentation.
fn envelope() -> Value {
    json!({"success": true, "errors": [], "messages": [], "result": null})
}

/// Which ids the members of the result would take, were they those of the call.
fn echoes(maker: &mut Maker, place: &str, body: &Value) -> String {
    let mut found = Vec::new();
    for member in ["id", "account_id", "zone_id"] {
        if !body["result"][member].is_string() {
            continue;
        }
        let mut takes = |id: &&str| {
            let mut changed = body.clone();
            changed["result"][member] = json!(id);
            maker.accepts(place, &changed)
        };
        let forms = FORMS.into_iter().filter(|(_, ids)| ids.iter().all(&mut takes));
        let forms: String = forms.map(|(letter, _)| letter).collect();
        if !forms.is_empty() {
            found.push(format!("{member}:{forms}"));
        }
    }
    found.join(" ")
}
