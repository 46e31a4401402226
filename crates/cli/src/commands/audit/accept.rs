//! `flarekeep audit accept`: findings that are accepted for a time, written to the baseline.

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

use super::{baseline, form};
use crate::arguments::{Accept, Fingerprint};
use crate::context::Context;
use crate::error::CommandError;
use crate::limits;
use crate::output::{GOOD, counted, plain, styled};
use crate::sources::file;
use crate::{CommandResult, Verdict};

/// The longest document of an audit that is read, in bytes.
const LONGEST: u64 = 64 << 20;
/// What stands on top of a new baseline.
const HEADING: &str =
    "# Findings of `flarekeep audit` that are accepted for a time. Each counts again after its day.\n";

pub(super) fn run(context: &Context, arguments: &Accept) -> CommandResult {
    let until = limits::expiry(&arguments.until)
        .map_err(|error| CommandError { hints: vec!["as in --until 90d or --until 2027-01-31".to_owned()], ..error })?;
    let until = until.to_zoned(TimeZone::UTC).date();
    let because = reason(&arguments.because)?;
    let path = &arguments.baseline;
    let about = arguments.from.as_deref().map(|from| about(from, &arguments.findings)).transpose()?;
    let before = match path.try_exists() {
        Ok(false) => None,
        _ => Some(file::text(path)?),
    };
    let text = before.as_deref().unwrap_or_default();
    baseline::parse(path, text)?;
    let rows = with(path, text, arguments, &about.unwrap_or_default(), (until, &because))?;
    let after = if before.is_none() { format!("{HEADING}\n{rows}") } else { rows };
    // What is written is read back by the rules that an audit reads it by.
    baseline::parse(path, &after)?;
    form::write(path, &after)?;
    let findings: Vec<&str> = arguments.findings.iter().map(|finding| finding.0.as_str()).collect();
    context.output.document(&json!({
        "baseline": path.display().to_string(),
        "accepted": findings,
        "until": until.to_string(),
        "because": because,
    }));
    let what = counted(findings.len(), "finding");
    context.output.line(format!("{} {what} until {until}, in {}", styled(GOOD, "accepted"), file::name(path)));
    let option = if path.as_path() == Path::new("flarekeep-audit.toml") {
        String::new()
    } else {
        format!(" --baseline {}", file::name(path))
    };
    context.output.note(format!("flarekeep audit{option} shows what is left"));
    Ok(Verdict::Yes)
}

/// The reason, as one line that a review shows as it is.
fn reason(text: &str) -> Result<String, CommandError> {
    let text = text.trim();
    match plain(text) == text && !text.is_empty() {
        true => Ok(text.to_owned()),
        false => Err(CommandError::usage("a finding is accepted for a reason: one line of at most 300 characters")
            .hint("as in --because 'the vendor has no fixed address; asked for one, ticket 4711'")),
    }
}

/// What stands beside a row for whoever reads it: key and text.
type About = Vec<(&'static str, String)>;

/// What the audit's document says of these findings.
fn about(from: &Path, findings: &[Fingerprint]) -> Result<HashMap<String, About>, CommandError> {
    let no_audit = || {
        CommandError::usage(format!("`{}` is no audit", file::name(from))).hint("flarekeep audit -o json writes one")
    };
    let document: Value = serde_json::from_str(&file::text_within(from, LONGEST)?).map_err(|_| no_audit())?;
    let found = document["findings"].as_array().ok_or_else(no_audit)?;
    let one = |Fingerprint(finding): &Fingerprint| {
        let found = found.iter().find(|found| found["fingerprint"] == finding.as_str()).ok_or_else(|| {
            CommandError::usage(format!("`{}` holds no finding {finding}", file::name(from)))
                .hint("its number is the 16 digits before it in the table, and `fingerprint` in the document")
        })?;
        let texts = [("rule", &found["rule"]), ("token", &found["token"]["name"]), ("summary", &found["summary"])];
        let texts = texts.into_iter().filter_map(|(key, text)| Some((key, plain(text.as_str()?))));
        Ok((finding.clone(), texts.collect()))
    };
    findings.iter().map(one).collect()
}

/// The text with these findings accepted. A finding has one row; rows are in the order of their findings, so that two
/// branches that accept different ones seldom touch the same lines. What people wrote between the rows goes with them.
fn with(
    path: &Path,
    text: &str,
    arguments: &Accept,
    about: &HashMap<String, About>,
    (until, because): (Date, &str),
) -> Result<String, CommandError> {
    let broken =
        |reason: &str| CommandError::usage(format!("`{}` is no baseline: {}", file::name(path), plain(reason)));
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| broken(error.message()))?;
    let rows = document.entry("accepted").or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    let rows = rows.as_array_of_tables_mut().ok_or_else(|| broken("`accepted` is no list of tables"))?;
    let mut all: Vec<Table> = rows.iter().cloned().collect();
    let finding_of = |row: &Table| row.get("finding").and_then(Item::as_str).unwrap_or_default().to_owned();
    let day: toml_edit::Datetime = until.to_string().parse().map_err(|_| broken("the day cannot be written"))?;
    for Fingerprint(finding) in &arguments.findings {
        let at = all.iter().position(|row| finding_of(row) == *finding);
        let at = at.unwrap_or_else(|| {
            all.push(Table::new());
            all.len() - 1
        });
        if let Some(row) = all.get_mut(at) {
            row.insert("finding", value(finding));
            for (key, text) in about.get(finding).into_iter().flatten() {
                row.insert(key, value(text));
            }
            row.insert("until", value(day));
            row.insert("because", value(because));
        }
    }
    all.sort_by_key(finding_of);
    *rows = ArrayOfTables::new();
    for (at, mut row) in all.into_iter().enumerate() {
        row.set_position(None);
        if at > 0 && row.decor().prefix().and_then(|prefix| prefix.as_str()).is_none_or(str::is_empty) {
            row.decor_mut().set_prefix("\n");
        }
        rows.push(row);
    }
    Ok(document.to_string())
}
