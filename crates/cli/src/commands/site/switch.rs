//! `flarekeep site rollback` and `promote`: another release goes live, and nothing is uploaded.

use flarekeep_sites::{Release, Slug, switch};
use serde_json::json;

use super::{edge, now};
use crate::arguments::Bucketed;
use crate::context::{Context, block_on};
use crate::output::{GOOD, styled};
use crate::{CommandResult, Verdict, bucket};

pub(super) fn run(context: &Context, tenant: &Slug, release: Option<&Release>, options: &Bucketed) -> CommandResult {
    let (done, requests) = block_on(async {
        let bucket = bucket::open(context, options).await?;
        let done = switch(&bucket.store, &bucket.edge, tenant, release, &now()).await?;
        Ok((done, bucket.requests()))
    })?;
    let (from, to) = (&done.from, &done.to);
    context.output.document(&json!({
        "release": to, "before": from, "changed": !done.unchanged, "requests": requests,
    }));
    if done.unchanged {
        let how = match &done.edge {
            None => "is live already",
            Some(_) => "was made live by a run that was stopped; what it left undone is done",
        };
        context.output.line(format!("release {to} of {tenant} {how}"));
        return Ok(done.edge.as_ref().map_or(Verdict::Yes, |state| edge::tell(context.output, tenant, state)));
    }
    context.output.line(format!("{} release {to} of {tenant}", styled(GOOD, "live:")));
    if let Some(from) = from {
        context.output.note(format!("flarekeep site promote {tenant} {from} takes it back"));
    }
    Ok(done.edge.as_ref().map_or(Verdict::Yes, |state| edge::tell(context.output, tenant, state)))
}
