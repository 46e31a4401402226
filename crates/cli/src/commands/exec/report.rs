//! What was done, as a document.

use flarekeep_catalogue::TokenId;
use flarekeep_tokens::{Ended, Program};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::Told;

/// How it went.
pub(super) struct Outcome<'a> {
    pub(super) token: TokenId,
    pub(super) program: &'a Program,
    /// None where the command could not be started.
    pub(super) ended: Option<Ended>,
    pub(super) took: SignedDuration,
    pub(super) revoked: bool,
}

impl Outcome<'_> {
    /// The document. It names the program and none of its arguments: these may be anything.
    pub(super) fn document(&self, told: &Told<'_>) -> Value {
        json!({
            "token": {
                "id": self.token.to_string(),
                "name": told.lent.token.name,
                "expires_on": told.lent.token.expires_on.map(|time| time.to_string()),
                "revoked": self.revoked,
            },
            "command": self.program.name(),
            "exit_status": self.ended.map(Ended::status),
            "signal": self.ended.and_then(Ended::signal),
            "seconds": self.took.as_secs(),
            "variables": {
                "set": told.set(),
                "removed": told.variables.removed,
            },
        })
    }
}
