//! Walks folders, with all processors, and scans the files in them.

mod every;

use std::borrow::Cow;
use std::ffi::OsStr;
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
    let worker = || Worker::new(options, &total);
    match options.respect_ignore_files || !paths.iter().all(|path| path.is_dir()) {
        true => asking(paths, options, worker),
        false => every::every(paths.to_vec(), options.threads, worker),
    }
    let mut total = total.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    total.findings.sort_by(|a, b| a.place.cmp(&b.place));
    total.unread.sort_by(|a, b| a.path.cmp(&b.path));
    total
}

/// Asks ignore files what is passed over.
fn asking<'a>(paths: &[PathBuf], options: Options, worker: impl Fn() -> Worker<'a>) {
    let Some((first, rest)) = paths.split_first() else { return };
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
        let mut worker = worker();
        Box::new(move |entry| {
            match entry {
                Ok(entry) => worker.visit(&entry),
                Err(error) => worker.tally.unread("", error),
            }
            WalkState::Continue
        })
    });
}

/// One thread's share.
struct Worker<'a> {
    /// The file that is being read; a new path takes the old one's place.
    source: Source,
    buffer: Buffer,
    tally: Tally,
    total: &'a Mutex<Tally>,
}

impl<'a> Worker<'a> {
    fn new(options: Options, total: &'a Mutex<Tally>) -> Self {
        let source = Source { commit: None, path: String::new(), archives: options.archives, setting: None };
        Self { source, buffer: Buffer::default(), tally: Tally::default(), total }
    }

    fn visit(&mut self, entry: &DirEntry) {
        let is_wanted = match entry.file_type() {
            Some(kind) if entry.depth() > 0 => kind.is_file(),
            // What was named is read whatever it is: a link, or the pipe of `<(command)`.
            kind => !kind.is_some_and(|kind| kind.is_dir()) && !entry.path().is_dir(),
        };
        if is_wanted {
            self.source.path.clear();
            self.source.path.push_str(&shown(entry.path()));
            self.scan(File::open(entry.path()));
        }
    }

    fn scan(&mut self, file: io::Result<File>) {
        let done = file.and_then(|mut file| scan_reader(&mut file, &self.source, &mut self.buffer, &mut self.tally));
        if let Err(error) = done {
            self.tally.unread(&self.source.path, error);
        }
    }
}

impl every::Worker for Worker<'_> {
    fn file(&mut self, folder: &Path, name: &OsStr, file: io::Result<File>) {
        let path = &mut self.source.path;
        path.clear();
        path.push_str(&shown(folder));
        if !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(&name.to_string_lossy());
        self.scan(file);
    }

    fn unread(&mut self, folder: &Path, error: io::Error) {
        self.tally.unread(&shown(folder), error);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What both ways to walk read of the folder, in the order of the paths.
    fn both(folder: &Path, threads: usize) -> [Vec<String>; 2] {
        let options = Options { respect_ignore_files: false, archives: 0, threads };
        [true, false].map(|asks| {
            let total = Mutex::new(Tally::default());
            let worker = || Worker::new(options, &total);
            match asks {
                true => asking(&[folder.to_owned()], options, worker),
                false => every::every(vec![folder.to_owned()], threads, worker),
            }
            let tally = total.into_inner().unwrap();
            assert!(tally.unread.is_empty() && tally.texts == tally.findings.len() as u64);
            let mut paths: Vec<String> = tally.findings.into_iter().map(|finding| finding.place.path).collect();
            paths.sort_unstable();
            paths
        })
    }

    #[test]
    fn both_ways_read_the_same_files() {
        let root = tempfile::tempdir().unwrap();
        let text = format!("cfut_{}{:08x}", "aB3x9Zq7Lm".repeat(4), crc32fast::hash("aB3x9Zq7Lm".repeat(4).as_bytes()));
        let write = |path: &str| {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, &text).unwrap();
        };
        [".git/config", "a/.git", "a/b/c/d/e", "a/.hidden/x", ".env", "é/ü"].into_iter().for_each(write);
        (0..200).for_each(|number| write(&format!("many/{number}")));
        (0..50).for_each(|number| write(&format!("folders/{number}/x")));
        std::fs::write(root.path().join(".gitignore"), format!("many\n{text}")).unwrap();
        std::fs::create_dir(root.path().join("empty")).unwrap();
        std::os::unix::fs::symlink("a", root.path().join("link")).unwrap();
        std::os::unix::fs::symlink("b/c/d/e", root.path().join("a/link")).unwrap();
        for threads in [1, 2, 8] {
            let [asking, every] = both(root.path(), threads);
            assert_eq!(asking, every);
            assert_eq!(every.len(), 4 + 1 + 200 + 50);
        }
    }

    #[test]
    fn a_folder_that_is_gone_is_unread() {
        let total = Mutex::new(Tally::default());
        every::every(vec!["/nowhere".into()], 2, || Worker::new(Options::default(), &total));
        assert_eq!(total.into_inner().unwrap().unread.len(), 1);
    }

    #[test]
    fn a_path_is_shown_without_what_says_here() {
        for (path, wanted) in
            [("./a/b", "a/b"), ("a/b", "a/b"), ("../a", "../a"), (".env", ".env"), ("/a", "/a"), (".", "")]
        {
            assert_eq!(shown(Path::new(path)), wanted);
        }
    }
}
