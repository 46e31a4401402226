//! `flarekeep token roll`: a new value for a token; the old one dies at once.

use flarekeep_tokens::{Sink, Subject, find, roll};
use serde_json::json;

use super::account;
use crate::arguments::{Owner, TokenRoll};
use crate::consent::{Go, confirm, sinks, whereabouts};
use crate::context::{Context, block_on, owner};
use crate::desk;
use crate::output::{CARE, GOOD, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &TokenRoll) -> CommandResult {
    block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, arguments.name.owner).await?;
        let owner = owner(arguments.name.owner, &target)?;
        let token = find(&manager.tokens(owner), &arguments.name.token).await?;
        let consent = arguments.delivery.consent;
        let sinks = sinks(context, &arguments.delivery)?;
        let name = plain(&token.name);
        context.output.note(format!("token {} ({name}): {}", token.id, styled(CARE, "its old value dies at once")));
        context.output.note(format!(
            "  whoever uses it is refused until the new value reaches them; without such a gap: flarekeep token rotate {}{}",
            token.id,
            if arguments.name.owner == Owner::Account { " --owner account" } else { "" },
        ));
        let go = confirm(consent, "Give it a new value?")?;
        let (Some(sinks), Go::Ahead) = (sinks, go) else {
            context.output.document(&json!({ "dry_run": true, "id": token.id.to_string() }));
            return Ok(Verdict::Yes);
        };
        let subject = Subject { api: manager.base_url().to_owned(), owner, name: token.name.clone() };
        let desk = desk::open(context, manager, Some(&subject)).await?;
        let rolled = roll(&desk, owner, &token, &sinks).await?;
        for remark in &rolled.remarks {
            context.output.warn(plain(remark));
        }
        let id = token.id.to_string();
        context.output.document(&json!({ "id": id, "name": token.name, "delivered_to": sinks.iter().map(ToString::to_string).collect::<Vec<_>>() }));
        let places = plain(&whereabouts(&sinks, "its new value"));
        let line = format!("{} token {id} ({name}); {places}", styled(GOOD, "rolled"));
        context.output.beside(sinks.iter().any(Sink::prints), line);
        Ok(Verdict::Yes)
    })
}
