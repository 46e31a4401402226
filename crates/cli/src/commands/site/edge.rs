//! `flarekeep site sync`, and what is said of the edge after every turn.

use flarekeep_sites::{EdgeState, Slug, sync};
use serde_json::json;

use crate::arguments::SiteOf;
use crate::context::{Context, block_on};
use crate::output::{GOOD, Output, plain, styled};
use crate::{CommandResult, Verdict, bucket};

pub(super) fn sync_run(context: &Context, arguments: &SiteOf) -> CommandResult {
    let tenant = &arguments.tenant;
    let (release, state) = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        Ok(sync(&bucket.store, &bucket.edge, tenant).await?)
    })?;
    let told = state == EdgeState::Told;
    context.output.document(&json!({ "release": release, "told": told }));
    if told {
        context.output.line(format!("{} the edge: release {release} of {tenant}", styled(GOOD, "told")));
    }
    Ok(tell(context.output, tenant, &state))
}

/// Says what the edge does not know.
pub(in crate::commands) fn tell(output: Output, tenant: &Slug, state: &EdgeState) -> Verdict {
    match state {
        EdgeState::Told => {
            output.note("visitors see it within a minute, wherever they are");
            Verdict::Yes
        }
        EdgeState::NoPlatform => {
            output.note("no edge was told: there is no platform in this bucket (flarekeep platform deploy)");
            Verdict::Yes
        }
        EdgeState::Behind { why } => {
            output.warn(format!("the edge could not be told, and shows the old release: {}", plain(why)));
            output.note(format!("flarekeep site sync {tenant} tells it"));
            Verdict::Partly
        }
    }
}
