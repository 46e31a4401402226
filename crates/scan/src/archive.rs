//! Archives of text: tar, zip and gzip, also inside each other, with bounds on all that they claim.

mod tar;
mod zip;

use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::reader::{Buffer, Source, Tally, scan_reader};
use crate::text::Kind;

/// How much of one archive is looked at, all its entries together.
pub const MOST_BYTES: u64 = 1 << 30;
/// How many entries of one archive are looked at.
pub const MOST_ENTRIES: usize = 100_000;
/// How large a zip archive may be: its list of entries stands at its end, so that it is read whole.
pub const MOST_ZIP: u64 = 256 << 20;

/// Scans what the archive holds. What is damaged, or beyond the bounds, is told as unread.
pub(crate) fn scan(kind: Kind, input: &mut dyn Read, source: &Source, tally: &mut Tally) {
    let result = match kind {
        Kind::Gzip => gzip(input, source, tally),
        Kind::Tar => tar::scan(input, source, tally),
        Kind::Zip => zip::scan(input, source, tally),
        _ => Ok(()),
    };
    if let Err(because) = result {
        tally.unread(&source.path, because);
    }
}

/// What one archive may still give.
struct Budget {
    bytes: u64,
    entries: usize,
}

impl Budget {
    const fn new() -> Self {
        Self { bytes: MOST_BYTES, entries: MOST_ENTRIES }
    }

    /// Scans one entry, of which no more is read than is left.
    fn entry(
        &mut self,
        input: &mut dyn Read,
        name: &str,
        buffer: &mut Buffer,
        source: &Source,
        tally: &mut Tally,
    ) -> Result<(), String> {
        self.entries = self.entries.checked_sub(1).ok_or_else(|| format!("it has more than {MOST_ENTRIES} entries"))?;
        let path = format!("{}!{}", source.path, name);
        let inner = Source {
            commit: source.commit.clone(),
            path,
            archives: source.archives.saturating_sub(1),
            setting: source.setting,
        };
        let mut bounded = Bounded { input, left: self.bytes, is_spent: false };
        let result = scan_reader(&mut bounded, &inner, buffer, tally);
        self.bytes = bounded.left;
        if bounded.is_spent {
            return Err(format!("it holds more than {} MiB", MOST_BYTES >> 20));
        }
        result.map_err(|error| format!("damaged: {error}"))
    }
}

/// A reader that ends when the budget does, and says so.
struct Bounded<'a> {
    input: &'a mut dyn Read,
    left: u64,
    is_spent: bool,
}

impl Read for Bounded<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            // Whether there is more is known by one byte more.
            self.is_spent = self.is_spent || self.input.read(&mut [0])? > 0;
            return Ok(0);
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
        let read = self.input.read(bytes.get_mut(..most).unwrap_or_default())?;
        self.left -= read as u64;
        Ok(read)
    }
}

fn gzip(input: &mut dyn Read, source: &Source, tally: &mut Tally) -> Result<(), String> {
    let mut name = source.path.rsplit(['/', '!']).next().unwrap_or_default().to_owned();
    name = match name.strip_suffix(".gz").or_else(|| name.strip_suffix(".tgz")) {
        Some(stem) => stem.to_owned(),
        None => "content".to_owned(),
    };
    let mut unpacked = MultiGzDecoder::new(input);
    Budget::new().entry(&mut unpacked, &name, &mut Buffer::default(), source, tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is packed may be a million times as large: no more is unpacked than the budget has.
    #[test]
    fn a_budget_ends_and_says_so() {
        let source = Source { commit: None, path: "a".to_owned(), archives: 1, setting: None };
        let mut tally = Tally::default();
        let mut budget = Budget { bytes: 1000, entries: 2 };
        let mut entry = |length: u64| {
            let result =
                budget.entry(&mut std::io::repeat(b' ').take(length), "b", &mut Buffer::default(), &source, &mut tally);
            (result.is_ok(), budget.bytes)
        };
        assert_eq!(entry(600), (true, 400));
        assert_eq!(entry(1 << 40), (false, 0));
        assert_eq!(entry(1), (false, 0));
        assert_eq!(tally.bytes, 1000);
    }
}
