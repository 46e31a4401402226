//! tar, as POSIX.1-1988 and GNU write it: blocks of 512 bytes, a header and what it announces.

use std::io::{self, Read};

use super::Budget;
use crate::reader::{Buffer, Source, Tally};

const BLOCK: usize = 512;
/// A longer name is a lie.
const LONGEST_NAME: u64 = 64 << 10;

pub(super) fn scan(input: &mut dyn Read, source: &Source, tally: &mut Tally, budget: &Budget) -> Result<(), String> {
    let mut buffer = Buffer::default();
    let mut long_name: Option<String> = None;
    let mut header = [0; BLOCK];
    loop {
        match input.read_exact(&mut header) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(format!("damaged: {error}")),
        }
        // Two empty blocks end it.
        if header.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
        let size = number(header.get(124..136).unwrap_or_default()).ok_or("damaged: an entry's size is no number")?;
        let kind = header.get(156).copied().unwrap_or_default();
        let mut content = (&mut *input).take(size);
        match kind {
            b'L' => long_name = Some(text(&mut content)?.trim_end_matches('\0').to_owned()),
            b'x' => long_name = pax_path(&text(&mut content)?),
            0 | b'0' | b'7' => {
                budget.begin()?;
                let name = long_name.take().unwrap_or_else(|| name(&header));
                budget.entry(&mut content, &name, &mut buffer, source, tally)?;
            }
            _ => {
                if kind != b'g' && kind != b'K' {
                    long_name = None;
                }
            }
        }
        let left = content.limit();
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        pass(input, left.saturating_add(padding))?;
    }
}

/// Reads past so many bytes; an archive that is cut there ends.
fn pass(input: &mut dyn Read, bytes: u64) -> Result<(), String> {
    io::copy(&mut input.take(bytes), &mut io::sink()).map(drop).map_err(|error| format!("damaged: {error}"))
}

fn text(content: &mut io::Take<impl Read>) -> Result<String, String> {
    if content.limit() > LONGEST_NAME {
        return Err("damaged: a name is longer than any".to_owned());
    }
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|error| format!("damaged: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The path in the records of a pax header: `30 path=…`.
fn pax_path(records: &str) -> Option<String> {
    records.lines().find_map(|record| Some(record.split_once(' ')?.1.strip_prefix("path=")?.to_owned()))
}

fn name(header: &[u8; BLOCK]) -> String {
    let field = |range: std::ops::Range<usize>| {
        let bytes = header.get(range).unwrap_or_default();
        let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
        String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned()
    };
    match field(345..500) {
        prefix if prefix.is_empty() || header.get(257..263) != Some(b"ustar\0") => field(0..100),
        prefix => format!("{prefix}/{}", field(0..100)),
    }
}

/// Octal digits, or GNU's binary form for what they cannot hold.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((0x80, rest)) = field.split_first() {
        let (high, low) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
        return high.iter().all(|byte| *byte == 0).then_some(u64::from_be_bytes(low.try_into().ok()?));
    }
    let digits = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_octal_or_binary() {
        assert_eq!(number(b"00000000017\0"), Some(15));
        assert_eq!(number(b"           \0"), Some(0));
        assert_eq!(number(b"\x80\0\0\0\0\0\0\0\0\0\x01\0"), Some(256));
        assert_eq!(number(b"0000000009\0"), None);
        assert_eq!(number(b"\x80\x01\0\0\0\0\0\0\0\0\x01\0"), None);
    }

    #[test]
    fn a_pax_header_names_the_path() {
        assert_eq!(pax_path("20 mtime=1\n18 path=a/b/c d\n"), Some("a/b/c d".to_owned()));
        assert_eq!(pax_path("nonsense"), None);
    }
}
