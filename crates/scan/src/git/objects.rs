//! Every blob, commit and tag of a repository, each once.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::process::Stdio;

use super::plumbing::{Git, GitError, Running};
use crate::detect::Setting;
use crate::finding::{Finding, History, Holder};
use crate::reader::{Buffer, Source, Tally, scan_reader};

const LIST: [&str; 5] =
    ["cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)", "--unordered", "--buffer"];
const READ: [&str; 3] = ["cat-file", "--batch", "--buffer"];

/// Scans them; the path of a finding is its object's id.
pub(super) fn scan(git: &Git, archives: u8) -> Result<Tally, GitError> {
    let listed = git.output(&LIST)?;
    let wanted: Vec<&str> = std::str::from_utf8(&listed)
        .map_err(|_| GitError::Nonsense("cat-file"))?
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter(|(_, kind)| matches!(*kind, "blob" | "commit" | "tag"))
        .map(|(id, _)| id)
        .collect();
    let readers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    // In the order of the packs, in which neighbours are unpacked from each other.
    let share = wanted.len().div_ceil(readers).max(1);
    let mut total = Tally::default();
    std::thread::scope(|scope| {
        let shares: Vec<_> = wanted.chunks(share).map(|ids| scope.spawn(move || read(git, ids, archives))).collect();
        for share in shares {
            let tally = share.join().map_err(|_| GitError::Nonsense("cat-file"))??;
            total.add(tally);
        }
        Ok(total)
    })
}

/// Scans these objects by one process.
fn read(git: &Git, ids: &[&str], archives: u8) -> Result<Tally, GitError> {
    let mut child = git.command(&READ).stdin(Stdio::piped()).spawn().map_err(GitError::Missing)?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let running = Running::of(child);
    let mut tally = Tally::default();
    let read = std::thread::scope(|scope| {
        if let Some(stdin) = stdin {
            scope.spawn(move || {
                let mut stdin = BufWriter::new(stdin);
                // Where git ended early, its own words say why.
                let _ = ids.iter().try_for_each(|id| writeln!(stdin, "{id}")).and_then(|()| stdin.flush());
            });
        }
        match stdout {
            Some(stdout) => answers(&mut BufReader::with_capacity(64 << 10, stdout), archives, &mut tally),
            None => Err(GitError::Nonsense("cat-file")),
        }
    });
    // What git says of itself is more than that its answer was none.
    running.finish(&READ)?;
    read.map(|()| tally)
}

/// `ID TYPE SIZE`, a line break, so many bytes, a line break; again and again.
fn answers(output: &mut impl BufRead, archives: u8, tally: &mut Tally) -> Result<(), GitError> {
    let nonsense = || GitError::Nonsense("cat-file");
    let mut buffer = Buffer::default();
    let mut line = String::new();
    loop {
        line.clear();
        if output.take(1024).read_line(&mut line).map_err(|_| nonsense())? == 0 {
            return Ok(());
        }
        let mut words = line.split_whitespace();
        let (Some(id), Some(kind)) = (words.next(), words.next()) else { return Err(nonsense()) };
        if matches!(kind, "missing" | "ambiguous") {
            tally.unread(id, "the repository does not have it");
            continue;
        }
        let size: u64 = words.next().and_then(|size| size.parse().ok()).ok_or_else(nonsense)?;
        let mut content = output.take(size);
        // Whether the text is about Cloudflare is known when its path is.
        let setting = Some(Setting { is_cloudflares: true });
        let source = Source { commit: None, path: id.to_owned(), archives, setting };
        let before = tally.findings.len();
        let mut object = Object::of(kind, &mut content);
        scan_reader(&mut object, &source, &mut buffer, tally).map_err(|_| nonsense())?;
        tally.findings.iter_mut().skip(before).for_each(|finding| object.place(finding));
        // A text that was not read to its end, and the line break behind it.
        let left = content.limit() + 1;
        if std::io::copy(&mut output.take(left), &mut std::io::sink()).map_err(|_| nonsense())? != left {
            return Err(nonsense());
        }
    }
}

/// An object that is read. Before the message of a commit or a tag stands a header, which an empty line ends: people count
/// the message's lines alone.
struct Object<R> {
    input: R,
    holder: Holder,
    header_lines: u64,
    is_in_header: bool,
    is_at_line_start: bool,
}

impl<R> Object<R> {
    fn of(kind: &str, input: R) -> Self {
        let holder = match kind {
            "commit" => Holder::Message,
            "tag" => Holder::Tag,
            _ => Holder::File,
        };
        Self { input, holder, header_lines: 0, is_in_header: holder != Holder::File, is_at_line_start: true }
    }

    /// Tells a finding what of the object holds it, and at which line.
    fn place(&self, finding: &mut Finding) {
        let mut holder = self.holder;
        match finding.place.line.checked_sub(self.header_lines) {
            Some(line) if line > 0 => finding.place.line = line,
            _ if holder == Holder::Message => holder = Holder::CommitHeader,
            _ => {}
        }
        finding.history = Some(History { holder, versions: 1, is_in_head: false });
    }
}

impl<R: Read> Read for Object<R> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        let read = self.input.read(bytes)?;
        for byte in bytes.iter().take(read) {
            if !self.is_in_header {
                break;
            }
            let is_line_end = *byte == b'\n';
            self.header_lines += u64::from(is_line_end);
            self.is_in_header = !(is_line_end && self.is_at_line_start);
            self.is_at_line_start = is_line_end;
        }
        Ok(read)
    }
}
