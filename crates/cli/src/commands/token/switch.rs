//! `flarekeep token disable` and `enable`: a token is switched off and on; its value stays the same.

use flarekeep_cloudflare::Status;
use flarekeep_tokens::{Switch, find, switch};
use serde_json::json;

use super::account;
use crate::arguments::TokenChange;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::output::{CARE, GOOD, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &TokenChange, to: Switch) -> CommandResult {
    let (question, done) = match to {
        Switch::Off => ("Switch it off?", "disabled"),
        Switch::On => ("Switch it on?", "enabled"),
    };
    block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, arguments.name.owner).await?;
        let tokens = manager.tokens(owner(arguments.name.owner, &target)?);
        let token = find(&tokens, &arguments.name.token).await?;
        let (id, name) = (token.id.to_string(), plain(&token.name));
        let document = |changed: bool, status: &Status| json!({ "id": id, "name": token.name, "status": status.to_string(), "changed": changed });
        if token.status == to.status() {
            context.output.document(&document(false, &token.status));
            context.output.line(format!("token {id} ({name}) is {} already", token.status));
            return Ok(Verdict::Yes);
        }
        if !matches!(token.status, Status::Active | Status::Disabled) {
            let status = plain(&token.status.to_string());
            return Err(CommandError::usage(format!("token {id} ({name}) cannot be switched: its status is {status}"))
                .because("only an active token and a disabled one can, and Cloudflare takes no way back from any other")
                .hint(format!("flarekeep token show {id}")));
        }
        let used = token.last_used_on.map_or("never".to_owned(), |time| time.to_string());
        context.output.note(format!("token {id} ({name}), last used {used}"));
        context.output.note(match to {
            Switch::Off => {
                styled(CARE, "  whoever uses it is refused from now on; its value stays, and enable takes it back")
            }
            Switch::On => styled(CARE, "  whoever has its value may use it again"),
        });
        if confirm(arguments.consent, question)? == Go::NoFurther {
            context.output.document(&json!({ "dry_run": true, "id": id, "name": token.name }));
            return Ok(Verdict::Yes);
        }
        let after = switch(&tokens, &token, to).await?;
        context.output.document(&document(true, &after.status));
        context.output.line(format!("{} token {id} ({name}); its status is {}", styled(GOOD, done), after.status));
        if to == Switch::Off {
            context
                .output
                .note(format!("flarekeep token enable {id} takes it back; flarekeep token revoke {id} ends it"));
        }
        Ok(Verdict::Yes)
    })
}
