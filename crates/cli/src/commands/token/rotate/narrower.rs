//! A successor with the permissions of a plan: taken where it gains nothing over the old token.

use flarekeep_cloudflare::{Client, NewToken, Owner, Token};
use flarekeep_policy::{Ownership, Policy, Resource, compare};
use flarekeep_tokens::{GroupIds, Sink, policy_to_wire, token_from_wire};
use serde_json::Value;

use crate::arguments::{TokenRotate, Work as Named};
use crate::commands::policy::{Source, changes_document, show_changes};
use crate::commands::token::create::name_the_user;
use crate::context::{Context, now};
use crate::error::CommandError;
use crate::output::{Output, plain};
use crate::work::Work;

/// Gives `new` the permissions of the work that was named, if any was, and shows what it gains and loses.
pub(super) async fn of(
    context: &Context,
    arguments: &TokenRotate,
    manager: &Client,
    owner: Owner,
    old: &Token,
    new: &mut NewToken,
) -> Result<Option<Value>, CommandError> {
    let named = Named {
        recipes: arguments.recipes.clone(),
        options: arguments.options.clone(),
        operations: arguments.operations.clone(),
        plan: arguments.from_plan.clone(),
        ..Named::default()
    };
    let mut work = Work::read_in(context, &named)?;
    if work.is_empty() {
        return Ok(None);
    }
    let whose = work.owner(arguments.owner);
    let wanted = work.wanted();
    let target = work.find_places(context, manager, wanted).await?;
    let plan = work.plan(&target, whose)?;
    if let Some(impossible) = plan.impossible.first() {
        return Err(CommandError::usage(format!("the plan has a need that cannot be met: {}", impossible.reason)));
    }
    let mut policies = plan.policies();
    name_the_user(manager, &mut policies).await?;
    let ids = GroupIds::for_policies(manager, owner, &policies).await?;
    new.policies = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
    let ownership = owners_of_zones(manager, &policies).await?;
    // What it allows is compared, and not for how long.
    let after = Token { policies: new.policies.clone(), ..old.clone() };
    let source = |name: &str, token: &Token| -> Result<Source, CommandError> {
        Ok(Source { name: format!("{name} {}", plain(&token.name)), token: token_from_wire(token, owner)? })
    };
    let (before, after) = (source("token", old)?, source("the successor of", &after)?);
    let comparison = compare(&before.token, &after.token, &ownership, now());
    // Standard output may be the value's alone.
    let silent = arguments.to.iter().any(Sink::prints) || context.output.json;
    show_changes(Output { json: silent, ..context.output }, &before, &after, &comparison);
    let document = changes_document(&before, &after, &comparison);
    if !comparison.is_no_new_access() {
        return Err(CommandError::usage("the plan allows what the token does not, and a rotation gives no more")
            .because("what is gained is shown above, or is not known to be nothing")
            .hint(format!("flarekeep token create with this plan makes another token beside `{}`", plain(&old.name))));
    }
    Ok(Some(document))
}

/// Which account owns each zone that the policies name: all zones of an account hold those.
async fn owners_of_zones(manager: &Client, policies: &[Policy]) -> Result<Ownership, CommandError> {
    let mut ownership = Ownership::new();
    for resource in policies.iter().flat_map(|policy| &policy.resources) {
        let Resource::Zone(zone) = resource else { continue };
        // What cannot be looked up is not known: then a gain under any owner counts.
        if let Ok(zone) = manager.zones().get(*zone).await
            && let Some(account) = zone.account
        {
            ownership.insert(zone.id, account.id);
        }
    }
    Ok(ownership)
}
