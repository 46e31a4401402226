//! `flarekeep permission diff`: what the overlay knows that the catalogue does not.

use flarekeep_catalogue::overlay::changes;
use serde_json::json;

use super::changes::{found, parts, rows};
use crate::context::Context;
use crate::error::CommandError;
use crate::overlay;
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context) -> CommandResult {
    let path = overlay::path()?;
    let Some(overlay) = overlay::read(&path)? else {
        return Err(CommandError::usage("there is nothing to compare the catalogue with")
            .because(format!("there is no overlay at `{}`", path.display()))
            .hint("flarekeep permission update fetches what Cloudflare lists now")
            .hint("flarekeep permission update --openapi FILE reads a newer schema, without a credential"));
    };
    let changes = changes(&overlay);
    context.output.document(&json!({
        "path": path.display().to_string(),
        "overlay": overlay::document(&overlay),
        "changes": changes,
    }));
    context.output.line(parts(&overlay));
    context.output.line(found(&changes));
    if !changes.is_empty() {
        context.output.line(rows(&changes));
    }
    if overlay.groups.as_ref().is_some_and(|facts| !overlay::is_of_api(context, facts)) {
        context.output.note("the list is of another API than this command's: no plan for this one heeds it");
    }
    Ok(Verdict::yes_if(changes.is_empty()))
}
