//! Archives of text: tar, zip and gzip, also inside each other, with bounds on all that they claim.

mod tar;
mod zip;

use std::cell::Cell;
use std::io::Read;

use flate2::read::MultiGzDecoder;

use crate::reader::{Buffer, Source, Tally, scan_within};
use crate::text::Kind;

/// How much is unpacked of one archive, all its entries and the archives inside it together.
pub const MOST_BYTES: u64 = 1 << 30;
/// How many entries of one archive are looked at, those of the archives inside it among them.
pub const MOST_ENTRIES: usize = 100_000;
/// How large a zip archive may be: its list of entries stands at its end, so that it is read whole.
pub const MOST_ZIP: u64 = 256 << 20;

/// Scans what the archive holds. What is damaged, or beyond the bounds, is told as unread. One that lies in another draws on
/// that one's budget.
pub(crate) fn scan(kind: Kind, input: &mut dyn Read, source: &Source, tally: &mut Tally, budget: Option<&Budget>) {
    let own = Budget::new();
    let budget = budget.unwrap_or(&own);
    let result = match kind {
        Kind::Gzip => gzip(input, source, tally, budget),
        Kind::Tar => tar::scan(input, source, tally, budget),
        Kind::Zip => zip::scan(input, source, tally, budget),
        _ => Ok(()),
    };
    if let Err(because) = result {
        tally.unread(&source.path, because);
    }
}

/// What an archive may still give, however deep its parts lie: bombs are bombs because archives lie in archives.
pub(crate) struct Budget {
    bytes: Cell<u64>,
    entries: Cell<usize>,
}

impl Budget {
    const fn new() -> Self {
        Self { bytes: Cell::new(MOST_BYTES), entries: Cell::new(MOST_ENTRIES) }
    }

    /// Counts an entry.
    fn begin(&self) -> Result<(), String> {
        let left = self.entries.get().checked_sub(1);
        self.entries.set(left.ok_or_else(|| format!("it has more than {MOST_ENTRIES} entries"))?);
        Ok(())
    }

    /// Scans an entry that lies there as it is.
    fn entry(
        &self,
        input: &mut dyn Read,
        name: &str,
        buffer: &mut Buffer,
        source: &Source,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let inner = Source {
            commit: source.commit.clone(),
            path: format!("{}!{}", source.path, name),
            archives: source.archives.saturating_sub(1),
            setting: source.setting,
        };
        scan_within(input, &inner, buffer, tally, Some(self)).map_err(|error| format!("damaged: {error}"))
    }

    /// Scans an entry that is unpacked on the way, of which no more is read than is left.
    fn unpacked(
        &self,
        input: &mut dyn Read,
        name: &str,
        buffer: &mut Buffer,
        source: &Source,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let mut bounded = Bounded { input, left: &self.bytes, is_spent: false };
        let result = self.entry(&mut bounded, name, buffer, source, tally);
        match bounded.is_spent {
            true => Err(format!("it holds more than {} MiB", MOST_BYTES >> 20)),
            false => result,
        }
    }
}

/// A reader that ends when the budget does, and says so.
struct Bounded<'a> {
    input: &'a mut dyn Read,
    left: &'a Cell<u64>,
    is_spent: bool,
}

impl Read for Bounded<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> std::io::Result<usize> {
        if self.left.get() == 0 {
            // Whether there is more is known by one byte more.
            self.is_spent = self.is_spent || self.input.read(&mut [0])? > 0;
            return Ok(0);
        }
        let most = usize::try_from(self.left.get()).unwrap_or(usize::MAX).min(bytes.len());
        let read = self.input.read(bytes.get_mut(..most).unwrap_or_default())?;
        // What lies inside was counted while this was waiting for it.
        self.left.set(self.left.get().saturating_sub(read as u64));
        Ok(read)
    }
}

fn gzip(input: &mut dyn Read, source: &Source, tally: &mut Tally, budget: &Budget) -> Result<(), String> {
    let name = source.path.rsplit(['/', '!']).next().unwrap_or_default();
    let name = match name.strip_suffix(".gz").or_else(|| name.strip_suffix(".tgz")) {
        Some(stem) => stem.to_owned(),
        None => "content".to_owned(),
    };
    budget.begin()?;
    budget.unpacked(&mut MultiGzDecoder::new(input), &name, &mut Buffer::default(), source, tally)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn source() -> Source {
        Source { commit: None, path: "a".to_owned(), archives: 3, setting: None }
    }

    /// What is packed may be a million times as large: no more is unpacked than the budget has.
    #[test]
    fn a_budget_ends_and_says_so() {
        let mut tally = Tally::default();
        let budget = Budget { bytes: Cell::new(1000), entries: Cell::new(2) };
        let mut entry = |length: u64| {
            let mut input = std::io::repeat(b' ').take(length);
            let result = budget.unpacked(&mut input, "b", &mut Buffer::default(), &source(), &mut tally);
            (result.is_ok(), budget.bytes.get())
        };
        assert_eq!(entry(600), (true, 400));
        assert_eq!(entry(1 << 40), (false, 0));
        assert_eq!(entry(1), (false, 0));
        assert_eq!(tally.bytes, 1000);
        assert!(budget.begin().is_ok() && budget.begin().is_ok() && budget.begin().is_err());
    }

    /// A hundred small archives in one are one bomb: what lies inside draws on the same budget.
    #[test]
    fn archives_inside_draw_on_the_same_budget() {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&b" ".repeat(10_000)).unwrap();
        let packed = packer.finish().unwrap();
        let budget = Budget { bytes: Cell::new(15_000), entries: Cell::new(100) };
        let mut tally = Tally::default();
        for _ in 0..5 {
            budget.entry(&mut packed.as_slice(), "b", &mut Buffer::default(), &source(), &mut tally).unwrap();
        }
        assert_eq!((tally.bytes, tally.unread.len()), (15_000, 4));
    }
}
