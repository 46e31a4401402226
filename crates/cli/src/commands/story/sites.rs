//! What comes of it: a platform made with the story's token alone, and a tenant's site that goes live, changes and goes back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use flarekeep_emulator::{EdgeOptions, Emulator, Running, find_workerd};
use flarekeep_sites::files::{hash, walk};
use flarekeep_sites::infrastructure::{Builder, difference, survey};
use flarekeep_sites::manifest::Settings;
use flarekeep_sites::rules::{headers, redirects};
use flarekeep_sites::s3::{HttpWire, Keys, Store};
use flarekeep_sites::{Deployed, KvEdge, Release, Slug, Switched, Wishes, deploy, export, switch};
use flarekeep_tokens::{KeyPair, identify};
use serde_json::{Value, json};

use super::visit::{Page, page};
use super::{Held, Story};
use crate::arguments::Parts;
use crate::commands::{platform, site};
use crate::error::{CommandError, Kind};
use crate::output::{GOOD, counted, plain, styled};

const TENANT: &str = "acme";
/// examples/site, which need not be where `flarekeep try` is typed.
const FILES: [(&str, &str); 8] = [
    ("index.html", include_str!("../../../../../examples/site/index.html")),
    ("404.html", include_str!("../../../../../examples/site/404.html")),
    ("about/index.html", include_str!("../../../../../examples/site/about/index.html")),
    ("assets/style.6f28d915.css", include_str!("../../../../../examples/site/assets/style.6f28d915.css")),
    ("kettle.svg", include_str!("../../../../../examples/site/kettle.svg")),
    (".well-known/security.txt", include_str!("../../../../../examples/site/.well-known/security.txt")),
    ("_headers", include_str!("../../../../../examples/site/_headers")),
    ("_redirects", include_str!("../../../../../examples/site/_redirects")),
];
/// What the second release says otherwise; both are as long.
const CHANGE: (&str, &str) = ("nothing else.", "nothing more.");
const DEPLOY: &str = "flarekeep site deploy examples/site acme";

/// Where the site lies, and who answers visitors.
struct Place {
    tenant: Slug,
    store: Store,
    edge: KvEdge,
    /// The site as its owner has it.
    folder: PathBuf,
    domain: String,
    visited: Option<String>,
}

/// Lets the emulator answer visitors as well, where there is a workerd.
pub(super) async fn serve(server: &mut Running, emulator: &Emulator) -> std::io::Result<()> {
    server.serve_s3(emulator, ([127, 0, 0, 1], 0).into()).await?;
    let here = std::env::current_dir().unwrap_or_default();
    match find_workerd(std::env::var_os("PATH").as_deref(), &here) {
        Some(workerd) => server.serve_edge(emulator, ([127, 0, 0, 1], 0).into(), EdgeOptions::new(workerd)).await,
        None => Ok(()),
    }
}

impl Story {
    /// The rest of the story, in the token's last hours.
    pub(super) async fn sites(&mut self, held: &Held) -> Result<(), CommandError> {
        let domain = self.platform(held).await?;
        let place = self.place(held, domain).await?;
        let first = self.deploy(&place, "a tenant's site goes live, all of it at one moment", "deployed").await?;
        self.open(&place, &first).await?;
        self.change(&place)?;
        let second = self.deploy(&place, "one word of one page is another: one file moves", "deployed_again").await?;
        self.holds &= (second.uploaded, second.files) == (1, first.files);
        // Every release has a host of its own, where nobody waits until each isolate has forgotten the one before.
        let own = format!("{}--{TENANT}.{}", second.release, place.domain);
        self.look(&place, &own, &second.release, CHANGE.1).await?;
        self.back(&place, &first).await
    }

    async fn platform(&mut self, held: &Held) -> Result<String, CommandError> {
        self.heading("the platform that the token was for, made with it alone", "flarekeep platform deploy --yes");
        let namespace = "flarekeep-sites".to_owned();
        let parts = Parts { domain: None, jurisdiction: None, location: None, namespace, excluded: Vec::new() };
        let wanted = platform::wanted(&self.context, &held.client, &parts).await?;
        let found = survey(&held.client, &wanted).await?;
        let steps = difference(&wanted, &found).map_err(|conflicts| {
            let texts: Vec<String> = conflicts.iter().map(|conflict| plain(&conflict.to_string())).collect();
            CommandError::usage(texts.join("; "))
        })?;
        let mut builder = Builder::new(&held.client, &wanted, &found);
        for step in &steps {
            self.line(format!("  {} {}", styled(GOOD, "+"), platform::words::step(step, &wanted)));
            builder.take(step).await?;
        }
        builder.sign().await?;
        self.line(format!("{} the platform {} stands", styled(GOOD, "done"), plain(&wanted.domain)));
        self.record("platform", json!({ "domain": wanted.domain, "steps": steps.len() }));
        Ok(wanted.domain)
    }

    async fn place(&self, held: &Held, domain: String) -> Result<Place, CommandError> {
        let identity = identify(&held.client, None).await?;
        let pair = KeyPair::derived(identity.id, held.client.credential().value());
        let keys = Keys { id: pair.access_key_id.to_string(), secret: pair.secret_access_key, session: None };
        let endpoint = self.server.s3_endpoint().unwrap_or_default();
        let wire = HttpWire::new(&endpoint, 8, Duration::from_secs(30)).map_err(|lost| failed("R2", &lost.detail))?;
        let folder = self.folder.path().join("site");
        for (name, content) in FILES {
            write(&folder.join(name), content)?;
        }
        Ok(Place {
            tenant: TENANT.parse().map_err(|bad| CommandError::usage(format!("`{TENANT}`: {bad}")))?,
            store: Store::new(&endpoint, "flarekeep-sites", keys, wire),
            edge: KvEdge::new(held.client.clone()),
            folder,
            domain,
            visited: self.server.edge_url(),
        })
    }

    async fn deploy(&mut self, place: &Place, title: &str, field: &str) -> Result<Deployed, CommandError> {
        self.heading(title, DEPLOY);
        let tree = walk(&place.folder)?;
        let contents = hash(&tree, &|_| {})?;
        let (redirects, _) = redirects(tree.redirects.as_deref().unwrap_or_default());
        let (headers, _) = headers(tree.headers.as_deref().unwrap_or_default());
        let wishes = Wishes {
            release: site::deploy::release()?,
            now: site::now(),
            message: None,
            preview: false,
            settings: Settings { redirects, headers, ..Settings::default() },
            jobs: 8,
            tool: concat!("flarekeep ", env!("CARGO_PKG_VERSION")).to_owned(),
        };
        let heard = std::sync::Arc::new(|_| {});
        let done = deploy(&place.store, &place.edge, &place.tenant, &tree, &contents, &wishes, &(heard as _)).await?;
        let (new, size) = (counted(done.uploaded, "blob"), site::bytes(done.bytes_uploaded));
        self.line(format!("{} release {} of {TENANT}", styled(GOOD, "live:"), done.release));
        self.line(format!("  {}, uploaded {new} ({size})", counted(done.files, "file")));
        self.line(format!("  https://{TENANT}.{}/", plain(&place.domain)));
        self.holds &= done.live;
        self.record(
            field,
            json!({
                "release": done.release,
                "files": done.files,
                "uploaded": done.uploaded,
                "bytes_uploaded": done.bytes_uploaded,
            }),
        );
        Ok(done)
    }

    /// A visitor's view of the live site.
    async fn open(&mut self, place: &Place, live: &Deployed) -> Result<(), CommandError> {
        let host = format!("{TENANT}.{}", place.domain);
        match &place.visited {
            Some(url) => self.heading("a visitor opens it", &format!("curl -H 'Host: {host}' {url}/")),
            None => self.heading("the page, as the bucket has it", "flarekeep site export acme site-copy"),
        }
        let seen = self.look(place, &host, &live.release, CHANGE.0).await?;
        if place.visited.is_none() {
            self.line(
                "nobody answers visitors here: workerd, on which Workers run, is not found (npm install workerd)",
            );
        }
        self.record("opened", document(place, &seen));
        Ok(())
    }

    /// Looks at the page, shows it, and holds it against the release that it should be of.
    async fn look(&mut self, place: &Place, host: &str, of: &Release, says: &str) -> Result<Page, CommandError> {
        let seen = seen(place, host).await?;
        let said = format!("release {}: \"{}\"", plain(&seen.release), plain(&seen.title));
        self.line(match place.visited {
            Some(_) => format!("{} at {host}, from {said}", plain(&seen.status)),
            None => said,
        });
        self.holds &= seen.release == of.as_str() && seen.title.ends_with(says);
        Ok(seen)
    }

    fn change(&self, place: &Place) -> Result<(), CommandError> {
        let page = FILES[0].1.replace(CHANGE.0, CHANGE.1);
        write(&place.folder.join(FILES[0].0), &page)
    }

    async fn back(&mut self, place: &Place, first: &Deployed) -> Result<(), CommandError> {
        self.heading("back again; nothing is uploaded", "flarekeep site rollback acme");
        let Switched { to, from, .. } = switch(&place.store, &place.edge, &place.tenant, None, &site::now()).await?;
        self.line(format!("{} release {to} of {TENANT}", styled(GOOD, "live:")));
        self.holds &= to == first.release;
        let seen = self.look(place, &format!("{TENANT}.{}", place.domain), &to, CHANGE.0).await?;
        let before = from.as_ref().map(Release::as_str);
        self.record("rolled_back", json!({ "release": to, "before": before, "opened": document(place, &seen) }));
        Ok(())
    }
}

/// What a visitor sees, else what is live in the bucket.
async fn seen(place: &Place, host: &str) -> Result<Page, CommandError> {
    if let Some(url) = &place.visited {
        let (url, host) = (url.clone(), host.to_owned());
        let asked = tokio::task::spawn_blocking(move || page(&url, &host)).await;
        return asked.map_err(|error| failed("the edge", &error))?.map_err(|error| failed("the edge", &error));
    }
    let copy = tempfile::tempdir().map_err(|error| failed("a temporary folder", &error))?;
    let folder = copy.path().join("copy");
    let exported = export(&place.store, &place.tenant, None, &folder, 8, &(Arc::new(|_| {}) as _)).await?;
    let text = std::fs::read_to_string(folder.join("index.html")).map_err(|error| failed("the copy", &error))?;
    Ok(Page::of("", exported.release.as_str(), &text))
}

fn document(place: &Place, seen: &Page) -> Value {
    let by = if place.visited.is_some() { "workerd" } else { "bucket" };
    json!({ "by": by, "release": seen.release, "title": seen.title })
}

fn write(path: &std::path::Path, content: &str) -> Result<(), CommandError> {
    let folder = path.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(path, content)).map_err(|error| failed("the sample site", &error))
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> CommandError {
    CommandError::new(Kind::Unreachable, format!("{what} failed: {}", plain(&error.to_string())))
}

#[cfg(test)]
mod tests {
    use flarekeep_sites::Digest;

    use super::*;

    #[test]
    fn the_sample_is_whole() {
        let (style, content) = FILES[3];
        let named = style.split('.').nth(1).unwrap();
        let digest = Digest::of(content.as_bytes()).to_string();
        assert!(digest.starts_with(named), "the style's name is of another content: {digest}");
        assert!(FILES.iter().filter(|(name, _)| name.ends_with(".html")).all(|(_, page)| page.contains(style)));
        assert_eq!(FILES[0].1.matches(CHANGE.0).count(), 1);
        assert_eq!(CHANGE.0.len(), CHANGE.1.len());
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/site");
        let tree = walk(std::path::Path::new(folder)).unwrap();
        let paths: Vec<&str> = tree.files.iter().map(|file| file.path.trim_start_matches('/')).collect();
        assert!(paths.iter().all(|path| FILES.iter().any(|(name, _)| name == path)), "{paths:?}");
        assert_eq!(paths.len(), FILES.len() - 2, "rules are no files of the site");
        assert!(redirects(tree.redirects.as_deref().unwrap()).1.is_empty());
        assert!(headers(tree.headers.as_deref().unwrap()).1.is_empty());
    }
}
