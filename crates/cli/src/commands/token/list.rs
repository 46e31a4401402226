//! `flarekeep token list`.

use flarekeep_cloudflare::Token;
use serde_json::json;

use super::account;
use crate::arguments::Owner;
use crate::context::{Context, block_on, owner};
use crate::output::table::table;
use crate::output::{CARE, FAINT, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, whose: Owner) -> CommandResult {
    let mut tokens = block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, whose).await?;
        Ok(manager.tokens(owner(whose, &target)?).list_with_expired().await?)
    })?;
    tokens.sort_by(|a, b| a.name.cmp(&b.name).then(a.id.cmp(&b.id)));
    context.output.document(&tokens.iter().map(document).collect::<Vec<_>>());
    if tokens.is_empty() {
        context.output.line("no tokens");
        return Ok(Verdict::Yes);
    }
    let never = || styled(CARE, "never");
    let header = ["NAME", "STATUS", "EXPIRES", "LAST USED", "ID"];
    let rows = tokens.iter().map(|token| {
        let day = |time: Option<jiff::Timestamp>| time.map(|time| time.strftime("%Y-%m-%d").to_string());
        [
            plain(&token.name),
            plain(&token.status.to_string()),
            day(token.expires_on).unwrap_or_else(never),
            day(token.last_used_on).unwrap_or_else(never),
            styled(FAINT, token.id),
        ]
    });
    context.output.line(table(0, Some(header), rows));
    Ok(Verdict::Yes)
}

/// What every list of tokens says of one.
pub(super) fn document(token: &Token) -> serde_json::Value {
    json!({
        "id": token.id.to_string(),
        "name": token.name,
        "status": token.status.to_string(),
        "issued_on": token.issued_on.map(|time| time.to_string()),
        "modified_on": token.modified_on.map(|time| time.to_string()),
        "last_used_on": token.last_used_on.map(|time| time.to_string()),
        "expires_on": token.expires_on.map(|time| time.to_string()),
    })
}
