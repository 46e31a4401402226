//! Shell scripts, as the needs of the commands in them.
//!
//! A script is read from top to bottom, every branch of it. What a command calls is in the catalogue's table of commands;
//! a curl command names its call itself. Variables that the script sets to plain text are put in; an id that is in another
//! variable is as the caller gives it. The reader is small and our own: the parsers that are kept well are the front of
//! whole shells (and bring their weight), or under licences that this project cannot take.

mod curl;
mod dress;
mod folder;
mod parse;
mod run;
mod state;
mod tool;
mod word;

use serde_json::Value;

pub(super) use self::dress::major;
pub(super) use self::folder::joined;
pub(super) use self::run::run;
pub(super) use self::state::{Lines, State, Variable, Variables};
pub(super) use self::tool::{Asked, read as read_tool};

use super::{Reading, SourceError};

/// Reads a script for a POSIX shell or bash, which is run in the folder that paths are relative to.
///
/// ```
/// use flarekeep_planner::source::shell;
///
/// let script = "export ZONE=9a7806061c88ada191ed06f989cc3dac\n\
///     curl -X POST https://api.cloudflare.com/client/v4/zones/$ZONE/purge_cache\n";
/// let reading = shell::read("deploy.sh", script).unwrap();
/// assert_eq!(reading.needs[0].operation.to_string(), "POST /zones/{zone_id}/purge_cache");
/// assert_eq!(reading.needs[0].origin.to_string(), "deploy.sh:2");
/// ```
pub fn read(name: &str, text: &str) -> Result<Reading, SourceError> {
    read_in(name, text, "", "")
}

/// Reads a script that is in the folder `own` and is run in the folder `folder`, both below the one that paths are relative
/// to; empty for that one itself.
pub fn read_in(name: &str, text: &str, own: &str, folder: &str) -> Result<Reading, SourceError> {
    let mut state = State::new(name);
    state.folder = Some(folder.to_owned());
    // `cd "$(dirname "$0")"` leads from the folder of the call to that of the script.
    let up = folder.split('/').filter(|part| !part.is_empty()).map(|_| "../").collect::<String>();
    state.own_folder = Some(if up.is_empty() && own.is_empty() { ".".to_owned() } else { format!("{up}{own}") });
    run(&mut state, text).map_err(|malformed| SourceError {
        source: name.to_owned(),
        line: Some(malformed.line),
        column: Some(malformed.column),
        reason: malformed.reason.to_owned(),
    })?;
    Ok(state.reading)
}

/// Whether the first line of a text says that it is for a shell.
#[must_use]
pub fn is_script(text: &str) -> bool {
    let interpreter = text.lines().next().and_then(|line| line.strip_prefix("#!")).unwrap_or_default();
    let mut words = interpreter.split_whitespace().map(dress::base_name);
    words.any(|word| ["sh", "bash", "dash", "ksh", "zsh", "ash"].contains(&word))
}

/// Reads a script of `package.json` with those that run before and after it. The script alone gets `arguments`; `folder`
/// is the one that the file is in.
pub fn read_package_script(
    name: &str,
    text: &str,
    script: &str,
    arguments: &[String],
    folder: &str,
) -> Result<Reading, SourceError> {
    let malformed =
        |line, column, reason: &str| SourceError { source: name.to_owned(), line, column, reason: reason.to_owned() };
    let document: Value = serde_json::from_str(text)
        .map_err(|error| malformed(Some(error.line()), Some(error.column().max(1)), "it is not JSON"))?;
    let scripts = document.get("scripts").and_then(Value::as_object);
    let mut reading = Reading::default();
    let mut found = false;
    let behind = arguments.iter().map(|word| format!(" {}", word::quoted(word))).collect::<String>();
    let scripts_in_order =
        [(format!("pre{script}"), ""), (script.to_owned(), behind.as_str()), (format!("post{script}"), "")];
    for (script, behind) in scripts_in_order {
        let Some(command) = scripts.and_then(|scripts| scripts.get(&script)).and_then(Value::as_str) else { continue };
        found = true;
        let line = line_of(text, &script);
        let mut state = State::new(name);
        state.folder = Some(folder.to_owned());
        state.lines = Lines::At(line);
        run(&mut state, &format!("{command}{behind}")).map_err(|fault| malformed(Some(line), None, fault.reason))?;
        reading.merge(state.reading);
    }
    if found { Ok(reading) } else { Err(malformed(None, None, "it has no script of that name")) }
}

/// The line on which a script stands.
fn line_of(text: &str, script: &str) -> usize {
    let key = Value::from(script).to_string();
    let is_key = |line: &&str| {
        line.trim_start().strip_prefix(key.as_str()).is_some_and(|rest| rest.trim_start().starts_with(':'))
    };
    text.lines().position(|line| is_key(&line)).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests;
