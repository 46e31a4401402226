//! The limit that `benches/scan.sh` holds the scan against: all files at and below the paths are opened, read into one buffer
//! a thread, and run over once by memchr. Files that are no text are let go after their first piece, as the scan does.
use std::fs::File;
use std::io::Read;
use std::sync::atomic::{AtomicU64, Ordering};

use ignore::{WalkBuilder, WalkState};

const WINDOW: usize = 256 << 10;
const HEAD: usize = 1024;

fn main() {
    let mut paths = std::env::args_os().skip(1);
    let mut builder = WalkBuilder::new(paths.next().expect("a path"));
    for path in paths {
        builder.add(path);
    }
    let (files, bytes, hits) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    builder.standard_filters(false).build_parallel().run(|| {
        let mut buffer = vec![0; WINDOW];
        let (files, bytes, hits) = (&files, &bytes, &hits);
        Box::new(move |entry| {
            let Ok(entry) = entry else { return WalkState::Continue };
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                let read = one(&mut File::open(entry.path()).expect("a file"), &mut buffer, hits);
                files.fetch_add(1, Ordering::Relaxed);
                bytes.fetch_add(read, Ordering::Relaxed);
            }
            WalkState::Continue
        })
    });
    let [files, bytes, hits] = [files, bytes, hits].map(AtomicU64::into_inner);
    println!("{files} files, {bytes} bytes, {hits} pieces with a byte that hardly any text has");
}

fn one(file: &mut File, buffer: &mut [u8], hits: &AtomicU64) -> u64 {
    let mut all = 0;
    loop {
        let read = file.read(buffer).expect("bytes");
        let piece = &buffer[..read];
        if read == 0 || (all == 0 && memchr::memchr(0, &piece[..read.min(HEAD)]).is_some()) {
            return all;
        }
        all += read as u64;
        hits.fetch_add(u64::from(memchr::memchr(0x7f, piece).is_some()), Ordering::Relaxed);
    }
}
