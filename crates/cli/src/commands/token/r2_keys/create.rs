//! The keys of a new token for one bucket's objects: a token like any other, whose sinks take its keys and never its value.

use flarekeep_cloudflare::{Condition, NewToken};
use flarekeep_planner::{canonical, usual_name};
use flarekeep_tokens::{Creation, Endpoint, GroupIds, R2_REGION, R2KeysSink, Sink, Subject, create, policy_to_wire};
use serde_json::json;

use super::pairs::{named, place};
use super::{endpoint, sinks};
use crate::arguments::{self, R2Keys};
use crate::commands::plan::form;
use crate::commands::token::create::{TAKEN_UP, mention_namesakes, show};
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, owner};
use crate::error::CommandError;
use crate::output::{GOOD, plain, styled};
use crate::place::Wanted;
use crate::work::Work;
use crate::{CommandResult, Verdict, desk, inferred, limits, overlay};

/// What S3 clients do with a bucket's objects, as the catalogue knows it.
const READING: &str = "r2-s3-read";
const WRITING: &str = "rclone-r2";

pub(super) fn run(context: &Context, arguments: &R2Keys) -> CommandResult {
    let bucket = context.place.bucket.as_ref().ok_or_else(|| {
        CommandError::usage("the token is to be for one bucket, and none is named")
            .hint("give --bucket NAME, or --bucket eu/NAME")
    })?;
    let recipe = if arguments.read_only { READING } else { WRITING };
    let work = arguments::Work { recipes: vec![recipe.to_owned()], ..arguments::Work::default() };
    let mut work = Work::read_in(context, &work)?;
    let held = limits::read(context.output, arguments.name.as_deref(), &arguments.limits, None)?;
    let name = match held.name {
        Some(name) => name,
        None => limits::name(&usual_name(&format!("r2-{}", bucket.name)))?,
    };
    let addresses = form::addresses(context.output, &held.allow_ips);
    let condition = Condition::from_lists(held.allow_ips, Vec::new());
    block_on(async {
        let manager = context.manager()?;
        let target = work.find_places(context, &manager, Wanted { account: true, ..work.wanted() }).await?;
        let plan = work.plan(&target, arguments.owner)?;
        inferred::warn(context.output, &plan);
        let policies = canonical(&plan.policies());
        overlay::alarm(context, &overlay::facts_of_plan(&plan));
        let owner = owner(arguments.owner, &target)?;
        let ids = GroupIds::for_policies(&manager, owner, &policies).await?;
        let wire = policies.iter().map(|policy| policy_to_wire(policy, &ids)).collect::<Result<Vec<_>, _>>()?.concat();
        let token =
            NewToken { name, policies: wire, condition, not_before: held.not_before, expires_on: held.expires_on };
        show(context.output, &token, &policies, addresses.as_deref());
        let endpoint = endpoint::find(context, arguments, target.account)?;
        let sinks = sinks(context, arguments)?;
        let go = confirm(arguments.delivery.consent, "Make this token, and keep its R2 keys alone?")?;
        let (Some(sinks), Go::Ahead) = (sinks, go) else {
            context.output.document(&json!({ "dry_run": true, "token": token }));
            return Ok(Verdict::Yes);
        };
        let along = endpoint.clone().filter(|_| !arguments.keys_only);
        if endpoint.is_none() && !arguments.keys_only {
            endpoint::tell_left_out(context);
        }
        let (sinks, variables) = of_keys(sinks, along.as_ref())?;
        let subject = Subject { api: manager.base_url().to_owned(), owner, name: token.name.clone() };
        let desk = desk::open(context, manager, Some(&subject)).await?;
        mention_namesakes(context.output, &desk, owner, &token.name).await?;
        let created = create(&desk, &Creation { owner, token, declared: None }, &sinks).await?;
        if created.taken_up {
            context.output.note(TAKEN_UP);
        }
        for remark in &created.remarks {
            context.output.warn(plain(remark));
        }
        let token = &created.token;
        context.output.document(&json!({
            "token": {
                "id": token.id.to_string(),
                "name": token.name,
                "status": token.status.to_string(),
            },
            "access_key_id": token.id.to_string(),
            "endpoint": endpoint.map(|endpoint| endpoint.url().to_owned()),
            "region": R2_REGION,
            "expires_on": token.expires_on.map(|time| time.to_string()),
            "variables": variables,
            "delivered_to": place(&sinks),
            "remarks": created.remarks,
        }));
        let made = styled(GOOD, "made");
        let line = format!(
            "{made} token {} ({}) and forgot its value; {} are in {}",
            token.id,
            plain(&token.name),
            named(&variables),
            plain(&place(&sinks))
        );
        context.output.beside(sinks.iter().any(Sink::prints), line);
        Ok(Verdict::Yes)
    })
}

/// The sinks as they take a token's keys, and the variables that they take.
fn of_keys(sinks: Vec<Sink>, endpoint: Option<&Endpoint>) -> Result<(Vec<Sink>, Vec<&'static str>), CommandError> {
    let of_keys = |sink| R2KeysSink::new(sink, endpoint.cloned());
    let keys = sinks.into_iter().map(of_keys).collect::<Result<Vec<_>, _>>();
    let keys = keys.map_err(|error| CommandError::usage(error.to_string()))?;
    let variables = keys.first().map(R2KeysSink::names).unwrap_or_default();
    Ok((keys.into_iter().map(Sink::R2Keys).collect(), variables))
}
