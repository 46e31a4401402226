//! `flarekeep site deploy`: what is new goes up, and then the site turns at one moment.

use std::sync::Arc;

use flarekeep_sites::files::{Hashed, Tree, hash, walk};
use flarekeep_sites::{Deployed, Looked, Release, Wishes, look, missing};
use serde_json::json;

use super::custom::Custom;
use super::progress::{progress_bar, shown_by};
use super::{bytes, edge, now, rules, settled};
use crate::arguments::SiteDeploy;
use crate::bucket::{self, Bucket};
use crate::context::{Context, block_on_this_thread};
use crate::error::{CommandError, Kind};
use crate::output::{FAINT, GOOD, Output, counted, plain, styled};
use crate::{CommandResult, Verdict};

pub(crate) fn run(context: &Context, arguments: &SiteDeploy) -> CommandResult {
    let tree = walk(&arguments.folder)?;
    let (html, not_found) = (arguments.html_handling, arguments.not_found_handling);
    let settings = rules::settings(context.output, &tree, html, not_found, &arguments.compress)?;
    let wishes = Wishes {
        release: release()?,
        now: now(),
        message: arguments.message.clone(),
        preview: arguments.preview,
        settings,
        jobs: usize::from(arguments.bucketed.jobs),
        tool: concat!("flarekeep ", env!("CARGO_PKG_VERSION")).to_owned(),
    };
    let tree = Arc::new(tree);
    let contents = reading(context.output, &tree);
    block_on_this_thread(async {
        let options = &arguments.bucketed;
        let place = match &arguments.domain {
            Some(host) => Place::Custom(Box::new(Custom::open(context, options, host, &arguments.tenant).await?)),
            None => Place::Bucket(Box::new(bucket::open(context, options).await?)),
        };
        if arguments.dry_run {
            return preview(context, arguments, &place, &tree, &contents.await?, wishes).await;
        }
        // The bucket is looked at while the files are read.
        let store = &place.bucket().store;
        let looked = async { Ok(look(store, &arguments.tenant).await?) };
        let (looked, contents) = tokio::try_join!(looked, contents)?;
        let looked = looked.settled(settled::noted(store, &arguments.tenant));
        act(context, arguments, &place, looked, &tree, &contents, &wishes).await
    })
}

/// Reads the files on a thread that nobody waits for when something else fails.
fn reading(output: Output, tree: &Arc<Tree>) -> impl Future<Output = Result<Vec<Hashed>, CommandError>> + use<> {
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let (tree, bar) = (tree.clone(), progress_bar(output, tree.bytes(), "reading"));
    std::thread::spawn(move || {
        let contents = hash(&tree, &|read| bar.inc(read));
        bar.finish_and_clear();
        drop(sender.send(contents));
    });
    async {
        let stopped = |_| CommandError::new(Kind::Usage, "the files could not be read to their end");
        Ok(receiver.await.map_err(stopped)??)
    }
}

/// Where the site goes.
enum Place {
    Bucket(Box<Bucket>),
    /// With a domain to it.
    Custom(Box<Custom>),
}

impl Place {
    fn bucket(&self) -> &Bucket {
        match self {
            Self::Bucket(bucket) => bucket,
            Self::Custom(custom) => &custom.desk.bucket,
        }
    }
}

async fn act(
    context: &Context,
    arguments: &SiteDeploy,
    place: &Place,
    looked: Looked,
    tree: &Tree,
    contents: &[Hashed],
    wishes: &Wishes,
) -> CommandResult {
    let (output, tenant, bucket) = (context.output, &arguments.tenant, place.bucket());
    let bar = progress_bar(output, 0, "uploading");
    let done = looked.deploy(&bucket.edge, tree, contents, wishes, &shown_by(output, &bar)).await;
    bar.finish_and_clear();
    let done = done?;
    settled::note(&bucket.store, tenant, &done, &wishes.now);
    let mut urls = urls(&done, tenant.as_str());
    let domain = match place {
        Place::Custom(custom) => Some((custom, custom.add(tenant, &wishes.now).await)),
        Place::Bucket(_) => None,
    };
    let added = domain.iter().filter(|(_, stand)| stand.is_ok());
    urls.extend(added.filter_map(|(custom, _)| custom.url()));
    let mut document = json!({
        "release": done.release,
        "files": done.files,
        "uploaded": done.uploaded,
        "bytes_uploaded": done.bytes_uploaded,
        "requests": bucket.requests(),
        "live": done.live,
        "urls": urls,
    });
    if let Some((custom, stand)) = &domain {
        document["domain"] = custom.document(tenant, stand);
    }
    output.document(&document);
    let word = match (done.unchanged, done.live) {
        (true, _) => "nothing has changed:",
        (_, true) => "live:",
        _ => "preview:",
    };
    let release = &done.release;
    output.line(format!("{} release {release} of {tenant}", styled(GOOD, word)));
    if !done.unchanged {
        let (new, size) = (counted(done.uploaded, "blob"), bytes(done.bytes_uploaded));
        output.line(format!("  {}, uploaded {new} ({size})", counted(done.files, "file")));
    }
    urls.iter().for_each(|url| output.line(format!("  {}", plain(url))));
    if !done.live {
        output.note(styled(FAINT, format!("flarekeep site promote {tenant} {release} makes it live")));
    }
    if done.suspended {
        output.warn(format!("{tenant} is suspended, and visitors are told so: flarekeep tenant resume {tenant}"));
    }
    let told = done.edge.as_ref().map_or(Verdict::Yes, |state| edge::tell(output, tenant, state));
    let is_added = domain.is_none_or(|(custom, stand)| custom.tell(output, tenant, &stand));
    Ok(if is_added { told } else { Verdict::Partly })
}

/// Says what would be done.
async fn preview(
    context: &Context,
    arguments: &SiteDeploy,
    place: &Place,
    tree: &Tree,
    contents: &[Hashed],
    wishes: Wishes,
) -> CommandResult {
    let bucket = place.bucket();
    let found = missing(&bucket.store, &arguments.tenant, tree, contents, wishes.settings).await?;
    let (blobs, size) = found.unwrap_or_default();
    context.output.document(&json!({
        "dry_run": true,
        "files": tree.files.len(),
        "uploaded": blobs,
        "bytes_uploaded": size,
        "requests": bucket.requests(),
        "live": false,
        "urls": [],
    }));
    context.output.line(match found {
        None => "nothing has changed".to_owned(),
        Some(_) => format!(
            "would upload at most {} ({}) of {}",
            counted(blobs, "blob"),
            bytes(size),
            counted(tree.files.len(), "file")
        ),
    });
    if let (Place::Custom(_), Some(host)) = (place, &arguments.domain) {
        context.output.line(format!("would add the domain {host}, or find it added"));
    }
    Ok(Verdict::Yes)
}

fn urls(done: &Deployed, tenant: &str) -> Vec<String> {
    let Some(domain) = &done.domain else { return Vec::new() };
    match done.live {
        true => vec![format!("https://{tenant}.{domain}/")],
        false => vec![format!("https://{}--{tenant}.{domain}/", done.release)],
    }
}

pub(in crate::commands) fn release() -> Result<Release, CommandError> {
    let millis = u64::try_from(jiff::Timestamp::now().as_millisecond()).unwrap_or(0);
    let chance = getrandom::u32().map_err(|error| {
        CommandError::new(Kind::Usage, "the system gives no random numbers").because(error.to_string())
    })?;
    Ok(Release::new(millis, chance))
}
