//! The keys of a new token for one bucket's objects. Its value is used for them alone, and forgotten.

use flarekeep_cloudflare::{Condition, NewToken};
use flarekeep_planner::{canonical, usual_name};
use flarekeep_tokens::{Creation, GroupIds, KeyPair, Sink, Subject, create_derived, policy_to_wire};
use serde_json::json;

use super::pairs::{deliver, named, names, place};
use super::{endpoint, sinks};
use crate::arguments::{self, R2Keys};
use crate::commands::plan::form;
use crate::commands::token::create::{mention_namesakes, show};
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
        let mut variables = (String::new(), Vec::new());
        let subject = Subject { api: manager.base_url().to_owned(), owner, name: token.name.clone() };
        let desk = desk::open(context, manager, Some(&subject)).await?;
        mention_namesakes(context.output, &desk, owner, &token.name).await?;
        let created = create_derived(&desk, &Creation { owner, token, declared: None }, |id, value| {
            let pairs = endpoint::variables(context, arguments, &KeyPair::derived(id, value), endpoint.as_ref());
            variables = (named(&pairs), names(&pairs));
            deliver(&sinks, &pairs)
        })
        .await?;
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
            "endpoint": endpoint.map(|endpoint| endpoint.url),
            "region": endpoint::region(),
            "expires_on": token.expires_on.map(|time| time.to_string()),
            "variables": variables.1,
            "delivered_to": place(&sinks),
            "remarks": created.remarks,
        }));
        let made = styled(GOOD, "made");
        let line = format!(
            "{made} token {} ({}) and forgot its value; {} are in {}",
            token.id,
            plain(&token.name),
            variables.0,
            plain(&place(&sinks))
        );
        context.output.beside(sinks.contains(&Sink::Stdout), line);
        Ok(Verdict::Yes)
    })
}
