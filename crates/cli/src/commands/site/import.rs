//! `flarekeep site import`: tenants of the earlier system, whose files lie below `<tenant>/` in the bucket.

use std::sync::Arc;

use flarekeep_sites::files::Tree;
use flarekeep_sites::{Event, Imported, Listener, Slug, Wishes, earlier, import, left};
use serde_json::{Value, json};

use super::deploy::release;
use super::progress::progress_bar;
use super::{bytes, now, rules};
use crate::arguments::SiteImport;
use crate::bucket::{self, Bucket};
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{CARE, FAINT, GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict};

/// What came of a tenant.
struct Row {
    tenant: Slug,
    /// `imported`, `unchanged`, `would import`, `kept`, `nothing` or `refused`.
    state: &'static str,
    release: Option<String>,
    files: usize,
    bytes: u64,
    left_out: usize,
    copied: usize,
    why: Option<String>,
    /// Whether nothing is left to do.
    is_good: bool,
}

pub(super) fn run(context: &Context, arguments: &SiteImport) -> CommandResult {
    let output = context.output;
    let rows = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        let found = earlier(&bucket.store).await?;
        let unknown = arguments.tenants.iter().find(|tenant| !found.contains(tenant));
        if let Some(tenant) = unknown {
            return Err(CommandError::usage(format!("the bucket has no folder `{tenant}/`"))
                .hint("flarekeep site import --dry-run shows those there are"));
        }
        let all = if arguments.tenants.is_empty() { &found } else { &arguments.tenants };
        let mut rows = Vec::with_capacity(all.len());
        for tenant in all {
            output.detail(format!("looking at {tenant}"));
            rows.push(one(context, arguments, &bucket, tenant).await?);
        }
        Ok(rows)
    })?;
    let documents: Vec<Value> = rows.iter().map(document).collect();
    output.document(&json!({ "dry_run": arguments.dry_run, "tenants": documents }));
    if rows.is_empty() {
        output.line("nothing to import: the bucket has no folder whose name is a tenant's");
        return Ok(Verdict::Yes);
    }
    output.line(table(0, Some(["TENANT", "STATE", "FILES", "SIZE", "RELEASE"]), rows.iter().map(cells)));
    for row in &rows {
        row.why.iter().for_each(|why| output.note(format!("{}: {why}", row.tenant)));
        if row.left_out > 0 {
            let objects = counted(row.left_out, "object");
            output.note(format!("{}: {objects} left out: dotfiles, and names that no address has", row.tenant));
        }
    }
    if rows.iter().any(|row| row.state == "imported") {
        output.note(styled(FAINT, "the earlier folders are as they were; flarekeep site status TENANT"));
    }
    let good = rows.iter().all(|row| row.is_good);
    Ok(match good {
        false if !arguments.dry_run => Verdict::Partly,
        _ => Verdict::yes_if(good),
    })
}

/// Imports a tenant. What is wrong with its files is said of it; what is wrong with the bucket ends the command.
async fn one(context: &Context, arguments: &SiteImport, bucket: &Bucket, tenant: &Slug) -> Result<Row, CommandError> {
    let mut row = Row {
        tenant: tenant.clone(),
        state: "refused",
        release: None,
        files: 0,
        bytes: 0,
        left_out: 0,
        copied: 0,
        why: None,
        is_good: false,
    };
    let tree = match left(&bucket.store, tenant).await {
        Err(flarekeep_sites::SiteError::File(refusal)) => {
            row.why = Some(plain(&refusal.to_string()));
            return Ok(row);
        }
        answer => answer?,
    };
    (row.files, row.bytes, row.left_out) = (tree.files.len(), tree.bytes(), tree.left_out);
    if tree.files.is_empty() {
        (row.state, row.is_good) = ("nothing", true);
        row.why = Some("no file below it belongs to a site".to_owned());
        return Ok(row);
    }
    let (html, not_found) = (arguments.html_handling, arguments.not_found_handling);
    let settings = match rules::settings(context.output, &tree, html, not_found, &[]) {
        Ok(settings) => settings,
        Err(error) => {
            row.why = Some([Some(error.message), error.reason].into_iter().flatten().collect::<Vec<_>>().join(": "));
            return Ok(row);
        }
    };
    if arguments.dry_run {
        (row.state, row.is_good) = ("would import", true);
        return Ok(row);
    }
    let wishes = Wishes {
        release: release()?,
        now: now(),
        message: Some(arguments.message.clone()),
        preview: false,
        settings,
        jobs: usize::from(arguments.bucketed.jobs),
        tool: concat!("flarekeep ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    match act(context, bucket, tenant, &tree, &wishes).await {
        Ok(Imported::Released(done)) => {
            row.state = if done.unchanged { "unchanged" } else { "imported" };
            (row.release, row.copied, row.is_good) = (Some(done.release.to_string()), done.uploaded, true);
            if let Some(flarekeep_sites::EdgeState::Behind { why }) = &done.edge {
                row.why = Some(format!("the edge could not be told ({}): flarekeep site sync {tenant}", plain(why)));
                row.is_good = false;
            }
        }
        Ok(Imported::Kept { release }) => {
            (row.state, row.release, row.is_good) = ("kept", Some(release.to_string()), true);
            row.why = Some("its site was deployed since, or has other settings, and stays".to_owned());
        }
        Err(flarekeep_sites::SiteError::Store(error)) => return Err(error.into()),
        Err(error) => row.why = Some(plain(&error.to_string())),
    }
    Ok(row)
}

async fn act(
    context: &Context,
    bucket: &Bucket,
    tenant: &Slug,
    tree: &Tree,
    wishes: &Wishes,
) -> Result<Imported, flarekeep_sites::SiteError> {
    let bar = progress_bar(context.output, tree.bytes(), "reading");
    let copied = bar.clone();
    let listener: Listener = Arc::new(move |event| match event {
        Event::Uploading { bytes, .. } => {
            copied.set_position(0);
            copied.set_length(bytes);
            copied.set_message("copying");
        }
        Event::Uploaded { bytes } => copied.inc(bytes),
        _ => {}
    });
    let done = import(&bucket.store, &bucket.edge, tenant, tree, wishes, &|bytes| bar.inc(bytes), &listener).await;
    bar.finish_and_clear();
    done
}

fn cells(row: &Row) -> [String; 5] {
    let state = styled(if row.is_good { GOOD } else { CARE }, row.state);
    let release = row.release.clone().unwrap_or_else(|| "-".to_owned());
    [row.tenant.to_string(), state, row.files.to_string(), bytes(row.bytes), release]
}

fn document(row: &Row) -> Value {
    json!({
        "tenant": row.tenant.as_str(),
        "state": row.state,
        "release": row.release,
        "files": row.files,
        "bytes": row.bytes,
        "left_out": row.left_out,
        "copied": row.copied,
        "why": row.why,
    })
}
