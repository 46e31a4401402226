//! `flarekeep site export`: a release's files, taken home.

use flarekeep_sites::export;
use serde_json::json;

use super::bytes;
use super::progress::{progress_bar, shown_by};
use crate::arguments::SiteExport;
use crate::context::{Context, block_on};
use crate::output::{GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict, bucket};

pub(super) fn run(context: &Context, arguments: &SiteExport) -> CommandResult {
    let done = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        let (release, jobs) = (arguments.release.as_ref(), usize::from(arguments.bucketed.jobs));
        let bar = progress_bar(context.output, 0, "fetching");
        let (tenant, folder) = (&arguments.tenant, &arguments.folder);
        let done = export(&bucket.store, tenant, release, folder, jobs, &shown_by(context.output, &bar)).await;
        bar.finish_and_clear();
        Ok(done?)
    })?;
    context.output.document(&json!({
        "release": done.release,
        "files": done.files,
        "bytes": done.bytes,
        "found": done.found,
    }));
    context.output.line(format!(
        "{} release {}: {} ({}) in {}",
        styled(GOOD, "exported"),
        done.release,
        counted(done.files, "file"),
        bytes(done.bytes),
        plain(&arguments.folder.display().to_string())
    ));
    if let found @ 1.. = done.found {
        context.output.note(format!("an earlier run had fetched {}", counted(found, "file")));
    }
    Ok(Verdict::Yes)
}
