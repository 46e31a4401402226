//! Reading the files: once to know their content, in constant memory for each.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use ring::digest::{Context, SHA256};

use super::{File, Refusal, Tree};
use crate::digest::Digest;

/// What is read at once. Most files of a site are smaller, and are read by one call.
const PIECE: usize = 64 << 10;

/// The content of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hashed {
    /// The SHA-256 of its bytes.
    pub digest: Digest,
    /// How many there are, as read.
    pub size: u64,
}

/// Reads every file of the tree, on all processors, and gives their contents in the order of [`Tree::files`]. `progress`
/// is called with the number of bytes of each file read.
///
/// # Errors
/// The first file that cannot be read.
pub fn hash(tree: &Tree, progress: &(dyn Fn(u64) + Sync)) -> Result<Vec<Hashed>, Refusal> {
    /// Files taken at once: neighbours stay with one thread.
    const BATCH: usize = 64;
    let batches: Vec<&[File]> = tree.files.chunks(BATCH).collect();
    let results: Vec<Mutex<Vec<Hashed>>> = batches.iter().map(|_| Mutex::default()).collect();
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let failure = Mutex::new(None);
    let root = Root::of(tree);
    let work = || {
        let mut buffer = vec![0; PIECE];
        while !failed.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(batch) = batches.get(number) else { break };
            let mut found = Vec::with_capacity(batch.len());
            for file in *batch {
                match content(tree, &root, file, &mut buffer) {
                    Ok(hashed) => {
                        progress(hashed.size);
                        found.push(hashed);
                    }
                    Err(refusal) => {
                        failed.store(true, Ordering::Relaxed);
                        *failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(refusal);
                        return;
                    }
                }
            }
            *results[number].lock().unwrap_or_else(PoisonError::into_inner) = found;
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(16).min(batches.len());
    if threads <= 1 {
        work();
    } else {
        std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    }
    match failure.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some(refusal) => Err(refusal),
        None => Ok(results
            .into_iter()
            .flat_map(|found| found.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect()),
    }
}

fn content(tree: &Tree, root: &Root, file: &File, buffer: &mut [u8]) -> Result<Hashed, Refusal> {
    let place = tree.source(file);
    let unreadable = |error: io::Error| Refusal::unreadable(&place, &error);
    let mut source = match root.open(file) {
        Some(source) => source,
        None => {
            let source = fs::File::open(&place).map_err(unreadable)?;
            if !is_of_the_site(tree, &place, &source).map_err(unreadable)? {
                return Err(Refusal::Changed { path: file.path.clone() });
            }
            source
        }
    };
    let (mut context, mut size) = (Context::new(&SHA256), 0);
    loop {
        match source.read(buffer) {
            Ok(0) => break,
            Ok(length) => {
                context.update(&buffer[..length]);
                size += length as u64;
                // There was room for more, and no more was expected: no further call asks for the end.
                if size == file.size && length < buffer.len() {
                    break;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
        }
    }
    Ok(Hashed { digest: Digest::from_ring(&context.finish()), size })
}

/// The site's folder, held open.
struct Root(#[cfg_attr(not(target_os = "linux"), allow(dead_code))] Option<fs::File>);

impl Root {
    fn of(tree: &Tree) -> Self {
        Self(fs::File::open(&tree.root).ok())
    }

    /// The file, if no link leads to it: one call opens it and proves that. `None` where a link does, where the system has no
    /// such call (Linux has it since 5.6: man openat2), and where it cannot be opened.
    #[cfg(target_os = "linux")]
    fn open(&self, file: &File) -> Option<fs::File> {
        use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let path = file.path.trim_start_matches('/');
        openat2(self.0.as_ref()?, path, flags, Mode::empty(), resolve).ok().map(Into::into)
    }

    #[cfg(not(target_os = "linux"))]
    fn open(&self, _: &File) -> Option<fs::File> {
        None
    }
}

/// Whether what was opened lies in the site's folder, and not in a part of it that stays at home: a link may have taken the
/// place of a file, or of a folder, since the walk.
fn is_of_the_site(tree: &Tree, place: &Path, source: &fs::File) -> io::Result<bool> {
    let real = real_place(place, source)?;
    if real == place {
        return Ok(true);
    }
    let Ok(inside) = real.strip_prefix(&tree.root) else { return Ok(false) };
    let is_hidden = |name: &std::ffi::OsStr| name.as_encoded_bytes().starts_with(b".");
    Ok(inside.iter().enumerate().all(|(depth, name)| !is_hidden(name) || (depth == 0 && name == ".well-known")))
}

/// Where an open file lies.
#[cfg(target_os = "linux")]
fn real_place(place: &Path, source: &fs::File) -> io::Result<PathBuf> {
    use std::os::fd::AsRawFd;
    let known = fs::read_link(format!("/proc/self/fd/{}", source.as_raw_fd()));
    known.or_else(|_| fs::canonicalize(place))
}

/// Where a file lies that was opened a moment ago.
#[cfg(not(target_os = "linux"))]
fn real_place(place: &Path, _: &fs::File) -> io::Result<PathBuf> {
    fs::canonicalize(place)
}
