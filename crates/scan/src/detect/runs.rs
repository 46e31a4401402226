//! Runs of characters of which credentials consist.

use std::ops::Range;

/// The least run that can hold a credential: a Global API key without a prefix.
pub(super) const LEAST: usize = 37;
/// How many bytes are looked at together.
const BLOCK: usize = 16;
/// How far it is to the next: however a run of [`LEAST`] lies, one of the blocks lies in it.
const STEP: usize = LEAST - BLOCK + 1;

/// Whether credentials consist of such bytes: letters, digits, `_` and `-`.
const IN_RUN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        #[allow(clippy::cast_possible_truncation)]
        let c = byte as u8;
        // In range: the loop ends at 256.
        #[allow(clippy::indexing_slicing)]
        {
            table[byte] = c.is_ascii_alphanumeric() || c == b'_' || c == b'-';
        }
        byte += 1;
    }
    table
};

/// Whether the byte may stand in a credential's run.
#[must_use]
pub fn is_in_run(byte: u8) -> bool {
    // INVARIANT: a table of 256 has every byte.
    IN_RUN.get(usize::from(byte)).copied().unwrap_or(false)
}

/// Hands out every run of at least [`LEAST`] bytes that cannot be made longer.
///
/// It looks at a block in every [`STEP`] bytes, with a few comparisons for all of its bytes, and closer only where they may all
/// be in a run.
pub(super) fn for_each(data: &[u8], mut take: impl FnMut(Range<usize>)) {
    let (mut at, mut end) = (0, 0);
    while let Some(block) = next(data, at) {
        at = block + STEP;
        if let Some(run) = around(data, block, end) {
            // Behind a run's end is a byte that is in none.
            (at, end) = (run.end + 1, run.end);
            take(run);
        }
    }
}

/// The next block, from here on, that may be in a run.
fn next(data: &[u8], at: usize) -> Option<usize> {
    let (steps, last) = data.get(at..)?.as_chunks::<STEP>();
    let found = steps.iter().position(|step| step.first_chunk().is_some_and(may_be_in_run));
    let last = || last.first_chunk().is_some_and(may_be_in_run).then_some(steps.len());
    found.or_else(last).map(|steps| at + steps * STEP)
}

/// The run around this block, if there is one that is long enough; none begins before `from`. Not a part of the loop above, whose
/// few comparisons the compiler would no more make for all bytes at once.
#[inline(never)]
fn around(data: &[u8], block: usize, from: usize) -> Option<Range<usize>> {
    let (mut start, mut end) = (block, block);
    let near = block.checked_sub(BEFORE).and_then(|at| data.get(at..)?.first_chunk());
    if let Some(bits) = near.map(bits_in_run) {
        start -= (bits << (u64::BITS as usize - BEFORE)).leading_ones() as usize;
        end += (bits >> BEFORE).trailing_ones() as usize;
        if end - start < LEAST {
            return None;
        }
    }
    let before = data.get(from..start).unwrap_or_default();
    start = before.iter().rposition(|byte| !is_in_run(*byte)).map_or(from, |found| from + found + 1);
    while data.get(end..).and_then(|rest| rest.first_chunk()).is_some_and(is_all_in_run) {
        end += BLOCK;
    }
    let rest = data.get(end..).unwrap_or_default();
    end += rest.iter().position(|byte| !is_in_run(*byte)).unwrap_or(rest.len());
    (end - start >= LEAST).then_some(start..end)
}

/// How much before a block is looked at with it. Of most blocks the 64 bytes from there on tell that no run around them is long
/// enough: it would have to be longer on one side than they show.
const BEFORE: usize = 24;

/// A bit for each byte that is in a run, the first byte's the lowest.
fn bits_in_run(bytes: &[u8; 64]) -> u64 {
    let mut flags = [0; 64];
    for (flag, byte) in flags.iter_mut().zip(bytes) {
        *flag = u8::from(is_one_in_run(*byte));
    }
    let (eights, _) = flags.as_chunks::<8>();
    // Each factor brings the lowest bit of one of eight bytes to its place among the highest eight bits.
    let bits = eights.iter().map(|eight| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56);
    bits.rev().fold(0, |all, bits| all << 8 | bits)
}

/// Whether all of the bytes may be in a run: a test that is quick, and passes a few others.
fn may_be_in_run(block: &[u8; BLOCK]) -> bool {
    let outside = |byte: u8| {
        // As numbers with a sign, those that are no ASCII are the lowest.
        let low = (byte.cast_signed() < b'0'.cast_signed()) & (byte != b'-');
        u8::from(low | (byte.wrapping_sub(b':') < 7))
    };
    block.iter().fold(0, |any, byte| any | outside(*byte)) == 0
}

/// Whether all of the bytes are in a run. Without a branch, so that the compiler compares all of them at once.
#[inline(never)]
fn is_all_in_run(block: &[u8; BLOCK]) -> bool {
    block.iter().fold(0, |any, byte| any | u8::from(!is_one_in_run(*byte))) == 0
}

/// As [`is_in_run`], by comparisons.
#[inline]
fn is_one_in_run(byte: u8) -> bool {
    let letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let digit = byte.wrapping_sub(b'0') < 10;
    letter | digit | (byte == b'_') | (byte == b'-')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(data: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        for_each(data, |run| found.push(run));
        found
    }

    fn naive(data: &[u8]) -> Vec<Range<usize>> {
        let mut found = Vec::new();
        let mut start = 0;
        for piece in data.split(|byte| !(byte.is_ascii_alphanumeric() || b"_-".contains(byte))) {
            if piece.len() >= LEAST {
                found.push(start..start + piece.len());
            }
            start += piece.len() + 1;
        }
        found
    }

    #[test]
    fn a_run_is_found_at_either_end() {
        let run = "a".repeat(LEAST);
        assert_eq!(found(run.as_bytes()).first(), Some(&(0..LEAST)));
        assert_eq!(found(format!(" {run} ").as_bytes()).first(), Some(&(1..LEAST + 1)));
        assert!(found(&run.as_bytes()[1..]).is_empty());
    }

    #[test]
    fn a_block_is_told_as_its_bytes_are() {
        for byte in 0..=255_u8 {
            for at in 0..BLOCK {
                let mut block = [b'a'; BLOCK];
                block[at] = byte;
                assert_eq!(is_all_in_run(&block), is_in_run(byte), "{byte}");
            }
        }
    }

    #[test]
    fn a_run_is_found_wherever_it_lies() {
        for before in 0..3 * STEP {
            let text = format!("{}{}{}", " ".repeat(before), "a".repeat(LEAST), " ".repeat(before % 7));
            assert_eq!(found(text.as_bytes()).first(), Some(&(before..before + LEAST)));
        }
    }

    proptest! {
        #[test]
        fn it_agrees_with_the_naive_way(text in "([a-zA-Z0-9_-]{1,90}[ .=/@\\[`{é]{0,2}){0,20}") {
            prop_assert_eq!(found(text.as_bytes()), naive(text.as_bytes()));
        }
    }
}
