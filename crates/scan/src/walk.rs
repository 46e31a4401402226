//! Walks folders, with all processors, and scans the files in them.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::reader::{Buffer, Source, Tally, scan_reader};

/// What of the folders is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Files that `.gitignore`, `.ignore` and git's own excludes name are passed over.
    pub respect_ignore_files: bool,
    /// How many archives inside each other are opened.
    pub archives: u8,
    /// How many files are read at a time; 0 for as many as there are processors.
    pub threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { respect_ignore_files: true, archives: 3, threads: 0 }
    }
}

/// Scans the files at and below these paths. Hidden ones are looked at; `.git` is not: [`crate::git`] reads it.
#[must_use]
pub fn walk(paths: &[PathBuf], options: Options) -> Tally {
    let total = Mutex::new(Tally::default());
    let Some((first, rest)) = paths.split_first() else { return Tally::default() };
    let mut builder = WalkBuilder::new(first);
    for path in rest {
        builder.add(path);
    }
    builder
        .hidden(false)
        .ignore(options.respect_ignore_files)
        .git_ignore(options.respect_ignore_files)
        .git_global(options.respect_ignore_files)
        .git_exclude(options.respect_ignore_files)
        .parents(options.respect_ignore_files)
        .filter_entry(|entry| entry.depth() == 0 || entry.file_name() != ".git")
        .threads(options.threads);
    builder.build_parallel().run(|| {
        let source = Source { commit: None, path: String::new(), archives: options.archives, setting: None };
        let mut worker = Worker { source, buffer: Buffer::default(), tally: Tally::default(), total: &total };
        Box::new(move |entry| {
            match entry {
                Ok(entry) => worker.visit(&entry),
                Err(error) => worker.tally.unread("", error),
            }
            WalkState::Continue
        })
    });
    let mut total = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    total.findings.sort_by(|a, b| a.place.cmp(&b.place));
    total.unread.sort_by(|a, b| a.path.cmp(&b.path));
    total
}

/// One thread's share.
struct Worker<'a> {
    /// The file that is being read; a new path takes the old one's place.
    source: Source,
    buffer: Buffer,
    tally: Tally,
    total: &'a Mutex<Tally>,
}

impl Worker<'_> {
    fn visit(&mut self, entry: &DirEntry) {
        let is_wanted = match entry.file_type() {
            Some(kind) if entry.depth() > 0 => kind.is_file(),
            // What was named is read whatever it is: a link, or the pipe of `<(command)`.
            kind => !kind.is_some_and(|kind| kind.is_dir()) && !entry.path().is_dir(),
        };
        if is_wanted {
            self.source.path.clear();
            self.source.path.push_str(&shown(entry.path()));
            if let Err(error) = self.file(entry.path()) {
                self.tally.unread(&self.source.path, error);
            }
        }
    }

    fn file(&mut self, path: &Path) -> io::Result<()> {
        let mut file = File::open(path)?;
        scan_reader(&mut file, &self.source, &mut self.buffer, &mut self.tally)
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        let mut total = self.total.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        total.add(std::mem::take(&mut self.tally));
    }
}

/// The path as it is shown: without the `./` of `scan .`.
fn shown(path: &Path) -> Cow<'_, str> {
    let path = match path.as_os_str().as_encoded_bytes() {
        [b'.', ..] => path.strip_prefix(".").unwrap_or(path),
        _ => path,
    };
    path.to_str().map_or_else(|| path.to_string_lossy(), Cow::Borrowed)
}
