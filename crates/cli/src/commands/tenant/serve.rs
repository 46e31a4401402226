//! `flarekeep tenant suspend` and `tenant resume`.

use flarekeep_sites::{EdgeState, SiteError, State, serve};
use serde_json::json;

use super::nobody;
use crate::arguments::SiteOf;
use crate::commands::site::edge;
use crate::context::{Context, block_on};
use crate::output::{CARE, GOOD, styled};
use crate::{CommandResult, Verdict, bucket};

pub(super) fn run(context: &Context, arguments: &SiteOf, state: State) -> CommandResult {
    let (output, slug) = (context.output, &arguments.tenant);
    let (is_new, told) = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        match serve(&bucket.store, &bucket.edge, slug, state).await {
            Err(SiteError::NoSite { .. }) => Err(nobody(slug)),
            answer => Ok(answer?),
        }
    })?;
    output.document(&json!({
        "tenant": slug.as_str(),
        "state": state,
        "changed": is_new,
        "told": told == Some(EdgeState::Told),
    }));
    let again = if is_new { "" } else { " already" };
    output.line(match state {
        State::Suspended => format!("{} {slug}{again}: visitors are told so", styled(CARE, "suspended")),
        State::Live => format!("{} {slug}{again}: its site is served", styled(GOOD, "resumed")),
    });
    if state == State::Suspended {
        output.note(format!("deploys go on and stay unseen; flarekeep tenant resume {slug} serves them"));
    }
    Ok(told.map_or(Verdict::Yes, |told| edge::tell(output, slug, &told)))
}
