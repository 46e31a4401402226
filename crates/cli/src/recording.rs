//! Recordings: one line of JSON for each call, in the form that docs/recording.md describes.

mod url;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, Once, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub(crate) use self::url::without_secrets;
use crate::error::CommandError;
use crate::output::{Output, plain};
use crate::save::append;

/// A file that calls are appended to.
#[derive(Debug)]
pub(crate) struct Recording {
    file: Mutex<File>,
    /// How many lines it held before.
    before: usize,
    /// A full disk is told of once.
    failed: Once,
}

/// One line. No field holds a header, a body or a token's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    pub(crate) at: String,
    pub(crate) method: String,
    pub(crate) url: String,
    /// None where no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) errors: Vec<u32>,
    /// Where the URL does not tell: R2's S3 face, and GraphQL, whose needs are in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operation: Option<String>,
    /// What the caller showed, where that is told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) credential: Option<&'static str>,
    /// Why the call is no need, where it is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) aside: Option<&'static str>,
}

impl Line {
    /// A line of what every call has. The URL is written without what looks like a credential.
    pub(crate) fn new(at: Timestamp, method: &str, url: &str, status: Option<u16>, errors: &[u32]) -> Self {
        Self {
            at: at.to_string(),
            method: method.to_owned(),
            url: without_secrets(url),
            status,
            errors: errors.to_vec(),
            operation: None,
            credential: None,
            aside: None,
        }
    }
}

impl Recording {
    /// Opens a file to append to, mode 0600 where it is made. `option` is what named it.
    ///
    /// # Errors
    /// The file cannot be written, or holds something else.
    pub(crate) fn open(path: &Path, option: &str) -> Result<Self, CommandError> {
        if path == Path::new("-") {
            return Err(CommandError::usage(format!("{option} names a file, and `-` is none"))
                .hint(format!("{option} ./- is a file of that name")));
        }
        let failed = |error: &dyn std::fmt::Display| {
            CommandError::usage(format!("cannot write the recording `{}`: {error}", path.display()))
                .hint(format!("{option} names a file in a folder that is there"))
        };
        let file =
            OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|error| failed(&error))?;
        let before = lines(path).map_err(|error| failed(&error).because("what is there stays as it is"))?;
        Ok(Self { file: Mutex::new(file), before, failed: Once::new() })
    }

    /// How many lines there were when it was opened.
    pub(crate) fn before(&self) -> usize {
        self.before
    }

    /// Appends lines, whole ones.
    pub(crate) fn write(&self, output: Output, lines: &[Line]) {
        if let Err(error) = self.append(lines) {
            self.failed
                .call_once(|| output.warn(format!("the recording is incomplete: {}", plain(&error.to_string()))));
        }
    }

    fn append(&self, lines: &[Line]) -> io::Result<()> {
        let mut text = Vec::new();
        for line in lines {
            serde_json::to_writer(&mut text, line)?;
            text.push(b'\n');
        }
        append(&mut self.file.lock().unwrap_or_else(PoisonError::into_inner), &text)
    }
}

/// The number of lines of a recording. A device has none.
fn lines(path: &Path) -> io::Result<usize> {
    if !path.metadata()?.is_file() {
        return Ok(0);
    }
    let other = || io::Error::other("it holds something else than a recording");
    let mut file = BufReader::new(File::open(path)?);
    let (mut text, mut count) = (Vec::new(), 0);
    while file.read_until(b'\n', &mut text)? > 0 {
        let is_call = || serde_json::from_slice(&text).is_ok_and(|line: Value| line["method"].is_string());
        if !text.ends_with(b"\n") || count == 0 && !is_call() {
            return Err(other());
        }
        text.clear();
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_appended_to_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("calls.jsonl");
        let output = Output { json: false, part: false, quiet: true, verbose: false };
        let line = Line::new(Timestamp::UNIX_EPOCH, "GET", "https://x/client/v4/user", Some(200), &[]);
        for before in [0, 2] {
            let recording = Recording::open(&path, "--out").unwrap();
            assert_eq!(recording.before(), before);
            recording.write(output, &[line.clone(), Line { status: None, aside: Some("look-up"), ..line.clone() }]);
        }
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert_eq!(
            text.lines().nth(1).unwrap(),
            r#"{"at":"1970-01-01T00:00:00Z","method":"GET","url":"https://x/client/v4/user","aside":"look-up"}"#
        );
        for other in ["# a list\n", "{\"method\":\"GET\"}", "{}\n", "\n"] {
            std::fs::write(&path, other).unwrap();
            assert!(Recording::open(&path, "--out").is_err(), "{other}");
            assert_eq!(std::fs::read_to_string(&path).unwrap(), other);
        }
    }
}
