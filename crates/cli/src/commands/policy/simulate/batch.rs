//! `flarekeep policy simulate --batch`: JSON lines in, JSON lines out, in their order, on every core.
//!
//! Blocks of whole lines go round the workers, and their answers are taken in the same turn: so the order is kept
//! without a word about it. A block is what one read gives, so that a pipe is answered as it speaks.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;

use flarekeep_policy::{Batch, Tally, UnixSeconds};

use crate::context::Context;
use crate::error::CommandError;
use crate::output::mask::masked;
use crate::output::{counted, plain, written};
use crate::sources::file;
use crate::{CommandResult, Verdict};

/// How much is read at once.
const BLOCK: usize = 1 << 18;
/// How many blocks wait for a worker, and how many answers wait for their turn.
const WAITING: usize = 2;
/// A longer line is no call; nothing is read on.
const LONGEST_LINE: usize = 64 << 20;

pub(super) fn run(context: &Context, path: &Path, now: UnixSeconds) -> CommandResult {
    let shown = plain(&path.display().to_string());
    let unreadable = |error: &io::Error| {
        CommandError::usage(format!("cannot read the calls `{shown}`"))
            .because(error.to_string())
            .hint("a line is {\"token\":{…},\"method\":\"GET\",\"path\":\"/zones/…\",\"account\":ID,\"user\":ID}")
    };
    let from: Box<dyn Read> = if path == Path::new("-") {
        Box::new(file::stdin()?.lock())
    } else {
        Box::new(File::open(path).map_err(|error| unreadable(&error))?)
    };
    let tally = answer(from, now).map_err(|error| unreadable(&error))?;
    context.output.detail(format!("{}, {} allowed", counted_lines(tally.lines), tally.allowed));
    match tally.malformed {
        0 => Ok(Verdict::Yes),
        malformed => {
            Err(CommandError::usage(format!("{malformed} of {} could not be read", counted_lines(tally.lines)))
                .because("each has its error in its place, and the others are answered")
                .hint("a line is {\"token\":{…},\"method\":\"GET\",\"path\":\"/zones/…\",\"account\":ID,\"user\":ID}"))
        }
    }
}

fn counted_lines(lines: u64) -> String {
    counted(usize::try_from(lines).unwrap_or(usize::MAX), "line")
}

/// Whole lines, which are the first `length` bytes of the buffer, and the number of the first.
struct Block {
    buffer: Vec<u8>,
    length: usize,
    first: u64,
}

fn answer(from: impl Read, now: UnixSeconds) -> io::Result<Tally> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        let (used, spare) = channel();
        for _ in 0..workers {
            let (input, blocks) = sync_channel::<Block>(WAITING);
            let (answers, output) = sync_channel(WAITING);
            let used = used.clone();
            scope.spawn(move || work(now, &blocks, &answers, &used));
            inputs.push(input);
            outputs.push(output);
        }
        let writer = scope.spawn(move || write(outputs));
        // The inputs end with the reading, then the workers, then the writer.
        let read = read(Lines { from, begun: Vec::new() }, inputs, &spare);
        let tally = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read.map(|()| tally)
    })
}

/// Answers blocks, and gives their buffers back.
fn work(now: UnixSeconds, blocks: &Receiver<Block>, answers: &SyncSender<(String, Tally)>, used: &Sender<Vec<u8>>) {
    let mut batch = Batch::new(now);
    for Block { buffer, length, first } in blocks {
        let mut out = String::with_capacity(length / 16);
        let tally = batch.answer_lines(&buffer[..length], first, &mut out);
        // An error repeats a value of another kind than was expected, and that may be a credential.
        if tally.malformed > 0 {
            out = masked_errors(&out);
        }
        if answers.send((out, tally)).is_err() {
            return;
        }
        // Once all is read, nobody wants it.
        let _ = used.send(buffer);
    }
}

/// The answers, with their errors masked.
fn masked_errors(answers: &str) -> String {
    let line = |line: &'_ str| if line.starts_with("{\"error\"") { masked(line) } else { line.to_owned() };
    answers.split_inclusive('\n').map(line).collect()
}

/// Writes the answers, each worker's in its turn. Where nobody reads on it ends, and drops what the workers wait for.
#[allow(clippy::needless_pass_by_value)]
fn write(outputs: Vec<Receiver<(String, Tally)>>) -> Tally {
    let mut all = Tally::default();
    let mut out = io::stdout().lock();
    for output in outputs.iter().cycle() {
        let Ok((text, tally)) = output.recv() else { break };
        if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            written(Err(error));
            break;
        }
        all.lines += tally.lines;
        all.allowed += tally.allowed;
        all.malformed += tally.malformed;
    }
    all
}

/// Reads to the end. The workers are taken by value: they end when this does.
#[allow(clippy::needless_pass_by_value)]
fn read(mut lines: Lines<impl Read>, workers: Vec<SyncSender<Block>>, spare: &Receiver<Vec<u8>>) -> io::Result<()> {
    let mut first = 1;
    for worker in workers.iter().cycle() {
        let mut buffer = spare.try_recv().unwrap_or_default();
        let length = lines.fill(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        let lines = Batch::count_lines(&buffer[..length]);
        if worker.send(Block { buffer, length, first }).is_err() {
            return Ok(());
        }
        first += lines;
    }
    Ok(())
}

/// What is read, in whole lines.
struct Lines<R> {
    from: R,
    /// The beginning of the next line.
    begun: Vec<u8>,
}

impl<R: Read> Lines<R> {
    /// Puts what can be read now into the buffer, up to the end of a line, and returns its length: 0 at the end. The
    /// buffer may be longer before and after, so that it is not cleared for every block.
    fn fill(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let mut end = self.begun.len();
        buffer.resize(buffer.len().max(end + BLOCK), 0);
        buffer[..end].copy_from_slice(&self.begun);
        self.begun.clear();
        loop {
            let read = match self.from.read(&mut buffer[end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                return Ok(end);
            }
            let before = end;
            end += read;
            if let Some(newline) = buffer[before..end].iter().rposition(|byte| *byte == b'\n') {
                let length = before + newline + 1;
                self.begun.extend_from_slice(&buffer[length..end]);
                return Ok(length);
            }
            if end > LONGEST_LINE {
                return Err(io::Error::other("a line is longer than 64 MiB"));
            }
            if end == buffer.len() {
                buffer.resize(end + BLOCK, 0);
            }
        }
    }
}
