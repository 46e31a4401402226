//! The keys of the token in use.

use flarekeep_tokens::{KeyPair, R2_REGION, Sink};
use serde_json::json;

use super::pairs::{deliver, named, names, place};
use super::{alive, endpoint, sinks};
use crate::arguments::R2Keys;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::{GOOD, plain, styled};
use crate::place::{Wanted, find, given_account};
use crate::{CommandResult, Verdict, secret};

pub(super) fn run(context: &Context, arguments: &R2Keys) -> CommandResult {
    let credential = secret::subject(context)?;
    let sinks = sinks(context, arguments)?;
    // What is known without asking is not asked for.
    let account = given_account(context).and_then(|text| text.parse().ok());
    let (id, account, until) = match arguments.key_id {
        Some(id) => (id, account, None),
        None => block_on(async {
            let client = context.client(credential.clone())?;
            let target = find(context, &client, Wanted::default()).await?;
            let identity = alive(&client, &target).await?;
            Ok::<_, CommandError>((identity.id, target.account, identity.expires_on))
        })?,
    };
    let endpoint = endpoint::find(context, arguments, account)?;
    let pair = KeyPair::derived(id, credential.value());
    let pairs = endpoint::variables(context, arguments, &pair, endpoint.as_ref());
    let document = json!({
        "access_key_id": id.to_string(),
        "endpoint": endpoint.map(|endpoint| endpoint.url().to_owned()),
        "region": R2_REGION,
        "expires_on": until,
        "variables": names(&pairs),
        "delivered_to": sinks.as_deref().map(place),
    });
    let Some(sinks) = sinks else {
        context.output.document(&json!({ "dry_run": true, "keys": document }));
        context.output.line(format!("would deliver {} of token {id}", named(&names(&pairs))));
        return Ok(Verdict::Yes);
    };
    deliver(&sinks, &pairs)?;
    context.output.document(&document);
    let done = styled(GOOD, "derived");
    let line = format!("{done} the R2 keys of token {id}; {} are in {}", named(&names(&pairs)), plain(&place(&sinks)));
    context.output.beside(sinks.iter().any(Sink::prints), line);
    let end = until.map_or_else(String::new, |time| format!(", or at {}", plain(&time)));
    context.output.note(format!("they end when the token is rolled or revoked{end}"));
    Ok(Verdict::Yes)
}
