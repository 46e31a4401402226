//! `flarekeep site status`: what is live.

use flarekeep_sites::{Live, read};
use serde_json::json;

use super::bytes;
use crate::arguments::SiteOf;
use crate::context::{Context, block_on};
use crate::output::{CARE, FAINT, GOOD, counted, plain, styled};
use crate::{CommandResult, Verdict, bucket};

pub(super) fn run(context: &Context, arguments: &SiteOf) -> CommandResult {
    let (output, tenant) = (context.output, &arguments.tenant);
    let current = block_on(async {
        let bucket = bucket::open(context, &arguments.bucketed).await?;
        Ok(read(&bucket.store, tenant).await?)
    })?;
    let url = current.domain.as_ref().map(|domain| format!("https://{tenant}.{domain}/"));
    output.document(&json!({
        "tenant": tenant.as_str(),
        "release": current.release,
        "content": current.content,
        "state": current.state,
        "url": url,
        "history": current.history,
    }));
    let word = if current.state.is_live() { styled(GOOD, "live:") } else { styled(CARE, "suspended:") };
    output.line(format!("{word} release {} of {tenant}", current.release));
    if let Some(live) = current.history.first() {
        output.line(format!("  since {}: {}", plain(&live.at), told(live)));
    }
    url.iter().for_each(|url| output.line(format!("  {}", plain(url))));
    if let Some(before) = current.earlier().next() {
        output.line(format!("  before: release {}, {}", before.release, told(before)));
        output.note(styled(FAINT, format!("flarekeep site rollback {tenant} goes back to it")));
    }
    Ok(Verdict::Yes)
}

fn told(live: &Live) -> String {
    let message = live.message.as_ref().map(|message| format!(", \"{}\"", plain(message))).unwrap_or_default();
    format!("{} ({}){message}", counted(live.files, "file"), bytes(live.bytes))
}
