//! What the emulator was asked, one line of JSON for each call: the form that docs/recording.md describes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::{Mutex, Once, PoisonError};

use flarekeep_catalogue::Operation;
use flarekeep_emulator::{Asked, LogEntry};
use jiff::Timestamp;
use serde::Serialize;

use crate::error::CommandError;
use crate::output::mask::masked;
use crate::output::{Output, plain};

/// A file that calls are appended to.
#[derive(Debug)]
pub(super) struct Recording {
    file: Mutex<File>,
    /// A full disk is told of once.
    failed: Once,
}

/// One line. No field holds a header, a body or a token's value.
#[derive(Debug, Serialize)]
struct Line<'a> {
    at: String,
    method: &'a str,
    url: String,
    status: u16,
    #[serde(skip_serializing_if = "<[u32]>::is_empty")]
    errors: &'a [u32],
    /// Where the URL does not tell: R2's S3 face, and GraphQL, whose needs are in the body.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<String>,
}

impl Recording {
    /// Opens a file to append to, mode 0600 where it is made.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(|error| {
            CommandError::usage(format!("cannot write the recording `{}`: {error}", path.display()))
                .hint("--recording names a file in a folder that is there")
        })?;
        Ok(Self { file: Mutex::new(file), failed: Once::new() })
    }

    /// Appends what one call asked for. The file gets whole lines alone.
    pub(super) fn write(&self, output: Output, entry: &LogEntry) {
        if let Err(error) = self.append(entry) {
            self.failed
                .call_once(|| output.warn(format!("the recording is incomplete: {}", plain(&error.to_string()))));
        }
    }

    fn append(&self, entry: &LogEntry) -> io::Result<()> {
        let mut text = Vec::new();
        for asked in &entry.asked {
            serde_json::to_writer(&mut text, &line(entry, asked))?;
            text.push(b'\n');
        }
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&text)
    }
}

fn line<'a>(entry: &'a LogEntry, asked: &Asked) -> Line<'a> {
    let hidden = |operation: &&Operation| operation.is_s3() || operation.path().starts_with("/graphql");
    Line {
        at: Timestamp::from_second(entry.at).unwrap_or_default().to_string(),
        method: &entry.method,
        url: masked(&asked.url),
        status: entry.status,
        errors: &entry.errors,
        operation: asked.operation.filter(hidden).map(ToString::to_string),
    }
}
