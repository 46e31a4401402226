//! A file that holds nothing but the value, or one line `KEY=value` a pair.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::replace::{Replacement, prepare};
use super::{Payload, ReadBack, SinkError, env_value, git};

pub(super) fn prove(path: &Path) -> Result<Replacement, SinkError> {
    git::refuse_tracked(path)?;
    prepared(path)
}

/// Opens the replacement of a file whose path the system takes: that its folder can be written does not show that.
pub(super) fn prepared(path: &Path) -> Result<Replacement, SinkError> {
    match std::fs::metadata(path) {
        Err(source) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(SinkError::File { action: "write", path: path.to_owned(), source })
        }
        _ => prepare(path),
    }
}

pub(super) fn deliver(file: Replacement, payload: &Payload) -> Result<(), SinkError> {
    file.commit(payload.lines().expose_secret().as_bytes())
}

/// All that the file holds but the last line feed; with a name, the value of that line.
pub(super) fn read(path: &Path, name: Option<&str>) -> Result<ReadBack, SinkError> {
    let Some(content) = content(path)? else { return Ok(ReadBack::Absent) };
    if let Some(name) = name {
        return Ok(env_value::read(&content, name));
    }
    Ok(match String::from_utf8(content) {
        Ok(text) if text.is_empty() => ReadBack::Absent,
        Ok(text) => ReadBack::Value(SecretString::from(text.strip_suffix('\n').unwrap_or(&text))),
        Err(_) => ReadBack::Cannot("the file is no UTF-8 text"),
    })
}

/// What the file holds; none if it is not there.
pub(super) fn content(path: &Path) -> Result<Option<Vec<u8>>, SinkError> {
    match std::fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SinkError::File { action: "read", path: path.to_owned(), source }),
    }
}
