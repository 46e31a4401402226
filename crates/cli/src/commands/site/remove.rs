//! `flarekeep site remove`: a tenant's site goes, with all its releases.

use flarekeep_sites::{SiteError, read, releases, remove};
use serde_json::json;

use super::progress::{object_bar, shown_by};
use crate::arguments::SiteRemove;
use crate::bucket;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on};
use crate::output::{GOOD, counted, styled};
use crate::{CommandResult, Verdict};

pub(super) fn run(context: &Context, arguments: &SiteRemove) -> CommandResult {
    let (output, tenant) = (context.output, &arguments.tenant);
    let (live, all) = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        // A removal that was killed has left no pointer: it is gone on with.
        let live = read(&bucket.store, tenant).await.ok().map(|current| current.release);
        let all = releases(&bucket.store, tenant).await?.len();
        if live.is_none() && all == 0 {
            return Err(SiteError::NoSite { tenant: tenant.clone() }.into());
        }
        Ok((live, all))
    })?;
    let of = live.as_ref().map_or_else(|| "none is live".to_owned(), |release| format!("{release} is live"));
    output.line(format!("would remove the site of {tenant}: {}, {of}", counted(all, "release")));
    if confirm(arguments.consent, &format!("Remove the site of {tenant} for good?"))? == Go::NoFurther {
        output.document(&json!({ "dry_run": true, "tenant": tenant.as_str(), "releases": all }));
        return Ok(Verdict::Yes);
    }
    let objects = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        let bar = object_bar(output, "removing");
        let done = remove(&bucket.store, &bucket.edge, tenant, &shown_by(output, &bar)).await;
        bar.finish_and_clear();
        Ok(done?)
    })?;
    output.document(&json!({ "tenant": tenant.as_str(), "releases": all, "objects": objects }));
    output.line(format!("{} the site of {tenant}: {}", styled(GOOD, "removed"), counted(objects, "object")));
    Ok(Verdict::Yes)
}
