//! Taking a release's files home.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use crate::at_once::at_once;
use crate::deploy::{Event, Listener};
use crate::digest::Digest;
use crate::error::SiteError;
use crate::files::Refusal;
use crate::layout;
use crate::manifest::{Document, Row};
use crate::release::Release;
use crate::s3::{Store, StoreError};
use crate::site::read;
use crate::slug::Slug;

/// A file is fetched in pieces of so many bytes, which is what each of those at once has in memory.
const PIECE: u64 = 2 << 20;
/// The folder of an export that is under way. No site has such a name.
const UNDER_WAY: &str = ".flarekeep-export";

/// What was taken home.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// The release.
    pub release: Release,
    /// How many files.
    pub files: usize,
    /// How many bytes.
    pub bytes: u64,
    /// How many of the files an earlier run had fetched.
    pub found: usize,
}

/// Writes the files of a release, or of the live one, into `folder`, `jobs` at once: an empty folder, one that is not there, or
/// one in which an export of the same release did not end. Each is checked against its digest, and has its name only when it
/// is whole.
///
/// # Errors
/// When there is no such release, a blob is not what its name says, or the folder cannot be written.
pub async fn export(
    store: &Store,
    tenant: &Slug,
    release: Option<&Release>,
    folder: &Path,
    jobs: usize,
    listener: &Listener,
) -> Result<Exported, SiteError> {
    let release = match release {
        Some(release) => release.clone(),
        None => read(store, tenant).await?.release,
    };
    let key = layout::manifest(tenant, &release);
    let none = || SiteError::NoRelease { tenant: tenant.clone(), release: release.clone() };
    let object = store.get(&key).await?.ok_or_else(none)?;
    let document: Document =
        serde_json::from_slice(&object.bytes).map_err(|error| StoreError::malformed(&key, error))?;
    let mut places = Vec::with_capacity(document.files.len());
    for (path, row) in document.files {
        let place =
            below(folder, &path).ok_or_else(|| StoreError::malformed(&key, format!("`{path}` leaves the site")))?;
        places.push((place, row));
    }
    let (files, bytes) = (places.len(), places.iter().map(|(_, row)| row.size).sum());
    listener(Event::Fetching { bytes });
    let goes_on = begin(folder, &release)?;
    let fetch =
        Arc::new(Fetch { store: store.clone(), blobs: layout::blobs(tenant), goes_on, listener: listener.clone() });
    let work = |(number, (place, row)): (usize, (PathBuf, Row))| {
        let (fetch, part) = (fetch.clone(), folder.join(UNDER_WAY).join(number.to_string()));
        async move { fetch.file(&place, &part, &row).await }
    };
    let mut found = 0;
    at_once(jobs.max(1), places.into_iter().enumerate(), work, |was_there| found += usize::from(was_there)).await?;
    let under_way = folder.join(UNDER_WAY);
    fs::remove_dir_all(&under_way).map_err(|error| unwritable(&under_way, &error))?;
    Ok(Exported { release, files, bytes, found })
}

/// Makes the folder ready, and notes what it is for; whether an earlier run did.
fn begin(folder: &Path, release: &Release) -> Result<bool, SiteError> {
    let under_way = folder.join(UNDER_WAY);
    let note = under_way.join("release");
    let refused = |why: String| SiteError::File(Refusal::Unwritable { path: folder.to_owned(), why });
    match fs::read_to_string(&note) {
        Ok(of) if of == release.as_str() => return Ok(true),
        Ok(of) => return Err(refused(format!("an export of release {} did not end here", of.escape_debug()))),
        Err(_) => {}
    }
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let entries = fs::read_dir(folder).map_err(|error| unwritable(folder, &error))?;
    // A run that was killed before its note was written has left its folder alone.
    if entries.flatten().any(|entry| entry.file_name() != UNDER_WAY) {
        return Err(refused("it is not empty".to_owned()));
    }
    fs::create_dir_all(&under_way)
        .and_then(|()| fs::write(&note, release.as_str()))
        .map_err(|error| unwritable(&note, &error))?;
    Ok(false)
}

struct Fetch {
    store: Store,
    /// `sites/<tenant>/blobs/`.
    blobs: String,
    /// Whether some may be there.
    goes_on: bool,
    listener: Listener,
}

impl Fetch {
    /// Fetches a file; whether it was there.
    async fn file(&self, place: &Path, part: &Path, row: &Row) -> Result<bool, SiteError> {
        if self.goes_on && is_there(place, row) {
            (self.listener)(Event::Fetched { bytes: row.size });
            return Ok(true);
        }
        let key = format!("{}{}", self.blobs, row.sha256);
        let mut file = File::create(part).map_err(|error| unwritable(part, &error))?;
        let (mut context, mut from) = (Context::new(&SHA256), 0);
        while from < row.size {
            let length = PIECE.min(row.size - from);
            let piece = self.store.get_part(&key, from, length).await?;
            let piece = piece.ok_or_else(|| StoreError::malformed(&key, "it is gone"))?;
            context.update(&piece);
            file.write_all(&piece).map_err(|error| unwritable(part, &error))?;
            from += length;
            (self.listener)(Event::Fetched { bytes: length });
        }
        if Digest::from_ring(&context.finish()) != row.sha256 {
            return Err(StoreError::malformed(&key, "it is not what its name says").into());
        }
        drop(file);
        let parent = place.parent().unwrap_or(place);
        fs::create_dir_all(parent).and_then(|()| fs::rename(part, place)).map_err(|error| unwritable(place, &error))?;
        Ok(false)
    }
}

/// Whether the file is there, with the row's content.
fn is_there(place: &Path, row: &Row) -> bool {
    let digest = |mut file: File| -> io::Result<Digest> {
        let (mut context, mut buffer) = (Context::new(&SHA256), vec![0; 64 << 10]);
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(Digest::from_ring(&context.finish())),
                read => context.update(&buffer[..read]),
            }
        }
    };
    let is_as_long = fs::symlink_metadata(place).is_ok_and(|facts| facts.is_file() && facts.len() == row.size);
    is_as_long && File::open(place).and_then(digest).is_ok_and(|digest| digest == row.sha256)
}

fn unwritable(path: &Path, error: &io::Error) -> SiteError {
    Refusal::Unwritable { path: path.to_owned(), why: error.to_string() }.into()
}

/// The place of a site's path below a folder; none where a name of it leads elsewhere.
fn below(folder: &Path, path: &str) -> Option<PathBuf> {
    let names = path.strip_prefix('/')?.split('/');
    let mut place = folder.to_owned();
    for name in names {
        if name.is_empty() || name == "." || name == ".." || name == UNDER_WAY || name.contains(['\\', '\0']) {
            return None;
        }
        place.push(name);
    }
    Some(place)
}
