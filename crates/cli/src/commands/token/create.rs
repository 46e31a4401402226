//! `flarekeep token create`: makes a token for a piece of work, and delivers its value.

use flarekeep_catalogue::overlay::Fact;
use flarekeep_catalogue::{Group, Scope};
use flarekeep_cloudflare::{self as api, Client, Condition, NewToken};
use flarekeep_planner::{Target, as_documented, canonical};
use flarekeep_policy::{Grant, Policy, Resource};
use flarekeep_tokens::{Created, Creation, Desk, GroupIds, Sink, Subject, create, is_pending_for, policy_to_wire};
use serde_json::json;

use super::ownership;
use crate::arguments::{Owner, TokenCreate};
use crate::commands::plan::form;
use crate::consent::{Go, confirm, sinks, whereabouts};
use crate::context::{Context, block_on, owner};
use crate::desk;
use crate::error::CommandError;
use crate::inferred;
use crate::limits;
use crate::naming;
use crate::output::{CARE, GOOD, Output, plain, styled};
use crate::overlay::{Entry, Found};
use crate::place::{self, SOME_USER, Wanted};
use crate::work::{Work, engine_owner};
use crate::{CommandResult, Verdict, overlay};

/// What is said where the token is one that an earlier run had begun to make.
pub(super) const TAKEN_UP: &str = "an earlier run had begun to make this token: it was finished, and no other one made";

pub(crate) fn run(context: &Context, arguments: &TokenCreate) -> CommandResult {
    let work = Work::read_in(context, &arguments.work)?;
    let permissions = permissions(context, &arguments.permissions)?;
    let mut work = if permissions.is_empty() { work.required()? } else { work };
    if arguments.separate {
        return Err(CommandError::usage("several tokens cannot be made at once")
            .because("each has a value that goes to a place of its own")
            .hint("flarekeep plan --separate shows them; make each by its own --recipe and --to"));
    }
    let built = naming::built(&arguments.naming, &work)?;
    let given = arguments.name.as_deref().or(built.as_deref());
    let held = limits::read(context.output, given, &arguments.limits, work.stated())?;
    let name = naming::chosen(context.output, held.name, &work)?;
    let addresses = form::addresses(context.output, &held.allow_ips);
    let condition = Condition::from_lists(held.allow_ips, Vec::new());
    if let Some(file) = &work.file {
        file.tell_changes(context.output);
    }
    let whose = work.owner(arguments.owner);
    block_on(async {
        let manager = context.manager()?;
        let wanted = wanted(&work, &permissions, whose);
        let target = work.find_places(context, &manager, wanted).await?;
        let (mut policies, mut facts) = policies(context.output, &work, arguments, &target)?;
        add(&mut policies, &permissions, &target)?;
        let mut policies = canonical(&policies);
        if policies.is_empty() {
            return Err(CommandError::usage("there is no permission to put into a token")
                .because("any valid token may do this work, or none that is known")
                .hint("flarekeep plan with the same options says which"));
        }
        work.tell_left_out(context.output, whose);
        ownership::advise(context.output, arguments, whose);
        facts.extend(overlay::facts_of_policies(&policies));
        overlay::alarm(context, &facts);
        name_the_user(&manager, &mut policies).await?;
        let owner = owner(whose, &target)?;
        let ids = GroupIds::for_policies(&manager, owner, &policies).await?;
        let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
        let token =
            NewToken { name, policies: wire, condition, not_before: held.not_before, expires_on: held.expires_on };
        show(context.output, &token, &policies, addresses.as_deref());
        let sinks = sinks(context, &arguments.delivery)?;
        let go = confirm(arguments.delivery.consent, "Make this token?")?;
        let (Some(sinks), Go::Ahead) = (sinks, go) else {
            context.output.document(&json!({ "dry_run": true, "token": token }));
            return Ok(Verdict::Yes);
        };
        let subject = Subject { api: manager.base_url().to_owned(), owner, name: token.name.clone() };
        let desk = desk::open(context, manager, Some(&subject)).await?;
        mention_namesakes(context.output, &desk, owner, &token.name).await?;
        let created = create(&desk, &Creation { owner, token, declared: None }, &sinks).await?;
        report(context.output, &created, &sinks);
        Ok(Verdict::Yes)
    })
}

/// Mentions what is there already: a token of this name, or one whose value never arrived.
pub(crate) async fn mention_namesakes(
    output: Output,
    desk: &Desk,
    owner: api::Owner,
    name: &str,
) -> Result<(), CommandError> {
    let unfinished: Vec<_> = desk.journal.unfinished().await?.iter().map(flarekeep_tokens::Entry::progress).collect();
    for token in desk.manager.tokens(owner).list().await? {
        if token.name == name {
            output.note(format!("there is a token {} of this name already", token.id));
        } else if !is_pending_for(name, &token.name) {
            continue;
        } else if unfinished.iter().any(|it| it.minted == Some(token.id) || it.marks.contains(&token.name)) {
            // Its value may be on its way, or in a sink already.
            output.note(format!(
                "token {} is of a change that another run began, which is taken up or waited for; it is shown by: \
                 flarekeep token resume --dry-run",
                token.id
            ));
        } else {
            output.warn(format!(
                "token {0} is being made with another journal, or was left by a run that was stopped, and then nobody \
                 has its value: flarekeep token orphans",
                token.id
            ));
        }
    }
    Ok(())
}

/// Prints that the token was made.
pub(crate) fn report(output: Output, created: &Created, sinks: &[Sink]) {
    if created.taken_up {
        output.note(TAKEN_UP);
    }
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
        "delivered_to": sinks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "remarks": created.remarks,
    }));
    let (made, places) = (styled(GOOD, "made"), plain(&whereabouts(sinks, "its value")));
    let line = format!("{made} token {} ({}); {places}", token.id, plain(&token.name));
    output.beside(sinks.iter().any(Sink::prints), line);
}

pub(super) fn show(output: Output, token: &NewToken, policies: &[Policy], addresses: Option<&str>) {
    output.note(format!("token {}", plain(&token.name)));
    for policy in policies {
        for resource in &policy.resources {
            output.note(format!("  at {}", place::in_words(&resource.to_string())));
        }
        for group in policy.known_groups() {
            output.note(format!("    {}", group.name));
        }
    }
    if let Some(addresses) = addresses {
        output.note(format!("  from {addresses}"));
    }
    if let Some(time) = token.not_before {
        output.note(format!("  not before {time}"));
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
            let (group, remark) = match overlay::resolve(context, name)?? {
                Found::Known(group, remark) => (group, remark),
                Found::New(entry) => return Err(known_by_name_alone(&entry)),
            };
            if let Some(remark) = remark {
                context.output.note(format!("`{}` is taken as {}: {remark}", plain(name), group.name));
            }
            Ok(group)
        })
        .collect()
}

/// What the catalogue does not have is not granted: what it opens is not known.
fn known_by_name_alone(entry: &Entry) -> CommandError {
    CommandError::usage(format!("what `{}` opens is not known", plain(&entry.fact.name)))
        .because(format!("the built-in catalogue does not have it; it is listed by {}", entry.origin()))
        .hint(format!("flarekeep permission show {}", entry.fact.id))
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

/// The policies that the work needs, and what they rest on beside their groups.
fn policies(
    output: Output,
    work: &Work,
    arguments: &TokenCreate,
    target: &Target,
) -> Result<(Vec<Policy>, Vec<Fact>), CommandError> {
    if let (Some(recipe), true) = (work.recipe(), arguments.as_documented) {
        return Ok((as_documented(recipe, target, engine_owner(arguments.owner, target)?)?, Vec::new()));
    }
    let plan = work.plan(target, work.owner(arguments.owner))?;
    if let Some(impossible) = plan.impossible.first() {
        let operation = plan.needs.get(impossible.need).map(|need| need.operation.to_string()).unwrap_or_default();
        return Err(CommandError::usage(format!("`{operation}` cannot be granted: {}", impossible.reason)));
    }
    inferred::warn(output, &plan);
    Ok((plan.policies(), overlay::facts_of_plan(&plan)))
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
        policies.push(Policy::allowing(Grant::Group(group), resource));
    }
    Ok(())
}

/// Puts the user's own id where a policy speaks of the user; it is asked only then.
pub(crate) async fn name_the_user(manager: &Client, policies: &mut [Policy]) -> Result<(), CommandError> {
    for resource in policies.iter_mut().flat_map(|policy| &mut policy.resources) {
        if *resource == Resource::User(SOME_USER) {
            *resource = Resource::User(manager.user().await?.id);
        }
    }
    Ok(())
}
