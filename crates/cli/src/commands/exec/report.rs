//! What was done, as a document in a file.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use flarekeep_catalogue::TokenId;
use flarekeep_tokens::{Ended, Program, Variables};
use jiff::SignedDuration;
use serde_json::json;

use super::lent::Lent;
use crate::error::{CommandError, Kind};

/// A file that was opened before anything was minted.
pub(super) struct Report {
    path: PathBuf,
    file: File,
}

/// How it went.
pub(super) struct Outcome<'a> {
    pub(super) token: TokenId,
    pub(super) program: &'a Program,
    /// None where the command could not be started.
    pub(super) ended: Option<Ended>,
    pub(super) took: SignedDuration,
    pub(super) revoked: bool,
}

impl Report {
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        let file = File::create(path).map_err(|error| {
            CommandError::usage(format!("cannot write `{}`: {error}", path.display()))
                .hint("--report names a file; /dev/stderr is one")
        })?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes the document. It names the program and none of its arguments: these may be anything.
    pub(super) fn write(
        mut self,
        lent: &Lent,
        variables: &Variables,
        outcome: &Outcome<'_>,
    ) -> Result<(), CommandError> {
        let document = json!({
            "token": {
                "id": outcome.token.to_string(),
                "name": lent.token.name,
                "expires_on": lent.token.expires_on.map(|time| time.to_string()),
                "revoked": outcome.revoked,
            },
            "command": outcome.program.name(),
            "exit_status": outcome.ended.map(Ended::status),
            "signal": outcome.ended.and_then(Ended::signal),
            "seconds": outcome.took.as_secs(),
            "variables": {
                "set": variables.set.iter().map(|(name, _)| name).collect::<Vec<_>>(),
                "removed": variables.removed,
            },
        });
        writeln!(self.file, "{document:#}").map_err(|error| {
            CommandError::new(Kind::Partial, format!("cannot write `{}`: {error}", self.path.display()))
                .because("the command was run, and its token revoked")
        })
    }
}
