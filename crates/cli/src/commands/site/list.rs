//! `flarekeep site list`: the releases of a tenant.

use flarekeep_sites::{ReleaseRow, releases};
use serde_json::{Value, json};

use super::bytes;
use crate::arguments::SiteOf;
use crate::context::{Context, block_on};
use crate::output::table::table;
use crate::output::{FAINT, GOOD, plain, styled};
use crate::{CommandResult, Verdict, bucket};

pub(super) fn run(context: &Context, arguments: &SiteOf) -> CommandResult {
    let tenant = &arguments.tenant;
    let rows = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        Ok(releases(&bucket.store, tenant).await?)
    })?;
    context.output.document(&rows.iter().map(document).collect::<Vec<_>>());
    if rows.is_empty() {
        context.output.line(format!("{tenant} has no release"));
        return Ok(Verdict::Yes);
    }
    let header = ["RELEASE", "STATE", "WENT LIVE", "FILES", "SIZE", "MESSAGE"];
    context.output.line(table(0, Some(header), rows.iter().map(cells)));
    context.output.note(styled(FAINT, format!("flarekeep site promote {tenant} RELEASE makes one live")));
    Ok(Verdict::Yes)
}

fn cells(row: &ReleaseRow) -> [String; 6] {
    let state = match (&row.live, row.is_current) {
        (_, true) => styled(GOOD, "live"),
        (Some(_), _) => "was live".to_owned(),
        (None, _) => "preview".to_owned(),
    };
    let live = row.live.as_ref();
    let cell = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        row.release.to_string(),
        state,
        cell(live.map(|live| plain(&live.at))),
        cell(live.map(|live| live.files.to_string())),
        cell(live.map(|live| bytes(live.bytes))),
        cell(live.and_then(|live| live.message.as_deref().map(plain))),
    ]
}

fn document(row: &ReleaseRow) -> Value {
    let live = row.live.as_ref();
    json!({
        "release": row.release,
        "live": row.is_current,
        "went_live": live.map(|live| &live.at),
        "files": live.map(|live| live.files),
        "bytes": live.map(|live| live.bytes),
        "message": live.and_then(|live| live.message.as_ref()),
    })
}
