//! The forms of the answer: on standard output, and as files beside it.

use std::io::Write;
use std::path::Path;

use flarekeep_audit::{Audit, Severity, report};
use serde_json::Value;

use super::rules;
use crate::arguments::{Answer, AuditForm};
use crate::context::Context;
use crate::error::CommandError;
use crate::output::written;
use crate::save::save;
use crate::sources::file;

/// Prints the answer in its form, and writes the reports beside it. The JSON document has the mends that were made, too.
pub(super) fn print(
    context: &Context,
    answer: &Answer,
    audit: &Audit,
    mends: Option<&Value>,
) -> Result<(), CommandError> {
    for path in &answer.report {
        let form = of_file(path)?;
        write(path, &text(form, audit))?;
        context.output.note(format!("report in {}", file::name(path)));
    }
    let form = if context.output.json { AuditForm::Json } else { answer.output };
    let mut text = text(form, audit);
    if let (Some(mends), AuditForm::Json) = (mends, form)
        && let Ok(mut document) = serde_json::from_str::<Value>(&text)
    {
        document["mends"] = mends.clone();
        text = with_newline(format!("{document:#}"));
    }
    written(match form {
        // Where colours are not wanted they are taken out again.
        AuditForm::Table => write!(anstream::stdout(), "{}", coloured(&text)),
        _ => std::io::stdout().write_all(text.as_bytes()),
    });
    Ok(())
}

/// Refuses forms that cannot be, before anybody is asked anything.
pub(super) fn refuse_clashes(context: &Context, answer: &Answer) -> Result<(), CommandError> {
    if context.output.json && !matches!(answer.output, AuditForm::Table | AuditForm::Json) {
        return Err(CommandError::usage("--json is one form of the answer, and --output asks for another")
            .hint("give one of the two; --report FILE writes another form beside the answer"));
    }
    answer.report.iter().try_for_each(|path| of_file(path).map(drop))
}

/// Whether the answer's form says to people what could not be read.
pub(super) fn says_what_is_unread(context: &Context, answer: &Answer) -> bool {
    !context.output.json && answer.output == AuditForm::Table
}

/// Writes a file whole or not at all.
pub(super) fn write(path: &Path, text: &str) -> Result<(), CommandError> {
    save(path, text).map_err(|error| {
        CommandError::usage(format!("cannot write `{}`: {}", file::name(path), error.kind()))
            .hint("name a file in a folder that is there")
    })
}

fn text(form: AuditForm, audit: &Audit) -> String {
    with_newline(match form {
        AuditForm::Table => report::table(audit),
        AuditForm::Json => report::json(audit),
        AuditForm::Sarif => report::sarif(audit),
        AuditForm::Markdown => report::markdown(audit),
        AuditForm::Junit => report::junit(audit),
        AuditForm::Html => report::html(audit),
    })
}

/// The words for a terminal with the severities in their colours. What comes from outside begins no line.
fn coloured(text: &str) -> String {
    let line = |line: &str| match Severity::ALL.into_iter().find(|severity| line.starts_with(&format!("{severity} "))) {
        Some(severity) => {
            let rest = line.get(severity.word().len()..).unwrap_or_default();
            format!("{}{rest}", rules::coloured(severity))
        }
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(line).collect()
}

fn with_newline(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The form that the ending of a file's name asks for.
fn of_file(path: &Path) -> Result<AuditForm, CommandError> {
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("json") => Ok(AuditForm::Json),
        Some("sarif") => Ok(AuditForm::Sarif),
        Some("md") => Ok(AuditForm::Markdown),
        Some("xml") => Ok(AuditForm::Junit),
        Some("html") => Ok(AuditForm::Html),
        Some("txt") => Ok(AuditForm::Table),
        _ => Err(CommandError::usage(format!("the ending of `{}` names no form of a report", file::name(path)))
            .hint("it is .json, .sarif, .md, .xml (JUnit), .html or .txt")),
    }
}
