//! `flarekeep token create`: makes a token for a piece of work, and delivers its value.

use flarekeep_catalogue::{Group, Scope, resolve};
use flarekeep_cloudflare::{self as api, Client, Condition, NewToken};
use flarekeep_planner::{Target, as_documented};
use flarekeep_policy::{Effect, Grant, Policy, Resource, parse_range};
use flarekeep_tokens::{Created, Creation, GroupIds, Sink, create, is_pending_for, policy_to_wire};
use jiff::{Span, Timestamp};
use serde_json::json;

use crate::arguments::{Owner, TokenCreate};
use crate::consent::{Go, confirm, sink};
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::inferred;
use crate::output::{CARE, GOOD, Output, plain, styled};
use crate::place::{self, SOME_USER, Wanted};
use crate::work::{Work, engine_owner};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &TokenCreate) -> CommandResult {
    let work = Work::read(&arguments.work)?;
    let permissions = permissions(context, &arguments.permissions)?;
    let work = if permissions.is_empty() { work.required()? } else { work };
    let name = name(arguments, &work)?;
    let condition = condition(&arguments.allow_ips)?;
    let expires_on = arguments.expires.as_deref().map(expiry).transpose()?;
    block_on(async {
        let manager = context.manager()?;
        let target = place::find(context, &manager, wanted(&work, &permissions, arguments.owner)).await?;
        let mut policies = policies(context.output, &work, arguments, &target)?;
        add(&mut policies, &permissions, &target)?;
        name_the_user(&manager, &mut policies).await?;
        let owner = owner(arguments.owner, &target)?;
        let ids = GroupIds::for_policies(&manager, owner, &policies).await?;
        let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?;
        let token = NewToken { name, policies: wire, condition, not_before: None, expires_on };
        show(context.output, &token, &policies);
        let sink = sink(context, &arguments.delivery)?;
        let go = confirm(arguments.delivery.consent, "Make this token?")?;
        let (Some(sink), Go::Ahead) = (sink, go) else {
            context.output.document(&json!({ "dry_run": true, "token": token }));
            return Ok(Verdict::Yes);
        };
        mention_namesakes(context.output, &manager, owner, &token.name).await?;
        let created = create(&manager, &Creation { owner, token }, &sink).await?;
        report(context.output, &created, &sink);
        Ok(Verdict::Yes)
    })
}

/// Mentions what an earlier run may have left: a token of this name, or one whose value never arrived.
async fn mention_namesakes(
    output: Output,
    manager: &Client,
    owner: api::Owner,
    name: &str,
) -> Result<(), CommandError> {
    for token in manager.tokens(owner).list().await? {
        if token.name == name {
            output.note(format!("there is a token {} of this name already", token.id));
        } else if is_pending_for(name, &token.name) {
            output.warn(format!(
                "token {0} is being made by another run, or was left by one that was stopped, and then nobody has its \
                 value: flarekeep token revoke {0}",
                token.id
            ));
        }
    }
    Ok(())
}

/// Prints that the token was made.
pub(crate) fn report(output: Output, created: &Created, sink: &Sink) {
    for remark in &created.remarks {
        output.warn(plain(remark));
    }
    let token = &created.token;
    output.document(&json!({
        "token": {
            "id": token.id.to_string(),
            "name": token.name,
            "status": token.status.to_string(),
            "expires_on": token.expires_on.map(|time| time.to_string()),
        },
        "delivered_to": sink.to_string(),
        "remarks": created.remarks,
    }));
    let line = format!("{} token {} ({}); its value is in {sink}", styled(GOOD, "made"), token.id, plain(&token.name));
    output.beside(*sink == Sink::Stdout, line);
}

fn show(output: Output, token: &NewToken, policies: &[Policy]) {
    output.note(format!("token {}", plain(&token.name)));
    for policy in policies {
        for resource in &policy.resources {
            output.note(format!("  at {}", place::in_words(&resource.to_string())));
        }
        for group in policy.known_groups() {
            output.note(format!("    {}", group.name));
        }
    }
    match token.expires_on {
        Some(time) => output.note(format!("  until {time}")),
        None => output.note(styled(CARE, "  without an end: --expires 90d gives it one")),
    }
}

/// The permissions that were named, and what is to be said about their spelling.
fn permissions(context: &Context, names: &[String]) -> Result<Vec<&'static Group>, CommandError> {
    names
        .iter()
        .map(|name| {
            let (group, remark) = resolve(name)?;
            if let Some(remark) = remark {
                context.output.note(format!("`{}` is taken as {}: {remark}", plain(name), group.name));
            }
            Ok(group)
        })
        .collect()
}

fn wanted(work: &Work, permissions: &[&Group], owner: Owner) -> Wanted {
    let at = |scope| permissions.iter().any(|group| group.scope == scope);
    let work = work.wanted();
    Wanted {
        account: work.account || at(Scope::Account) || owner == Owner::Account,
        zone: work.zone || at(Scope::Zone),
        bucket: work.bucket || at(Scope::Bucket),
    }
}

fn policies(
    output: Output,
    work: &Work,
    arguments: &TokenCreate,
    target: &Target,
) -> Result<Vec<Policy>, CommandError> {
    if let (Some(recipe), true) = (&work.recipe, arguments.as_documented) {
        return Ok(as_documented(recipe, target, engine_owner(arguments.owner, target)?)?);
    }
    let plan = work.plan(target, arguments.owner)?;
    if let Some(impossible) = plan.impossible.first() {
        let operation = plan.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        return Err(CommandError::usage(format!("`{operation}` cannot be granted: {}", impossible.reason)));
    }
    inferred::warn(output, &plan);
    Ok(plan.policies())
}

/// Puts the named permissions beside the planned ones, each at the resource of its own scope.
fn add(policies: &mut Vec<Policy>, permissions: &[&'static Group], target: &Target) -> Result<(), CommandError> {
    for group in permissions {
        let no_place = || CommandError::usage(format!("where `{}` takes effect is not known", group.name));
        let resource = match group.scope {
            Scope::User => Resource::User(SOME_USER),
            Scope::Account => target.account.map(Resource::Account).ok_or_else(no_place)?,
            Scope::Zone if target.every_zone => target.account.map(Resource::AllZonesOf).ok_or_else(no_place)?,
            Scope::Zone => target.zone.map(Resource::Zone).ok_or_else(no_place)?,
            Scope::Bucket => target.bucket.clone().map(Resource::Bucket).ok_or_else(no_place)?,
            Scope::FlagshipApp | Scope::Unknown => return Err(no_place()),
        };
        let resources = vec![resource];
        let grant = Grant::Group(group);
        match policies.iter_mut().find(|policy| policy.resources == resources) {
            Some(policy) if policy.groups.contains(&grant) => {}
            Some(policy) => policy.groups.push(grant),
            None => policies.push(Policy { effect: Effect::Allow, resources, groups: vec![grant] }),
        }
    }
    Ok(())
}

/// Puts the user's own id where a policy speaks of the user; it is asked only then.
async fn name_the_user(manager: &Client, policies: &mut [Policy]) -> Result<(), CommandError> {
    for resource in policies.iter_mut().flat_map(|policy| &mut policy.resources) {
        if *resource == Resource::User(SOME_USER) {
            *resource = Resource::User(manager.user().await?.id);
        }
    }
    Ok(())
}

fn name(arguments: &TokenCreate, work: &Work) -> Result<String, CommandError> {
    let name = arguments.name.clone().or_else(|| work.name().map(|name| format!("flarekeep-{name}")));
    let name = name.ok_or_else(|| {
        CommandError::usage("the token has no name")
            .hint("--name {project}-{purpose}-{environment}, for example --name shop-dns-prod")
    })?;
    match name.chars().count() {
        1..=120 if !name.chars().any(char::is_control) => Ok(name),
        _ => Err(CommandError::usage("a token's name has 1 to 120 characters, none of them a control character")),
    }
}

fn condition(ranges: &[String]) -> Result<Option<Condition>, CommandError> {
    let ranges = ranges.iter().map(|range| parse_range(range)).collect::<Result<Vec<_>, _>>();
    let ranges = ranges.map_err(|error| CommandError::usage(error.to_string()))?;
    Ok(Condition::from_lists(ranges, Vec::new()))
}

/// When a token ends: so long from now (`90d`, `12h`), or a date or time.
fn expiry(text: &str) -> Result<Timestamp, CommandError> {
    let wrong = |why: &str| {
        CommandError::usage(format!("`{}` is not a time in the future", plain(text)))
            .because(why.to_owned())
            .hint("as in --expires 90d, --expires 12h, --expires 2027-01-31 or --expires 2027-01-31T12:00:00Z")
    };
    let now = Timestamp::now();
    let time = if let Ok(time) = text.parse::<Timestamp>() {
        time
    } else if let Ok(date) = text.parse::<jiff::civil::Date>() {
        // Cloudflare's dashboard takes a date as midnight UTC, too.
        date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| wrong("the date does not exist"))?.timestamp()
    } else {
        let (number, unit) = text.split_at(text.len() - text.chars().last().map_or(0, char::len_utf8));
        let hours = match (number.parse::<i64>(), unit) {
            (Ok(days), "d") => days.checked_mul(24),
            (Ok(weeks), "w") => weeks.checked_mul(24 * 7),
            (Ok(hours), "h") => Some(hours),
            _ => None,
        };
        let span =
            hours.and_then(|hours| Span::new().try_hours(hours).ok()).ok_or_else(|| wrong("it cannot be read"))?;
        now.checked_add(span).map_err(|_| wrong("it is too far away"))?
    };
    // Cloudflare takes whole seconds.
    let time = Timestamp::from_second(time.as_second()).map_err(|_| wrong("it is too far away"))?;
    if time <= now { Err(wrong("it is past")) } else { Ok(time) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_an_age_a_date_or_a_time() {
        let days = expiry("90d").unwrap().duration_since(Timestamp::now()).as_hours();
        assert!((90 * 24 - 1..=90 * 24).contains(&days));
        assert_eq!(expiry("2999-01-31").unwrap().to_string(), "2999-01-31T00:00:00Z");
        assert_eq!(expiry("2999-01-31T12:00:00Z").unwrap().to_string(), "2999-01-31T12:00:00Z");
        for wrong in ["", "d", "soon", "90x", "-1d", "2001-01-01", "99999999999999999d", "9é"] {
            assert!(expiry(wrong).is_err(), "{wrong}");
        }
    }
}
