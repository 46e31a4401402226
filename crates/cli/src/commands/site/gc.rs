//! `flarekeep site gc`: old releases go, with what they alone needed.

use flarekeep_sites::{Sweeping, Swept, forget, sweep};
use indicatif::ProgressBar;
use serde_json::json;

use super::bytes;
use super::progress::{object_bar, shown_by};
use crate::arguments::SiteGc;
use crate::bucket;
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on};
use crate::output::{GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict};

pub(super) fn run(context: &Context, arguments: &SiteGc) -> CommandResult {
    let (output, tenant) = (context.output, &arguments.tenant);
    let sweeping =
        |dry_run| Sweeping { keep: usize::from(arguments.keep), hours: i64::from(arguments.days) * 24, dry_run };
    let found = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        Ok(sweep(&bucket.store, tenant, sweeping(true), &shown_by(output, &ProgressBar::hidden())).await?)
    })?;
    if found.releases.is_empty() && found.blobs == 0 {
        output.document(&document(&found, false));
        output.line(format!("nothing to sweep away: {} of {tenant} kept", counted(found.kept, "release")));
        return Ok(Verdict::Yes);
    }
    output.line(format!("would remove {}", told(&found)));
    if confirm(arguments.consent, &format!("Remove them from {tenant}?"))? == Go::NoFurther {
        output.document(&document(&found, true));
        return Ok(Verdict::Yes);
    }
    let done = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        let bar = object_bar(output, "removing");
        let done = sweep(&bucket.store, tenant, sweeping(false), &shown_by(output, &bar)).await;
        bar.finish_and_clear();
        let done = done?;
        if let Err(why) = forget(&bucket.store, &bucket.edge, tenant, &done.releases).await {
            output.note(format!(
                "the edge keeps its copies of their lists of files, which nobody reads: {}",
                plain(&why)
            ));
        }
        Ok(done)
    })?;
    output.document(&document(&done, false));
    output.line(format!("{} {}", styled(GOOD, "removed"), told(&done)));
    Ok(Verdict::Yes)
}

fn told(swept: &Swept) -> String {
    let (releases, blobs) = (counted(swept.releases.len(), "release"), counted(swept.blobs, "blob"));
    format!("{releases} and {blobs} ({}); {} kept", bytes(swept.bytes), counted(swept.kept, "release"))
}

fn document(swept: &Swept, dry_run: bool) -> serde_json::Value {
    json!({
        "dry_run": dry_run,
        "releases": swept.releases,
        "kept": swept.kept,
        "blobs": swept.blobs,
        "bytes": swept.bytes,
    })
}
