//! Compressed variants beside the blobs, where they are worth it: visitors get them as they are, and nobody compresses the
//! same bytes again for each of them.

use std::collections::HashSet;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use flate2::write::GzEncoder;
use tokio::sync::Semaphore;

use super::upload::Done;
use crate::at_once::at_once;
use crate::digest::Digest;
use crate::error::SiteError;
use crate::files::{Refusal, Tree};
use crate::kinds::is_compressible;
use crate::layout;
use crate::manifest::{Known, Manifest, Variants};
use crate::s3::{Body, Condition, Store, Written};
use crate::slug::Slug;

/// What is smaller fits in a packet or two as it is.
const SMALLEST: u64 = 512;
/// A file is compressed in memory.
const LARGEST: u64 = 16 << 20;
/// docs/performance.md, "Sites": what each level costs and gives.
const BROTLI_LEVEL: i32 = 5;
const GZIP_LEVEL: u32 = 9;
/// Brotli's largest window that every browser takes (RFC 7932).
const BROTLI_WINDOW: i32 = 22;
/// A variant is kept where it has at most so many hundredths of the bytes.
const WORTH: u64 = 90;

/// The manifest with the flags of the variants that there are, after those that were missing have been made and uploaded,
/// `jobs` at once.
pub(super) async fn vary(
    store: &Store,
    tenant: &Slug,
    tree: &Tree,
    manifest: &Manifest,
    known: &Known,
    jobs: usize,
) -> Result<(Manifest, Done), SiteError> {
    let wanted = manifest.settings.compress;
    let (mut found, mut work, mut seen) = (Known::new(), Vec::new(), HashSet::new());
    for entry in &manifest.entries {
        let kind = manifest.types.get(usize::from(entry.kind)).map_or("", String::as_str);
        let fits = (SMALLEST..=LARGEST).contains(&entry.size) && is_compressible(kind);
        if !fits || !seen.insert(entry.digest) {
            continue;
        }
        let there = known.get(&entry.digest).copied().unwrap_or_default();
        let missing = Variants { brotli: wanted.brotli && !there.brotli, gzip: wanted.gzip && !there.gzip };
        found.insert(entry.digest, Variants { brotli: wanted.brotli && there.brotli, gzip: wanted.gzip && there.gzip });
        if missing != Variants::default() {
            let place = tree.root.join(entry.path.trim_start_matches('/'));
            work.push(Source { place, path: entry.path.clone(), digest: entry.digest, missing });
        }
    }
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let maker =
        Arc::new(Maker { store: store.clone(), folder: layout::blobs(tenant), free: Semaphore::new(processors) });
    let make = |source: Source| {
        let maker = maker.clone();
        async move { maker.make(source).await }
    };
    let mut done = Done::default();
    at_once(jobs.max(1), work, make, |(digest, made, sent): (Digest, Variants, Done)| {
        let variants = found.entry(digest).or_default();
        variants.brotli |= made.brotli;
        variants.gzip |= made.gzip;
        done.blobs += sent.blobs;
        done.bytes += sent.bytes;
    })
    .await?;
    let mut varied = manifest.clone();
    for entry in &mut varied.entries {
        let variants = found.get(&entry.digest).copied().unwrap_or_default();
        (entry.brotli, entry.gzip) = (variants.brotli, variants.gzip);
    }
    Ok((varied, done))
}

/// A file that variants are missing of.
struct Source {
    place: PathBuf,
    path: String,
    digest: Digest,
    missing: Variants,
}

struct Maker {
    store: Store,
    /// `sites/<tenant>/blobs/`.
    folder: String,
    /// As many files are compressed at once as there are processors.
    free: Semaphore,
}

impl Maker {
    /// Makes the variants that are missing, and uploads those that are worth it.
    async fn make(&self, source: Source) -> Result<(Digest, Variants, Done), SiteError> {
        let (digest, missing) = (source.digest, source.missing);
        let turn = self.free.acquire().await;
        let compressed = tokio::task::spawn_blocking(move || compressed(&source)).await;
        drop(turn);
        let (brotli, gzip) = compressed.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
        let mut done = Done::default();
        let made = Variants { brotli: brotli.is_some() && missing.brotli, gzip: gzip.is_some() && missing.gzip };
        for (bytes, ending) in [(brotli, "br"), (gzip, "gz")] {
            let Some(bytes) = bytes else { continue };
            let (key, size) = (format!("{}{digest}.{ending}", self.folder), bytes.len() as u64);
            let written =
                self.store.put(&key, &Body::bytes(bytes), Condition::Absent, "application/octet-stream").await?;
            if matches!(written, Written::Made(_)) {
                done.blobs += 1;
                done.bytes += size;
            }
        }
        Ok((digest, made, done))
    }
}

/// Brotli's and gzip's variant.
type Pair = (Option<Vec<u8>>, Option<Vec<u8>>);

/// The variants, each where it is missing and worth it.
fn compressed(source: &Source) -> Result<Pair, SiteError> {
    let changed = || SiteError::File(Refusal::Changed { path: source.path.clone() });
    let bytes = std::fs::read(&source.place).map_err(|_| changed())?;
    if Digest::of(&bytes) != source.digest {
        return Err(changed());
    }
    let is_worth = |variant: &Vec<u8>| variant.len() as u64 * 100 <= bytes.len() as u64 * WORTH;
    let brotli = source.missing.brotli.then(|| brotli(&bytes)).flatten().filter(is_worth);
    let gzip = source.missing.gzip.then(|| gzip(&bytes)).flatten().filter(is_worth);
    Ok((brotli, gzip))
}

fn brotli(bytes: &[u8]) -> Option<Vec<u8>> {
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: BROTLI_LEVEL,
        lgwin: BROTLI_WINDOW,
        size_hint: bytes.len(),
        ..brotli::enc::BrotliEncoderParams::default()
    };
    let mut out = Vec::new();
    brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters).ok()?;
    Some(out)
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::new(GZIP_LEVEL));
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}
