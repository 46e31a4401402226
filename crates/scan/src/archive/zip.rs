//! zip (PKWARE's APPNOTE): the list of entries at the end says where each lies; stored and deflated ones are read.

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::{Budget, MOST_ZIP};
use crate::reader::{Buffer, Source, Tally};

const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
const ENTRY_LENGTH: usize = 46;
const LOCAL_LENGTH: usize = 30;
/// The end's record, with the longest comment.
const LONGEST_END: usize = 22 + 0xffff;
const ENCRYPTED: u16 = 1;

pub(super) fn scan(input: &mut dyn Read, source: &Source, tally: &mut Tally, budget: &Budget) -> Result<(), String> {
    let mut bytes = Vec::new();
    input.take(MOST_ZIP + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MOST_ZIP {
        return Err(format!("it is larger than {} MiB", MOST_ZIP >> 20));
    }
    let end = bytes.len().saturating_sub(LONGEST_END);
    let tail = bytes.get(end..).unwrap_or_default();
    let end = memchr::memmem::rfind(tail, END)
        .and_then(|at| tail.get(at..))
        .ok_or("damaged: its list of entries is missing")?;
    let mut at = u32_at(end, 16).ok_or("damaged: its end is cut")? as usize;
    let mut buffer = Buffer::default();
    while let Some(entry) = bytes.get(at..).filter(|rest| rest.starts_with(ENTRY)) {
        let read = |offset| u16_at(entry, offset).map(usize::from);
        let (Some(name), Some(extra), Some(comment)) = (read(28), read(30), read(32)) else {
            return Err("damaged: an entry is cut".to_owned());
        };
        one(&bytes, entry, name, budget, &mut buffer, source, tally)?;
        at += ENTRY_LENGTH + name + extra + comment;
    }
    Ok(())
}

/// Scans one entry of the list.
fn one(
    bytes: &[u8],
    entry: &[u8],
    name: usize,
    budget: &Budget,
    buffer: &mut Buffer,
    source: &Source,
    tally: &mut Tally,
) -> Result<(), String> {
    budget.begin()?;
    let damaged = || "damaged: an entry lies nowhere".to_owned();
    let name = String::from_utf8_lossy(entry.get(ENTRY_LENGTH..ENTRY_LENGTH + name).ok_or_else(damaged)?).into_owned();
    if name.ends_with('/') {
        return Ok(());
    }
    let (flags, method) = (u16_at(entry, 8).ok_or_else(damaged)?, u16_at(entry, 10).ok_or_else(damaged)?);
    let path = format!("{}!{name}", source.path);
    if flags & ENCRYPTED != 0 {
        tally.unread(&path, "it is encrypted");
        return Ok(());
    }
    let (packed, offset) = (u32_at(entry, 20).ok_or_else(damaged)?, u32_at(entry, 42).ok_or_else(damaged)?);
    let local = bytes.get(offset as usize..).filter(|rest| rest.starts_with(LOCAL)).ok_or_else(damaged)?;
    let skipped = u16_at(local, 26).zip(u16_at(local, 28)).map(|(name, extra)| usize::from(name) + usize::from(extra));
    let content = local.get(LOCAL_LENGTH + skipped.ok_or_else(damaged)?..).ok_or_else(damaged)?;
    let content = content.get(..packed as usize).unwrap_or(content);
    let result = match method {
        0 => budget.unpacked(&mut { content }, &name, buffer, source, tally),
        8 => budget.unpacked(&mut DeflateDecoder::new(content), &name, buffer, source, tally),
        _ => {
            tally.unread(&path, format!("it is packed in a way (method {method}) that is not read"));
            return Ok(());
        }
    };
    match result {
        // One damaged entry is no reason to pass over the others.
        Err(because) if because.starts_with("damaged") => {
            tally.unread(&path, because);
            Ok(())
        }
        other => other,
    }
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}
