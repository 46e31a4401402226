//! The text that somebody gives: a log's file, or standard input.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use flarekeep_diagnosis::pasted::LONGEST;

use crate::arguments;
use crate::error::CommandError;

/// How long something may take to come through a pipe that nobody said to read.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much of a long text's beginning and of its end is read: most tools fail at the end of what they print.
const BEGINNING: usize = LONGEST / 4;
const ENDING: usize = LONGEST / 2;
/// The most bytes that are taken from where a text comes from: some never end.
const MOST: u64 = 1 << 30;

/// A text, and how many bytes of its middle were left out.
pub(super) struct Text {
    pub(super) text: String,
    pub(super) left_out: u64,
}

impl Text {
    /// What was left out, where something was.
    pub(super) fn left_out(&self) -> Option<String> {
        const MIB: u64 = 1 << 20;
        let mib = self.left_out.div_ceil(MIB);
        (mib > 0)
            .then(|| format!("of the text its beginning and its end were read, and {mib} MiB between them were not"))
    }
}

/// The text that is to be explained; none where the call is to be made.
pub(super) fn given(arguments: &arguments::Why) -> Result<Option<Text>, CommandError> {
    if let Some(file) = arguments.log.as_deref().filter(|file| *file != Path::new("-")) {
        let shown = file.display();
        let opened = File::open(file).map_err(|error| {
            CommandError::usage(format!("cannot read `{shown}`: {error}"))
                .hint("give the log's file, or - to paste the text")
        })?;
        return read(opened, &format!("`{shown}`")).map(Some);
    }
    if arguments.input.is_some() || arguments.log.is_some() {
        return read(std::io::stdin(), "standard input").map(Some);
    }
    Ok(if is_fed() { piped() } else { None })
}

fn read(mut from: impl Read, name: &str) -> Result<Text, CommandError> {
    let failed = |error| CommandError::usage(format!("cannot read {name}: {error}"));
    let mut head = Vec::new();
    from.by_ref().take(LONGEST as u64 + 1).read_to_end(&mut head).map_err(failed)?;
    // PowerShell writes files in UTF-16.
    let wide = head.starts_with(&[0xff, 0xfe]);
    if head.len() <= LONGEST {
        return Ok(Text { text: decoded(&head, wide), left_out: 0 });
    }
    let rest = head.split_off(BEGINNING);
    let mut tail = Tail { kept: rest, left_out: 0, lines: 0 };
    let mut piece = vec![0; 1 << 16];
    let mut taken = LONGEST as u64 + 1;
    while taken < MOST {
        let read = match from.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(failed(error)),
        };
        taken += read as u64;
        tail.kept.extend_from_slice(&piece[..read]);
        tail.shorten(2 * ENDING);
    }
    tail.shorten(ENDING);
    // As many empty lines as were left out: the numbers of the lines behind stay right.
    let gap = tail.lines.min(LONGEST - BEGINNING - ENDING);
    let text = decoded(&head, wide) + &"\n".repeat(gap) + &decoded(&tail.kept, wide);
    Ok(Text { text, left_out: tail.left_out })
}

/// The end of a text that is still being read.
struct Tail {
    kept: Vec<u8>,
    left_out: u64,
    /// The line ends within what was left out.
    lines: usize,
}

impl Tail {
    /// Leaves out the beginning of what is longer than `most` until [`ENDING`] is left.
    fn shorten(&mut self, most: usize) {
        if self.kept.len() <= most {
            return;
        }
        // An even number: units of UTF-16 stay whole.
        let out = (self.kept.len() - ENDING) & !1;
        self.lines += self.kept.drain(..out).filter(|byte| *byte == b'\n').count();
        self.left_out += out as u64;
    }
}

fn decoded(bytes: &[u8], wide: bool) -> String {
    if !wide {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let units = bytes.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
    let text = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER));
    text.skip_while(|c| *c == '\u{feff}').collect()
}

/// Whether standard input is a pipe or a file, as in `echo '{…}' | flarekeep why …`.
fn is_fed() -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata("/dev/stdin").is_ok_and(|stdin| stdin.file_type().is_fifo() || stdin.file_type().is_file())
}

/// What comes through the pipe at once; none where nothing does: a script's own input may stay open and silent.
fn piped() -> Option<Text> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(read(std::io::stdin(), "standard input")));
    receiver.recv_timeout(PATIENCE).ok()?.ok().filter(|given| !given.text.trim().is_empty())
}
