//! `flarekeep token show`.

use flarekeep_cloudflare::{ResourceValue, Token};
use flarekeep_tokens::{find, policy_from_wire};
use serde_json::json;

use super::{account, list};
use crate::arguments::TokenName;
use crate::context::{Context, block_on, owner};
use crate::output::{CARE, Output, STRONG, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &TokenName) -> CommandResult {
    let token = block_on(async {
        let manager = context.manager()?;
        let target = account(context, &manager, arguments.owner).await?;
        Ok(find(&manager.tokens(owner(arguments.owner, &target)?), &arguments.token).await?)
    })?;
    context.output.document(&document(&token));
    show(context.output, &token);
    Ok(Verdict::Yes)
}

fn show(output: Output, token: &Token) {
    output.line(format!("{} ({})", styled(STRONG, plain(&token.name)), token.id));
    output.line(format!("  status   {}", plain(&token.status.to_string())));
    let dates = [
        ("made", token.issued_on),
        ("changed", token.modified_on),
        ("used", token.last_used_on),
        ("from", token.not_before),
        ("until", token.expires_on),
    ];
    for (word, time) in dates {
        if let Some(time) = time {
            output.line(format!("  {word:<8} {time}"));
        }
    }
    if token.expires_on.is_none() {
        output.line(format!("  until    {}", styled(CARE, "without an end")));
    }
    if let Some(ip) = token.condition.as_ref().and_then(|condition| condition.request_ip.as_ref()) {
        for (word, list) in [("from IP", &ip.within), ("not IP", &ip.not_within)] {
            if let Some(list) = list {
                let list: Vec<_> = list.iter().map(ToString::to_string).collect();
                output.line(format!("  {word:<8} {}", list.join(", ")));
            }
        }
    }
    for policy in &token.policies {
        let places: Vec<_> = match policy_from_wire(policy) {
            Ok(read) => read.resources.iter().map(|resource| plain(&resource.to_string())).collect(),
            // A key that the engine cannot read is shown as it stands.
            Err(_) => policy.resources.keys().map(|key| plain(key)).collect(),
        };
        output.line(format!("\n  {} at {}", format!("{:?}", policy.effect).to_lowercase(), places.join(", ")));
        for group in &policy.permission_groups {
            let name = group.name.as_deref().map_or(group.id.to_string(), plain);
            output.line(format!("    {name}"));
        }
    }
}

fn document(token: &Token) -> serde_json::Value {
    let policies = token.policies.iter().map(|policy| {
        let resources = policy.resources.iter().map(|(key, value)| {
            let value = match value {
                ResourceValue::All => json!("*"),
                ResourceValue::Nested(nested) => json!(nested),
                ResourceValue::Other(text) => json!(text),
            };
            (key.clone(), value)
        });
        let groups = policy.permission_groups.iter();
        json!({
            "effect": policy.effect,
            "resources": resources.collect::<serde_json::Map<_, _>>(),
            "permission_groups": groups.map(|group| json!({"id": group.id.to_string(), "name": group.name})).collect::<Vec<_>>(),
        })
    });
    let mut document = list::document(token);
    document["not_before"] = json!(token.not_before.map(|time| time.to_string()));
    document["condition"] = json!(token.condition);
    document["policies"] = json!(policies.collect::<Vec<_>>());
    document
}
