//! Reads a text piece by piece, however long it is, and says where in it the findings are.

use std::io::{self, Read};

use crate::allow;
use crate::archive::{self, Budget};
use crate::detect::{Leak, MARGIN, Setting, beside, detect};
use crate::finding::{Finding, Place, without_values};
use crate::text::{self, Kind};

/// How much is looked at in one piece: it stays in the processor's cache.
const WINDOW: usize = 256 << 10;
/// How much is read first: what it says is no text is read no further, and most files end in it.
const FIRST: usize = 32 << 10;
/// A text in UTF-16 is read whole, up to here.
const MOST_UTF16: u64 = 64 << 20;

/// How many findings of one text are told, and how many one thread keeps in all: a text may be made of nothing else.
const MOST_FINDINGS: usize = 1_000;
const MOST_KEPT: usize = 100_000;

/// What a scan found, and what it passed over.
#[derive(Debug, Default)]
pub struct Tally {
    /// What was found.
    pub findings: Vec<Finding>,
    /// Texts that were read: files, entries of archives, objects of repositories.
    pub texts: u64,
    /// Bytes that were looked at.
    pub bytes: u64,
    /// Files that are no text.
    pub binaries: u64,
    /// Findings that a comment in the text allows, with a reason.
    pub allowed: u64,
    /// What could not be read, or not to its end, and why.
    pub unread: Vec<Unread>,
}

/// A file that was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Unread {
    /// The file.
    pub path: String,
    /// Why.
    pub because: String,
}

/// What a text is called, and how far it is opened.
#[derive(Debug, Clone)]
pub struct Source {
    /// The commit, in a repository's history.
    pub commit: Option<String>,
    /// The path.
    pub path: String,
    /// How many archives inside each other are opened; none for 0.
    pub archives: u8,
    /// What is known of it, where its path does not tell.
    pub setting: Option<Setting>,
}

/// Takes what was read before, for the next to be read without a new allocation.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u8>);

impl Tally {
    /// Takes in what another found.
    pub fn add(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.texts += other.texts;
        self.bytes += other.bytes;
        self.binaries += other.binaries;
        self.allowed += other.allowed;
        self.unread.extend(other.unread);
    }

    pub(crate) fn unread(&mut self, path: &str, because: impl std::fmt::Display) {
        self.unread.push(Unread { path: without_values(path), because: because.to_string() });
    }
}

/// Scans what the reader gives, to its end.
///
/// # Errors
/// That of the reader. What was read before counts.
pub fn scan_reader(input: &mut dyn Read, source: &Source, buffer: &mut Buffer, tally: &mut Tally) -> io::Result<()> {
    scan_within(input, source, buffer, tally, None)
}

/// Scans what the reader gives; `budget` is that of the archive in which it lies.
pub(crate) fn scan_within(
    input: &mut dyn Read,
    source: &Source,
    buffer: &mut Buffer,
    tally: &mut Tally,
    budget: Option<&Budget>,
) -> io::Result<()> {
    let Buffer(bytes) = buffer;
    if bytes.len() < WINDOW {
        bytes.resize(WINDOW, 0);
    }
    let mut filled = fill(input, bytes.get_mut(..FIRST).unwrap_or_default(), 0)?;
    match text::kind(bytes.get(..filled.length).unwrap_or_default()) {
        Kind::Text => windows(input, bytes, filled, source, false, tally),
        Kind::Environment => windows(input, bytes, filled, source, true, tally),
        Kind::Utf16 { little } => {
            let mut whole = bytes.get(..filled.length).unwrap_or_default().to_vec();
            input.take(MOST_UTF16).read_to_end(&mut whole)?;
            if whole.len() as u64 >= MOST_UTF16 && input.read(&mut [0])? > 0 {
                tally.unread(&source.path, format!("in UTF-16 no more than {} MiB are read", MOST_UTF16 >> 20));
            }
            let text = text::from_utf16(&whole, little);
            filled = Filled { length: 0, is_end: false };
            windows(&mut text.as_bytes(), bytes, filled, source, false, tally)
        }
        kind @ (Kind::Gzip | Kind::Zip | Kind::Tar) if source.archives > 0 => {
            let head = bytes.get(..filled.length).unwrap_or_default().to_vec();
            archive::scan(kind, &mut head.chain(input), source, tally, budget);
            Ok(())
        }
        // At the top, archives stay closed because somebody wants it so.
        Kind::Gzip | Kind::Zip | Kind::Tar if budget.is_some() => {
            tally.unread(&source.path, "it lies deeper than archives are opened");
            Ok(())
        }
        Kind::Binary | Kind::Gzip | Kind::Zip | Kind::Tar => {
            tally.binaries += 1;
            Ok(())
        }
    }
}

#[derive(Clone, Copy)]
struct Filled {
    length: usize,
    is_end: bool,
}

/// Reads until the buffer is full or the input ends.
fn fill(input: &mut dyn Read, bytes: &mut [u8], from: usize) -> io::Result<Filled> {
    let mut length = from;
    while let Some(rest) = bytes.get_mut(length..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => return Ok(Filled { length, is_end: true }),
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Filled { length, is_end: false })
}

/// Where the piece that is looked at begins in its text.
struct Start {
    line: u64,
    column: u64,
}

/// Looks at the text in pieces. Each overlaps the next by twice the margin, and each place belongs to one of them.
fn windows(
    input: &mut dyn Read,
    bytes: &mut [u8],
    filled: Filled,
    source: &Source,
    zeros_part_lines: bool,
    tally: &mut Tally,
) -> io::Result<()> {
    let setting = source.setting.unwrap_or_else(|| Setting::of_path(&source.path));
    let mut start = Start { line: 1, column: 1 };
    let mut from = 0;
    let Filled { mut length, mut is_end } = filled;
    if !is_end {
        Filled { length, is_end } = fill(input, bytes, length)?;
    }
    let most = MOST_KEPT.min(tally.findings.len() + MOST_FINDINGS);
    tally.texts += 1;
    tally.bytes += length as u64;
    loop {
        if zeros_part_lines {
            bytes.iter_mut().take(length).filter(|byte| **byte == 0).for_each(|byte| *byte = b'\n');
        }
        let piece = bytes.get(..length).unwrap_or_default();
        let to = if is_end { length } else { length.saturating_sub(MARGIN) };
        for leak in detect(piece, setting).into_iter().filter(|leak| (from..to).contains(&leak.start)) {
            if tally.findings.len() >= most {
                tally.unread(&source.path, format!("of more than {MOST_FINDINGS} findings the others are not told"));
                return Ok(());
            }
            take(piece, &leak, &start, source, tally);
        }
        if is_end {
            return Ok(());
        }
        let dropped = length.saturating_sub(2 * MARGIN);
        start.pass(piece.get(..dropped).unwrap_or_default());
        bytes.copy_within(dropped..length, 0);
        from = MARGIN;
        let kept = length - dropped;
        Filled { length, is_end } = fill(input, bytes, kept)?;
        tally.bytes += (length - kept) as u64;
    }
}

fn take(piece: &[u8], leak: &Leak, start: &Start, source: &Source, tally: &mut Tally) {
    if allow::is_allowed(piece, leak.start..leak.end) {
        tally.allowed += 1;
        return;
    }
    let mut at = Start { ..*start };
    at.pass(piece.get(..leak.start).unwrap_or_default());
    let Source { commit, path, .. } = source;
    let place = Place { commit: commit.clone(), path: without_values(path), line: at.line, column: at.column };
    let text = String::from_utf8_lossy(piece.get(leak.start..leak.end).unwrap_or_default());
    let value = leak.decoded.as_deref().unwrap_or(&text);
    let mut finding = Finding::new(leak.form, value, place, leak.confidence, leak.why.clone());
    finding.beside = beside(piece, leak.start..leak.end);
    finding.rests_on_path = leak.rests_on_path;
    tally.findings.push(finding);
}

impl Start {
    /// Moves behind these bytes.
    fn pass(&mut self, bytes: &[u8]) {
        let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
        let last = memchr::memrchr(b'\n', bytes).map_or(0, |at| at + 1);
        // Bytes that go on with a character of UTF-8 are none of their own.
        let characters =
            bytes.get(last..).unwrap_or_default().iter().filter(|byte| **byte & 0xc0 != 0x80).count() as u64;
        self.column = if lines > 0 { 1 + characters } else { self.column + characters };
        self.line += lines;
    }
}
