//! A release's manifest: which content each path has, and the settings that it is served with. It never changes.

mod binary;
mod document;

use std::collections::BTreeMap;
use std::io;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Serialize, Serializer};

pub use self::binary::{BadBinary, Known, Variants};
pub use self::document::{Document, Head, Row};
use crate::digest::Digest;
use crate::files::{Hashed, Tree};
use crate::kinds;
use crate::rules::{Headers, Redirects};

/// How addresses and pages' files go together, as Cloudflare's `html_handling` has it
/// (docs: workers/static-assets/routing/advanced/html-handling).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Html {
    /// `/foo` for `foo.html`, `/foo/` for `foo/index.html`.
    #[default]
    AutoTrailingSlash,
    /// `/foo/` for both.
    ForceTrailingSlash,
    /// `/foo` for both.
    DropTrailingSlash,
    /// Files under their own names alone.
    None,
}

/// What is served where nothing is found, as Cloudflare's `not_found_handling` has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NotFound {
    /// The nearest `404.html`, with 404.
    #[serde(rename = "404-page")]
    #[default]
    Page,
    /// `/index.html`, with 200.
    SinglePageApplication,
    /// 404 without a page.
    None,
}

/// What a site is served with, beside its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// How pages are addressed.
    pub html: Html,
    /// What is served where nothing is found.
    pub not_found: NotFound,
    /// The compiled `_redirects`.
    pub redirects: Redirects,
    /// The compiled `_headers`.
    pub headers: Headers,
    /// Which compressed variants are kept beside what they make smaller.
    pub compress: Compress,
}

/// Which compressed variants a site has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compress {
    /// Brotli's.
    pub brotli: bool,
    /// gzip's.
    pub gzip: bool,
}

impl Compress {
    /// Whether there are any.
    #[must_use]
    pub fn any(self) -> bool {
        self.brotli || self.gzip
    }

    /// As requests and manifests name them.
    fn names(self) -> Vec<&'static str> {
        let all = [(self.brotli, "br"), (self.gzip, "gzip")].into_iter();
        all.filter(|(is_kept, _)| *is_kept).map(|(_, name)| name).collect()
    }
}

/// A file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path, which begins with `/`.
    pub path: String,
    /// The SHA-256 of the content: the blob's name.
    pub digest: Digest,
    /// The size of the content in bytes.
    pub size: u64,
    /// The index of its media type in [`Manifest::types`].
    pub kind: u16,
    /// Whether a Brotli variant exists.
    pub brotli: bool,
    /// Whether a gzip variant exists.
    pub gzip: bool,
    /// Whether the name changes with the content.
    pub fingerprinted: bool,
}

/// What a release consists of, apart from its name, time and message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// What it is served with.
    pub settings: Settings,
    /// The media types of its files, sorted.
    pub types: Vec<String>,
    /// The files, sorted by path, bytewise.
    pub entries: Vec<Entry>,
}

impl Manifest {
    /// The manifest of a tree whose files have these contents, in the same order.
    #[must_use]
    pub fn new(tree: &Tree, contents: &[Hashed], settings: Settings) -> Self {
        // Extensions are few: each one's type is looked up once.
        let mut known: BTreeMap<&str, String> = BTreeMap::new();
        let extension = |path: &str| -> usize {
            let name = path.rfind('/').map_or(0, |at| at + 1);
            if path.starts_with("/.well-known/") {
                0
            } else {
                path[name..].rfind('.').map_or(path.len(), |at| name + at)
            }
        };
        for file in &tree.files {
            known.entry(&file.path[extension(&file.path)..]).or_insert_with(|| kinds::content_type(&file.path));
        }
        let mut types: Vec<String> = known.values().cloned().collect();
        types.sort_unstable();
        types.dedup();
        let index = |path: &str| {
            let kind = &known[&path[extension(path)..]];
            types.binary_search(kind).map_or(0, |at| u16::try_from(at).unwrap_or(u16::MAX))
        };
        let entries = tree.files.iter().zip(contents).map(|(file, content)| Entry {
            path: file.path.clone(),
            digest: content.digest,
            size: content.size,
            kind: index(&file.path),
            brotli: false,
            gzip: false,
            fingerprinted: kinds::is_fingerprinted(&file.path),
        });
        let entries = entries.collect();
        Self { settings, types, entries }
    }

    /// The content's id: the SHA-256 of what is served and how, in canonical JSON. Two releases of the same id are the same
    /// site. Variants are left out: they follow from the contents and the settings.
    #[must_use]
    pub fn content_id(&self) -> Digest {
        let mut sink = Sink(ring::digest::Context::new(&ring::digest::SHA256));
        // A sink that takes everything fails at nothing.
        let _ = serde_json::to_writer(&mut sink, &Content { manifest: self, variants: false });
        Digest::from_ring(&sink.0.finish())
    }

    /// The bytes of all files.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).sum()
    }
}

/// What a digest is made of, as it is written.
struct Sink(ring::digest::Context);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The members `config` and `files`, whose keys are sorted.
struct Content<'a> {
    manifest: &'a Manifest,
    variants: bool,
}

impl Serialize for Content<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("config", &Config { manifest: self.manifest, release: None })?;
        map.serialize_entry("files", &Files { manifest: self.manifest, variants: self.variants })?;
        map.end()
    }
}

/// The settings as the edge and the documents have them; the edge's copy names types and release, too.
struct Config<'a> {
    manifest: &'a Manifest,
    release: Option<&'a str>,
}

impl Serialize for Config<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let settings = &self.manifest.settings;
        let mut map = serializer.serialize_map(None)?;
        if self.release.is_none() {
            map.serialize_entry("compress", &settings.compress.names())?;
        }
        map.serialize_entry("headers", &HeaderRows(&settings.headers))?;
        map.serialize_entry("html", &settings.html)?;
        map.serialize_entry("notFound", &settings.not_found)?;
        map.serialize_entry("redirects", &RedirectRows(&settings.redirects))?;
        if let Some(release) = self.release {
            map.serialize_entry("release", release)?;
            map.serialize_entry("types", &self.manifest.types)?;
        }
        map.serialize_entry("v", &1)?;
        map.end()
    }
}

struct HeaderRows<'a>(&'a Headers);

impl Serialize for HeaderRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.0.len()))?;
        for rule in self.0 {
            rows.serialize_element(&(&rule.path, &rule.set, &rule.unset))?;
        }
        rows.end()
    }
}

struct RedirectRows<'a>(&'a Redirects);

impl Serialize for RedirectRows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let dynamic: Vec<serde_json::Value> = self
            .0
            .dynamic
            .iter()
            .map(|rule| match rule.query.is_empty() {
                true => serde_json::json!([rule.from, rule.to, rule.status]),
                false => serde_json::json!([rule.from, rule.to, rule.status, rule.query]),
            })
            .collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("dynamic", &dynamic)?;
        map.serialize_entry("static", &self.0.fixed)?;
        map.end()
    }
}

struct Files<'a> {
    manifest: &'a Manifest,
    variants: bool,
}

impl Serialize for Files<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Row<'a> {
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            fingerprinted: bool,
            sha256: Digest,
            size: u64,
            #[serde(rename = "type")]
            kind: &'a str,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            variants: Vec<&'static str>,
        }
        let mut map = serializer.serialize_map(Some(self.manifest.entries.len()))?;
        for entry in &self.manifest.entries {
            let variants = match self.variants {
                true => Compress { brotli: entry.brotli, gzip: entry.gzip }.names(),
                false => Vec::new(),
            };
            let kind = self.manifest.types.get(usize::from(entry.kind)).map_or(kinds::UNKNOWN, String::as_str);
            let row =
                Row { fingerprinted: entry.fingerprinted, sha256: entry.digest, size: entry.size, kind, variants };
            map.serialize_entry(&entry.path, &row)?;
        }
        map.end()
    }
}

#[cfg(test)]
pub(crate) mod tests;
