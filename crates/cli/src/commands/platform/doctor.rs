//! `flarekeep platform doctor`: the token's tests, then the parts, then a question to the router.

use std::time::Duration;

use flarekeep_catalogue::recipe;
use flarekeep_planner::{Options, Target, needs_of_recipe, plan};
use flarekeep_tokens::{CheckReport, IdentityOwner, identify};
use serde_json::{Value, json};

use super::{smoke, status};
use crate::arguments::{self, Parts, PlatformDoctor};
use crate::commands::check;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::work::engine_owner;
use crate::{CommandResult, Verdict};

/// What the platform's own commands call.
const RECIPE: &str = "platform-deploy";

pub(crate) fn run(context: &Context, arguments: &PlatformDoctor) -> CommandResult {
    let PlatformDoctor { parts, asked } = arguments;
    let edge = smoke::edge(asked.edge.as_deref())?;
    let report = match crate::secret::given_subject(context)? {
        Some(token) => Some(tested(context, &context.client(token)?, parts)?),
        None => {
            context
                .output
                .note("no token is given: the Global API key may do all that its user may, and is not tested");
            None
        }
    };
    let (verdict, mut document) = status::look(context, parts)?;
    let domain = document["domain"].as_str().unwrap_or_default().to_owned();
    // What never was deployed answers nobody.
    let smoke = match verdict {
        Verdict::Yes => block_on(async { Ok(smoke::test(context, &domain, edge, Duration::ZERO).await) })?,
        _ => Value::Null,
    };
    // What no harmless request can try is no fault of the token's.
    let passes = report.as_ref().is_none_or(|report| !report.misses());
    document["check"] = json!(report);
    document["smoke_test"] = smoke;
    context.output.document(&document);
    Ok(if verdict == Verdict::Yes { Verdict::yes_if(passes) } else { verdict })
}

fn tested(
    context: &Context,
    client: &flarekeep_cloudflare::Client,
    parts: &Parts,
) -> Result<CheckReport, CommandError> {
    let recipe = recipe(RECIPE)?;
    let report = block_on(async {
        let wanted = super::wanted(context, client, parts).await?;
        let target = Target { account: Some(wanted.account), zone: Some(wanted.zone), every_zone: false, bucket: None };
        let token = identify(client, target.account).await?;
        let owner = match token.owner {
            IdentityOwner::User => arguments::Owner::User,
            IdentityOwner::Account => arguments::Owner::Account,
        };
        let owner = engine_owner(owner, &target)?;
        let needs = needs_of_recipe(&recipe, &target, owner)?;
        let plan = plan(&needs, &Options::new(owner));
        check::tested(context.output, client, &plan, Some(&recipe.tests), &target).await
    })?;
    check::show(context.output, &report);
    Ok(report)
}
