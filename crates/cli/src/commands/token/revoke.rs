//! `flarekeep token revoke`: the end of a token.

use flarekeep_tokens::{find, revoke};
use serde_json::json;

use super::account;
use crate::arguments::TokenChange;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, owner};
use crate::desk;
use crate::output::{GOOD, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &TokenChange) -> CommandResult {
    block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, arguments.name.owner).await?;
        let owner = owner(arguments.name.owner, &target)?;
        let token = find(&manager.tokens(owner), &arguments.name.token).await?;
        let (id, name) = (token.id.to_string(), plain(&token.name));
        context.output.note(format!("token {id} ({name}), last used {}", last_use(&token)));
        if confirm(arguments.consent, "End it?")? == Go::NoFurther {
            context.output.document(&json!({ "dry_run": true, "id": id, "name": token.name }));
            return Ok(Verdict::Yes);
        }
        let desk = desk::open(context, manager, None).await?;
        revoke(&desk, owner, &token).await?;
        context.output.document(&json!({ "id": id, "name": token.name, "revoked": true }));
        context.output.line(format!("{} token {id} ({name})", styled(GOOD, "revoked")));
        Ok(Verdict::Yes)
    })
}

fn last_use(token: &flarekeep_cloudflare::Token) -> String {
    token.last_used_on.map_or("never".to_owned(), |time| time.to_string())
}
