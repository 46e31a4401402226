//! Walks folders of which no file is passed over: nothing is asked of ignore files, and little is kept for each entry.
//!
//! A folder is read by one worker, which then reads its files. Who has no folder left helps with the files of another's.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, open, openat, statat};
use rustix::io::retry_on_intr;

/// Hands every file below the folders to one of the workers, with the path of its folder. Links are not followed.
pub(super) fn every<W: Worker>(folders: Vec<PathBuf>, threads: usize, worker: impl Fn() -> W + Sync) {
    let threads = match threads {
        0 => std::thread::available_parallelism().map_or(1, |number| number.get().min(MOST_THREADS)),
        threads => threads,
    };
    let shared = Shared { state: Mutex::new(State { folders, ..State::default() }), changed: Condvar::new() };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| shared.work(&mut worker()));
        }
    });
}

/// As many as the walk that asks ignore files takes.
const MOST_THREADS: usize = 12;

/// Takes what is found.
pub(super) trait Worker {
    /// A file of this folder, opened.
    fn file(&mut self, folder: &Path, name: &OsStr, file: io::Result<File>);
    /// A folder that cannot be read, or not to its end.
    fn unread(&mut self, folder: &Path, error: io::Error);
}

struct Shared {
    state: Mutex<State>,
    /// There is more to do, or nothing any more.
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// Folders that nobody has read.
    folders: Vec<PathBuf>,
    /// Folders whose files are being read: no more than there are workers.
    opened: Vec<Arc<Opened>>,
    /// Workers that read a folder, in which others may lie.
    busy: usize,
    waiting: usize,
}

/// A folder and its files.
struct Opened {
    path: PathBuf,
    handle: OwnedFd,
    files: Vec<CString>,
    /// The first of its files that nobody has taken.
    next: AtomicUsize,
}

enum Task {
    Read(PathBuf),
    Help(Arc<Opened>),
}

impl Shared {
    fn work(&self, worker: &mut impl Worker) {
        while let Some(task) = self.task() {
            match task {
                Task::Help(opened) => self.files(&opened, worker),
                Task::Read(path) => {
                    let (opened, folders) = Opened::read(path, worker);
                    let opened = opened.map(Arc::new);
                    self.found(opened.clone(), folders);
                    if let Some(opened) = opened {
                        self.files(&opened, worker);
                    }
                }
            }
        }
    }

    /// What is to be done next; none when all is done.
    fn task(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            if let Some(path) = state.folders.pop() {
                state.busy += 1;
                return Some(Task::Read(path));
            }
            if let Some(opened) = state.opened.last() {
                return Some(Task::Help(Arc::clone(opened)));
            }
            if state.busy == 0 {
                return None;
            }
            state.waiting += 1;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            state.waiting -= 1;
        }
    }

    /// A folder was read.
    fn found(&self, opened: Option<Arc<Opened>>, folders: Vec<PathBuf>) {
        let mut state = self.state();
        state.busy -= 1;
        state.folders.extend(folders);
        // Of a single file nobody else has anything.
        state.opened.extend(opened.filter(|opened| opened.files.len() > 1));
        if state.waiting > 0 {
            self.changed.notify_all();
        }
    }

    /// Reads files of the folder until all are taken.
    fn files(&self, opened: &Arc<Opened>, worker: &mut impl Worker) {
        while let Some(name) = opened.files.get(opened.next.fetch_add(1, Ordering::Relaxed)) {
            // What took a file's place since it was listed is no link that is followed, and no pipe that is waited for.
            let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
            let file = retry_on_intr(|| openat(&opened.handle, name, flags, Mode::empty()));
            worker.file(&opened.path, name_of(name), file.map(File::from).map_err(io::Error::from));
        }
        self.state().opened.retain(|other| !Arc::ptr_eq(other, opened));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Opened {
    /// Opens the folder and lists its files; the folders in it are listed, too.
    fn read(path: PathBuf, worker: &mut impl Worker) -> (Option<Self>, Vec<PathBuf>) {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let mut folders = Vec::new();
        let handle = match retry_on_intr(|| open(&path, flags, Mode::empty())) {
            Ok(handle) => handle,
            Err(error) => {
                worker.unread(&path, error.into());
                return (None, folders);
            }
        };
        let mut opened = Self { path, handle, files: Vec::new(), next: AtomicUsize::new(0) };
        if let Err(error) = opened.list(&mut folders) {
            worker.unread(&opened.path, error);
        }
        (Some(opened), folders)
    }

    fn list(&mut self, folders: &mut Vec<PathBuf>) -> io::Result<()> {
        for entry in Dir::new(self.handle.try_clone()?)? {
            let entry = entry?;
            let name = entry.file_name();
            if matches!(name.to_bytes(), b"." | b".." | b".git") {
                continue;
            }
            let kind = match entry.file_type() {
                // Not every file system tells.
                FileType::Unknown => statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW)
                    .map_or(FileType::Unknown, |stat| FileType::from_raw_mode(stat.st_mode)),
                kind => kind,
            };
            match kind {
                FileType::Directory => folders.push(self.path.join(name_of(name))),
                FileType::RegularFile => self.files.push(name.to_owned()),
                _ => {}
            }
        }
        Ok(())
    }
}

fn name_of(name: &CStr) -> &OsStr {
    OsStr::from_bytes(name.to_bytes())
}
