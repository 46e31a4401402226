//! `flarekeep tenant show`: what a tenant has.

use flarekeep_sites::domain::{Row, Stand, rows, stand};
use flarekeep_sites::s3::Store;
use flarekeep_sites::{Current, Quota, Slug, State, Stored, Tenant, read, stored};
use serde_json::{Value, json};

use super::{nobody, open};
use crate::arguments::{Bucketed, SiteOf};
use crate::commands::domain::{desk, show};
use crate::commands::site::bytes;
use crate::context::{Context, block_on};
use crate::error::CommandError;
use crate::output::table::table;
use crate::output::{CARE, FAINT, GOOD, Output, counted, plain, styled};
use crate::{CommandResult, Verdict};

/// What a tenant has.
struct Shown {
    row: Option<Tenant>,
    current: Option<Current>,
    stored: Stored,
    /// The domains, and how they stand where that can be seen.
    hosts: Vec<(Row, Option<Stand>)>,
}

pub(super) fn run(context: &Context, arguments: &SiteOf) -> CommandResult {
    let (output, slug) = (context.output, &arguments.tenant);
    let shown = block_on(look(context, slug, &arguments.bucketed))?;
    output.document(&document(slug, &shown));
    tell(output, slug, &shown);
    Ok(Verdict::Yes)
}

async fn look(context: &Context, slug: &Slug, options: &Bucketed) -> Result<Shown, CommandError> {
    let (bucket, row) = open(context, options, slug).await?;
    let (current, stored) = (current(&bucket.store, slug).await?, stored(&bucket.store, slug).await?);
    let rows = rows(&bucket.store, Some(slug)).await?;
    if row.is_none() && stored.objects == 0 && rows.is_empty() {
        return Err(nobody(slug));
    }
    let hosts = match rows.is_empty() {
        true => Vec::new(),
        false => stands(context, options, rows).await,
    };
    Ok(Shown { row, current, stored, hosts })
}

async fn current(store: &Store, slug: &Slug) -> Result<Option<Current>, CommandError> {
    match read(store, slug).await {
        Err(flarekeep_sites::SiteError::NoSite { .. }) => Ok(None),
        answer => Ok(Some(answer?)),
    }
}

/// How the domains stand. What may not be asked is not known: the rest is worth showing.
async fn stands(context: &Context, options: &Bucketed, rows: Vec<Row>) -> Vec<(Row, Option<Stand>)> {
    let desk = match desk(context, options).await {
        Ok(desk) => Some(desk),
        Err(error) => {
            context.output.warn(format!("how the domains stand is not known: {}", error.masked().message));
            None
        }
    };
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let known = match (&desk, row.host.parse()) {
            (Some(desk), Ok(host)) => stand(&desk.client, desk.zone, &host, &show::target(desk)).await.ok(),
            _ => None,
        };
        all.push((row, known));
    }
    all
}

fn document(slug: &Slug, shown: &Shown) -> Value {
    let Shown { row, current, stored, hosts } = shown;
    let live = current.as_ref().and_then(|current| current.history.first());
    let host = |(row, stand): &(Row, Option<Stand>)| {
        json!({
            "host": row.host,
            "live": stand.as_ref().map(|stand| stand.live),
            "status": stand.as_ref().map(|stand| &stand.status),
            "ssl_status": stand.as_ref().map(|stand| &stand.ssl),
        })
    };
    json!({
        "tenant": slug.as_str(),
        "created": row.as_ref().map(|row| &row.created),
        "state": state(shown),
        "release": current.as_ref().map(|current| &current.release),
        "files": live.map(|live| live.files),
        "bytes": live.map(|live| live.bytes),
        "went_live": live.map(|live| &live.at),
        "url": current.as_ref().and_then(|current| url(slug, current)),
        "hosts": hosts.iter().map(host).collect::<Vec<_>>(),
        "releases": stored.releases,
        "objects": stored.objects,
        "stored_bytes": stored.bytes,
        "quota": quota(row.as_ref()),
    })
}

/// The limits as documents have them.
pub(super) fn quota(row: Option<&Tenant>) -> Value {
    let Quota { bytes, files, hosts } = row.map(|row| row.quota).unwrap_or_default();
    json!({ "bytes": bytes, "files": files, "hosts": hosts })
}

fn tell(output: Output, slug: &Slug, shown: &Shown) {
    let Shown { row, current, stored, hosts } = shown;
    match current {
        Some(current) => {
            let word = match state(shown) {
                State::Live => styled(GOOD, "live:"),
                State::Suspended => styled(CARE, "suspended:"),
            };
            output.line(format!("{word} release {} of {slug}", current.release));
        }
        None => output.line(format!("{slug} has no live release")),
    }
    let cell = |name: &str, text: String| [name.to_owned(), text];
    let mut rows = Vec::new();
    if let Some(live) = current.as_ref().and_then(|current| current.history.first()) {
        rows.push(cell("since", plain(&live.at)));
        rows.push(cell("content", format!("{} ({})", counted(live.files, "file"), bytes(live.bytes))));
    }
    let url = current.as_ref().and_then(|current| url(slug, current));
    rows.extend(url.map(|url| cell("address", plain(&url))));
    for (row, stand) in hosts {
        let state = match stand {
            Some(stand) if stand.live => "live".to_owned(),
            Some(stand) => format!("{}, certificate {}", stand.status, stand.ssl),
            None => "state not known".to_owned(),
        };
        rows.push(cell("domain", format!("{}: {}", plain(&row.host), plain(&state))));
    }
    let releases = counted(stored.releases, "release");
    rows.push(cell("stored", format!("{releases}, {} ({})", counted(stored.objects, "object"), bytes(stored.bytes))));
    let limits = row.as_ref().map(|row| limits(row.quota)).filter(|limits| !limits.is_empty());
    rows.extend(limits.map(|limits| cell("at most", limits)));
    output.line(table(2, None, rows));
    output.note(styled(FAINT, format!("flarekeep site list {slug} shows the releases")));
}

/// The limits in words.
fn limits(quota: Quota) -> String {
    let number = |number: Option<u64>, what: &str| number.map(|number| format!("{number} {what}"));
    let all = [
        number(quota.files, "files"),
        quota.bytes.map(|limit| format!("{} a release", bytes(limit))),
        number(quota.hosts, "domains"),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// The registry decides; where it has no row the pointer does.
fn state(shown: &Shown) -> State {
    let current = shown.current.as_ref().map(|current| current.state);
    shown.row.as_ref().map(|row| row.state).or(current).unwrap_or_default()
}

fn url(slug: &Slug, current: &Current) -> Option<String> {
    current.domain.as_ref().map(|domain| format!("https://{slug}.{domain}/"))
}
