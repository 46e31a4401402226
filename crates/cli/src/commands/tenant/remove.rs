//! `flarekeep tenant remove`: a tenant goes, with all that it has. What is taken away first is what visitors see, and the
//! entry in the registry last: stopped anywhere, the same command goes on.

use flarekeep_sites::domain::{Host, rows};
use flarekeep_sites::{Slug, remove, stored};
use serde_json::json;

use super::{nobody, open};
use crate::arguments::TenantRemove;
use crate::bucket::Bucket;
use crate::commands::domain::desk;
use crate::commands::site::bytes;
use crate::commands::site::progress::{object_bar, shown_by};
use crate::consent::{Go, confirm};
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::{BAD, GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict};

pub(super) fn run(context: &Context, arguments: &TenantRemove) -> CommandResult {
    let (output, slug) = (context.output, &arguments.tenant);
    let (hosts, stored, is_known) = block_on(async {
        let (bucket, row) = open(context, &arguments.bucketed, slug).await?;
        let rows = rows(&bucket.store, Some(slug)).await?;
        let hosts: Vec<String> = rows.into_iter().map(|row| row.host).collect();
        Ok((hosts, stored(&bucket.store, slug).await?, row.is_some()))
    })?;
    if hosts.is_empty() && stored.objects == 0 && !is_known {
        return Err(nobody(slug));
    }
    let sign = styled(BAD, "-");
    hosts.iter().for_each(|host| output.note(format!("{sign} the domain {}", plain(host))));
    let (releases, objects) = (counted(stored.releases, "release"), counted(stored.objects, "object"));
    output.note(format!("{sign} the site of {slug}: {releases}, {objects} ({})", bytes(stored.bytes)));
    let mut document = json!({ "tenant": slug.as_str(), "hosts": hosts, "releases": stored.releases });
    if confirm(arguments.consent, &format!("Remove the tenant {slug} for good?"))? == Go::NoFurther {
        document["dry_run"] = true.into();
        output.document(&document);
        return Ok(Verdict::Yes);
    }
    let gone = block_on(take(context, arguments, slug, &hosts))?;
    document["objects"] = gone.into();
    output.document(&document);
    let with = if hosts.is_empty() { String::new() } else { format!(" and {}", counted(hosts.len(), "domain")) };
    output.line(format!("{} the tenant {slug}: {}{with}", styled(GOOD, "removed"), counted(gone, "object")));
    Ok(Verdict::Yes)
}

async fn take(
    context: &Context,
    arguments: &TenantRemove,
    slug: &Slug,
    hosts: &[String],
) -> Result<usize, CommandError> {
    let again = |error: CommandError| error.hint(format!("flarekeep tenant remove {slug} goes on where this ended"));
    if hosts.is_empty() {
        let (bucket, _) = open(context, &arguments.bucketed, slug).await?;
        return site(context, &bucket, slug).await.map_err(again);
    }
    let desk = desk(context, &arguments.bucketed).await?;
    let (store, edge) = (&desk.bucket.store, &desk.bucket.edge);
    for host in hosts.iter().filter_map(|host| host.parse::<Host>().ok()) {
        context.output.detail(format!("removing {host}"));
        let gone = flarekeep_sites::domain::remove(store, &desk.client, edge, &desk.platform, desk.zone, &host).await;
        gone.map_err(|error| again(error.into()))?;
    }
    site(context, &desk.bucket, slug).await.map_err(again)
}

async fn site(context: &Context, bucket: &Bucket, slug: &Slug) -> Result<usize, CommandError> {
    let bar = object_bar(context.output, "removing");
    let gone = remove(&bucket.store, &bucket.edge, slug, &shown_by(context.output, &bar)).await;
    bar.finish_and_clear();
    Ok(gone?)
}
