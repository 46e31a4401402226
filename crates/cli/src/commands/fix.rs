//! `flarekeep fix`: gives the token what it lacks, and checks again.

use std::time::Duration;

use flarekeep_cloudflare::Owner;
use flarekeep_tokens::{CheckReport, Fix, IdentityOwner, identify, propose, settle};
use serde_json::json;

use crate::arguments;
use crate::commands::check;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on, now};
use crate::error::{CommandError, Kind};
use crate::inferred;
use crate::output::{FAINT, GOOD, Output, plain, styled};
use crate::overlay;
use crate::work::Work;
use crate::{CommandResult, Verdict};

/// A change can take a minute or two to reach Cloudflare's edge; the check is repeated for as long.
const PATIENCE: [u64; 6] = [1, 2, 5, 15, 30, 60];

pub(crate) fn run(context: &Context, arguments: &arguments::Fix) -> CommandResult {
    let mut work = Work::read_in(context, &arguments.work)?.required()?;
    block_on(async {
        let (subject, manager) = (context.subject()?, context.manager()?);
        let target = work.find_places(context, &manager, work.wanted()).await?;
        let identity = identify(&subject, target.account).await?;
        let (owner, whose) = match (identity.owner, target.account) {
            (IdentityOwner::Account, Some(account)) => (Owner::Account(account), arguments::Owner::Account),
            _ => (Owner::User, arguments::Owner::User),
        };
        let plan = work.plan(&target, whose)?;
        overlay::alarm_of(context, &plan);
        let fix = propose(&manager, owner, identity.id, &plan, now()).await?;
        show(context.output, &fix);
        if fix.added.is_empty() {
            context.output.document(&json!({ "added": fix.added, "check": null }));
            return Ok(Verdict::Yes);
        }
        inferred::warn(context.output, &plan);
        if confirm(arguments.consent, "Add these permissions?")? == Go::NoFurther {
            context.output.document(&json!({ "added": fix.added, "check": null, "dry_run": true }));
            return Ok(Verdict::Yes);
        }
        settle(&manager, &fix).await?;
        let tests = work.recipe().map(|recipe| recipe.tests.as_slice());
        let tested = async || check::tested(context.output, &subject, &plan, tests, &target).await;
        let report = settled(context.output, tested).await?;
        context.output.document(&json!({ "added": fix.added, "check": report }));
        context.output.line("");
        check::show(context.output, &report);
        if !report.passes() {
            return Err(CommandError::new(
                Kind::Partial,
                "the permissions were added, and the check does not pass yet",
            )
            .hint("a change can take minutes to reach Cloudflare's edge: run flarekeep check again"));
        }
        Ok(Verdict::Yes)
    })
}

/// Prints what would be added.
pub(crate) fn show(output: Output, fix: &Fix) {
    if fix.added.is_empty() {
        output.line(format!("token {} ({}) lacks nothing for this work", fix.token.id, plain(&fix.token.name)));
        return;
    }
    output.line(format!("token {} ({}), its value unchanged:", fix.token.id, plain(&fix.token.name)));
    for grant in &fix.added {
        output.line(format!("  {} {} at {}", styled(GOOD, "+"), grant.group, grant.place));
    }
}

/// Checks until nothing is missing any more, or the time that a change may take is over.
pub(crate) async fn settled(
    output: Output,
    tested: impl AsyncFn() -> Result<CheckReport, CommandError>,
) -> Result<CheckReport, CommandError> {
    let mut report = tested().await?;
    for seconds in PATIENCE {
        if !report.misses() {
            break;
        }
        output.note(styled(FAINT, format!("not everywhere yet; checking again in {seconds} s")));
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        report = tested().await?;
    }
    Ok(report)
}
