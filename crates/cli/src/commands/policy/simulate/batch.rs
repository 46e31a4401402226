//! `flarekeep policy simulate --batch`: JSON lines in, JSON lines out, in their order, on every core.
//!
//! Blocks of whole lines go round the workers, and their answers are taken in the same turn: so the order is kept
//! without a word about it. A block is what one read gives, so that a pipe is answered as it speaks.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flarekeep_policy::{Batch, Tally, UnixSeconds};

use crate::context::Context;
use crate::error::CommandError;
use crate::output::mask::masked;
use crate::output::{counted, plain, written};
use crate::{CommandResult, Verdict};

/// How much is read at once.
const BLOCK: usize = 1 << 20;
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
        Box::new(io::stdin().lock())
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

/// Whole lines, and the number of the first.
struct Block {
    text: Vec<u8>,
    first: u64,
}

fn answer(from: impl Read, now: UnixSeconds) -> io::Result<Tally> {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
        for _ in 0..workers {
            let (input, blocks) = sync_channel::<Block>(WAITING);
            let (answers, output) = sync_channel(WAITING);
            scope.spawn(move || work(now, &blocks, &answers));
            inputs.push(input);
            outputs.push(output);
        }
        let writer = scope.spawn(move || write(outputs));
        // The inputs end with the reading, then the workers, then the writer.
        let read = read(from, inputs);
        let tally = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        read.map(|()| tally)
    })
}

fn work(now: UnixSeconds, blocks: &Receiver<Block>, answers: &SyncSender<(String, Tally)>) {
    let mut batch = Batch::new(now);
    for block in blocks {
        let mut out = String::new();
        let tally = batch.answer_lines(&block.text, block.first, &mut out);
        // An error repeats a value of another kind than was expected, and that may be a credential.
        if tally.malformed > 0 {
            out = masked_errors(&out);
        }
        if answers.send((out, tally)).is_err() {
            return;
        }
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
fn read(mut from: impl Read, workers: Vec<SyncSender<Block>>) -> io::Result<()> {
    let mut first = 1;
    let mut begun = Vec::new();
    for worker in workers.iter().cycle() {
        let Some(text) = whole_lines(&mut from, &mut begun)? else { return Ok(()) };
        let lines = Batch::count_lines(&text);
        if worker.send(Block { text, first }).is_err() {
            return Ok(());
        }
        first += lines;
    }
    Ok(())
}

/// What can be read now, up to the end of a line; what is begun of the next stays behind. `None` at the end.
fn whole_lines(from: &mut impl Read, begun: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let mut text = std::mem::take(begun);
    loop {
        let before = text.len();
        text.resize(before + BLOCK, 0);
        let read = loop {
            match from.read(&mut text[before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        text.truncate(before + read);
        if read == 0 {
            return Ok((!text.is_empty()).then_some(text));
        }
        if let Some(end) = text[before..].iter().rposition(|byte| *byte == b'\n') {
            *begun = text.split_off(before + end + 1);
            return Ok(Some(text));
        }
        if text.len() > LONGEST_LINE {
            return Err(io::Error::other("a line is longer than 64 MiB"));
        }
    }
}
