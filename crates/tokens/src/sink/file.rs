//! A file that holds nothing but the value.

use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::replace::{Replacement, prepare};
use super::{SinkError, git};

pub(super) fn prove(path: &Path) -> Result<Replacement, SinkError> {
    git::refuse_tracked(path)?;
    prepare(path)
}

pub(super) fn deliver(file: Replacement, value: &SecretString) -> Result<(), SinkError> {
    file.commit(format!("{}\n", value.expose_secret()).as_bytes())
}
