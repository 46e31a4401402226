//! Values with names of their own, on their way into a sink.
//!
//! A sink takes one value so far: an env file gets one after the other, and any other sink all of them as one text of
//! `NAME=value` lines.

use flarekeep_tokens::{DEFAULT_KEY, Sink, SinkError};
use secrecy::{ExposeSecret, SecretString};

use crate::error::CommandError;

/// Variables and their values.
pub(super) type Pairs = Vec<(&'static str, SecretString)>;

/// Opens the sink for pairs, as each delivery will once more.
pub(super) fn prove(sink: &Sink) -> Result<(), CommandError> {
    if let Sink::EnvFile { key, .. } = sink
        && key != DEFAULT_KEY
    {
        return Err(CommandError::usage(format!("`{key}` names one value, and R2's keys are several"))
            .because("S3 clients read them under the names that they know, as AWS_ACCESS_KEY_ID")
            .hint("--to env:FILE writes a line for each"));
    }
    sink.prove()?;
    Ok(())
}

/// Delivers all of them.
pub(super) fn deliver(sink: &Sink, pairs: &Pairs) -> Result<(), SinkError> {
    if let Sink::EnvFile { path, .. } = sink {
        return pairs.iter().try_for_each(|(name, value)| {
            Sink::EnvFile { path: path.clone(), key: (*name).to_owned() }.prove()?.deliver(value)
        });
    }
    let lines: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", value.expose_secret())).collect();
    sink.prove()?.deliver(&lines.join("\n").into())
}

/// The sink without the name of one value.
pub(super) fn place(sink: &Sink) -> String {
    match sink {
        Sink::EnvFile { path, .. } => path.display().to_string(),
        other => other.to_string(),
    }
}

/// The variables in a sentence: `A, B and C`.
pub(super) fn named(pairs: &Pairs) -> String {
    match pairs.split_last() {
        Some(((last, _), rest)) if !rest.is_empty() => {
            format!("{} and {last}", rest.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", "))
        }
        _ => pairs.iter().map(|(name, _)| *name).collect(),
    }
}

/// The names of the variables, for the document.
pub(super) fn names(pairs: &Pairs) -> Vec<&'static str> {
    pairs.iter().map(|(name, _)| *name).collect()
}
