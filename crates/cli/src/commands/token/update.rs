//! `flarekeep token update`: another name, other limits or other permissions for a token; its value stays the same.

use flarekeep_cloudflare::{self as api, Client, Condition, RequestIp, Token, TokenUpdate};
use flarekeep_policy::Ownership;
use flarekeep_tokens::{GroupIds, change, find, policy_to_wire};
use serde_json::{Value, json};

use super::account;
use super::create::name_the_user;
use crate::arguments::{self, Limit};
use crate::commands::policy::Difference;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::limits::{self, Held};
use crate::output::{BAD, GOOD, plain, styled};
use crate::work::Work;
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &arguments::TokenUpdate) -> CommandResult {
    let mut work = Work::read_in(context, &arguments.work)?;
    let held = limits::read(context.output, arguments.name.as_deref(), &arguments.limits, None)?;
    refuse_contradictions(arguments, &held)?;
    if work.is_empty() && held.name.is_none() && arguments.without.is_empty() && !limits_anything(&held) {
        return Err(CommandError::usage("what is to change is not said")
            .hint("--name NAME, --expires 90d, --not-before DATE, --allow-ip CIDR, --without LIMIT")
            .hint("or the work that it is to be for: --recipe NAME, --operation '…', --plan FILE"));
    }
    block_on(async {
        let manager = context.manager()?;
        let whose = arguments.token.owner;
        let target = account(context, &manager, whose).await?;
        let engine_owner = owner(whose, &target)?;
        let tokens = manager.tokens(engine_owner);
        let token = find(&tokens, &arguments.token.token).await?;
        let mut ownership = Ownership::new();
        let policies = match work.is_empty() {
            true => token.policies.clone(),
            false => planned(context, &manager, &mut work, whose, engine_owner, &mut ownership).await?,
        };
        let update = updated(&token, arguments, &held, policies);
        let after = Token {
            name: update.name.clone(),
            policies: update.policies.clone(),
            condition: update.condition.clone(),
            not_before: update.not_before,
            expires_on: update.expires_on,
            ..token.clone()
        };
        let difference = Difference::between(&token, &after, engine_owner, &ownership)?;
        let (id, name) = (token.id.to_string(), plain(&token.name));
        let document = |more: Value| {
            let mut document = difference.document();
            document["id"] = json!(id);
            document["name"] = json!(update.name);
            document["widens"] = json!(difference.widens());
            document["changed"] = more;
            document
        };
        if difference.is_nothing() {
            context.output.document(&document(json!(false)));
            context.output.line(format!("token {id} ({name}) is so already: nothing to change"));
            return Ok(Verdict::Yes);
        }
        difference.show(context.output);
        if difference.widens() && arguments.no_widen {
            context.output.document(&document(json!(false)));
            context
                .output
                .line(format!("{}: the token could do more, and --no-widen forbids it", styled(BAD, "refused")));
            return Ok(Verdict::No);
        }
        let question = if difference.widens() { "Widen this token?" } else { "Change this token?" };
        if confirm(arguments.consent, question)? == Go::NoFurther {
            let mut document = document(json!(false));
            document["dry_run"] = json!(true);
            context.output.document(&document);
            return Ok(Verdict::Yes);
        }
        let after = change(&tokens, &token, &update).await?;
        context.output.document(&document(json!(true)));
        let line = format!("{} token {id} ({}); its value is the same", styled(GOOD, "changed"), plain(&after.name));
        context.output.line(line);
        Ok(Verdict::Yes)
    })
}

fn limits_anything(held: &Held) -> bool {
    !held.allow_ips.is_empty() || held.expires_on.is_some() || held.not_before.is_some()
}

/// Fails where a limit is given and taken away.
fn refuse_contradictions(arguments: &arguments::TokenUpdate, held: &Held) -> Result<(), CommandError> {
    let given = |limit: &Limit| match limit {
        Limit::AllowIp => !held.allow_ips.is_empty(),
        Limit::Expires => held.expires_on.is_some(),
        Limit::NotBefore => held.not_before.is_some(),
    };
    if arguments.without.iter().any(given) {
        return Err(CommandError::usage("a limit is given, and --without takes it away").hint("give one of the two"));
    }
    Ok(())
}

/// The policies that the work needs, as the API takes them; what is learnt of who owns its zone goes into `ownership`.
async fn planned(
    context: &Context,
    manager: &Client,
    work: &mut Work,
    whose: arguments::Owner,
    engine_owner: api::Owner,
    ownership: &mut Ownership,
) -> Result<Vec<api::Policy>, CommandError> {
    let wanted = work.wanted();
    let target = work.find_places(context, manager, wanted).await?;
    if let (Some(zone), Some(account)) = (target.zone, target.account) {
        ownership.insert(zone, account);
    }
    let plan = work.plan(&target, whose)?;
    if let Some(impossible) = plan.impossible.first() {
        return Err(CommandError::usage(format!("a need cannot be granted: {}", impossible.reason))
            .hint("flarekeep plan with the same options says which"));
    }
    crate::inferred::warn(context.output, &plan);
    crate::overlay::alarm_of(context, &plan);
    let mut policies = plan.policies();
    if policies.is_empty() {
        return Err(CommandError::usage("there is no permission to put into a token")
            .hint("flarekeep plan with the same options says why"));
    }
    name_the_user(manager, &mut policies).await?;
    let ids = GroupIds::for_policies(manager, engine_owner, &policies).await?;
    Ok(policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat())
}

/// What the token is to be.
fn updated(token: &Token, arguments: &arguments::TokenUpdate, held: &Held, policies: Vec<api::Policy>) -> TokenUpdate {
    let without = |limit| arguments.without.contains(&limit);
    let mut update = TokenUpdate { policies, ..TokenUpdate::from(token) };
    if let Some(name) = &held.name {
        update.name = name.clone();
    }
    update.expires_on = held.expires_on.or(update.expires_on).filter(|_| !without(Limit::Expires));
    update.not_before = held.not_before.or(update.not_before).filter(|_| !without(Limit::NotBefore));
    if without(Limit::AllowIp) {
        update.condition = None;
    } else if !held.allow_ips.is_empty() {
        // Exceptions that the token has stay.
        let not_within = update.condition.and_then(|condition| condition.request_ip).and_then(|ip| ip.not_within);
        let within = Some(held.allow_ips.clone());
        update.condition = Some(Condition { request_ip: Some(RequestIp { within, not_within }) });
    }
    update
}
