//! What a change of a living token makes of what it may do.

use flarekeep_cloudflare::{self as api, Token};
use flarekeep_policy::{Comparison, Ownership, Status, compare};
use flarekeep_tokens::token_from_wire;
use serde_json::Value;

use super::diff::{document, show_changes};
use super::source::Source;
use crate::context::now;
use crate::error::CommandError;
use crate::output::{BAD, Output, plain, styled};

/// A token before and after a change.
pub(crate) struct Difference {
    before: Token,
    after: Token,
    old: Source,
    new: Source,
    comparison: Comparison,
}

impl Difference {
    pub(crate) fn between(
        before: &Token,
        after: &Token,
        owner: api::Owner,
        ownership: &Ownership,
    ) -> Result<Self, CommandError> {
        // One that is switched off and stays so allows nothing, and would gain nothing by any change until it is switched on.
        let stays_off = [before, after].iter().all(|token| token.status == api::Status::Disabled);
        let source = |token: &Token| -> Result<Source, CommandError> {
            let mut engine = token_from_wire(token, owner)?;
            if stays_off {
                engine.status = Status::Active;
            }
            Ok(Source { name: plain(&token.name), token: engine })
        };
        let (old, new) = (source(before)?, source(after)?);
        let comparison = compare(&old.token, &new.token, ownership, now());
        Ok(Self { before: before.clone(), after: after.clone(), old, new, comparison })
    }

    pub(crate) fn widens(&self) -> bool {
        !self.comparison.gained.is_nothing()
    }

    pub(crate) fn is_nothing(&self) -> bool {
        let (before, after) = (&self.before, &self.after);
        self.comparison.is_same()
            && before.name == after.name
            && (before.not_before, before.expires_on) == (after.not_before, after.expires_on)
            && self.old.token.ip == self.new.token.ip
    }

    /// The same as a document.
    pub(crate) fn document(&self) -> Value {
        document(&self.old, &self.new, &self.comparison)
    }

    /// Prints which token changes, and how.
    pub(crate) fn show(&self, output: Output) {
        let (before, after) = (plain(&self.before.name), plain(&self.after.name));
        let renamed = if before == after { String::new() } else { format!(" → {after}") };
        output.line(format!("token {} ({before}){renamed}", self.before.id));
        self.show_changes(output);
        if self.widens() {
            output.line(format!("\n{}: the token may do more than before", styled(BAD, "this widens it")));
        }
    }

    /// Prints how it changes, as `policy diff` does.
    pub(crate) fn show_changes(&self, output: Output) {
        show_changes(output, &self.old, &self.new, &self.comparison);
    }
}
