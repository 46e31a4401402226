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

/// The text that is to be explained; none where the call is to be made.
pub(super) fn given(arguments: &arguments::Why) -> Result<Option<String>, CommandError> {
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

fn read(from: impl Read, name: &str) -> Result<String, CommandError> {
    let mut bytes = Vec::new();
    from.take(u64::try_from(LONGEST).unwrap_or(u64::MAX))
        .read_to_end(&mut bytes)
        .map_err(|error| CommandError::usage(format!("cannot read {name}: {error}")))?;
    // PowerShell writes files in UTF-16.
    Ok(match bytes.strip_prefix(&[0xff, 0xfe]) {
        Some(wide) => {
            let units = wide.chunks_exact(2).filter_map(|pair| Some(u16::from_le_bytes(pair.try_into().ok()?)));
            char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
        }
        None => String::from_utf8_lossy(&bytes).into_owned(),
    })
}

/// Whether standard input is a pipe or a file, as in `echo '{…}' | flarekeep why …`.
fn is_fed() -> bool {
    use std::os::unix::fs::FileTypeExt;
    std::fs::metadata("/dev/stdin").is_ok_and(|stdin| stdin.file_type().is_fifo() || stdin.file_type().is_file())
}

/// What comes through the pipe at once; none where nothing does: a script's own input may stay open and silent.
fn piped() -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(read(std::io::stdin(), "standard input")));
    receiver.recv_timeout(PATIENCE).ok()?.ok().filter(|text| !text.trim().is_empty())
}
