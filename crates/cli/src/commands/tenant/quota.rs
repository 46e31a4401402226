//! `flarekeep tenant quota`: what a tenant may have.

use flarekeep_sites::domain::rows;
use flarekeep_sites::{SiteError, change, read};
use serde_json::json;

use super::{nobody, open, show};
use crate::arguments::TenantQuota;
use crate::commands::site::{bytes, now};
use crate::context::{Context, block_on};
use crate::output::table::table;
use crate::output::{CARE, FAINT, GOOD, styled};
use crate::{CommandResult, Verdict};

pub(super) fn run(context: &Context, arguments: &TenantQuota) -> CommandResult {
    let (output, slug) = (context.output, &arguments.tenant);
    let options = [arguments.bytes, arguments.files, arguments.hosts];
    let asked = options.iter().any(Option::is_some);
    let (is_new, row, has) = block_on(async {
        let (bucket, before) = open(context, &arguments.bucketed, slug).await?;
        let is_new = before.is_none();
        let row = match before {
            Some(row) if !asked => row,
            None if !asked => return Err(nobody(slug)),
            _ => {
                change(&bucket.store, slug, &now(), |row| {
                    let [bytes, files, hosts] = options.map(|most| most.map(|most| most.0));
                    row.quota.bytes = bytes.unwrap_or(row.quota.bytes);
                    row.quota.files = files.unwrap_or(row.quota.files);
                    row.quota.hosts = hosts.unwrap_or(row.quota.hosts);
                })
                .await?
            }
        };
        let live = match read(&bucket.store, slug).await {
            Err(SiteError::NoSite { .. }) => None,
            answer => answer?.history.into_iter().next(),
        };
        let files = live.as_ref().map_or(0, |live| u64::try_from(live.files).unwrap_or(u64::MAX));
        let hosts = u64::try_from(rows(&bucket.store, Some(slug)).await?.len()).unwrap_or(u64::MAX);
        Ok((is_new, row, [live.map_or(0, |live| live.bytes), files, hosts]))
    })?;
    let [used, files, hosts] = has;
    output.document(&json!({
        "tenant": slug.as_str(),
        "quota": show::quota(Some(&row)),
        "used": { "bytes": used, "files": files, "hosts": hosts },
    }));
    if asked {
        let word = if is_new { "entered" } else { "set" };
        output.line(format!("{} what {slug} may have", styled(GOOD, word)));
    }
    let quota = row.quota;
    let size = |number: u64| bytes(number);
    let count = |number: u64| number.to_string();
    let line = |name: &str, used: u64, most: Option<u64>, shown: &dyn Fn(u64) -> String| {
        [name.to_owned(), shown(used), most.map_or_else(|| "no limit".to_owned(), shown)]
    };
    let lines = [
        line("bytes of a release", used, quota.bytes, &size),
        line("files of a release", files, quota.files, &count),
        line("domains", hosts, quota.hosts, &count),
    ];
    output.line(table(0, Some(["WHAT", "HAS", "AT MOST"]), lines));
    let over = [(used, quota.bytes), (files, quota.files), (hosts, quota.hosts)];
    if over.iter().any(|(has, most)| most.is_some_and(|most| *has > most)) {
        output.note(styled(
            CARE,
            "it has more than that: what is there stays, and the next deploy of as much is refused",
        ));
    }
    if !asked {
        output.note(styled(FAINT, format!("flarekeep tenant quota {slug} --bytes 100MB --files 5000 --hosts 3")));
    }
    Ok(Verdict::Yes)
}
