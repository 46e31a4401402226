//! Runs of characters of which credentials consist.

use std::ops::Range;

/// The least run that can hold a credential: the prefix and half of a body, or an id.
pub(super) const LEAST: usize = 32;

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
/// It looks at the last byte of the next [`LEAST`] and goes back from there: at the first byte that is in no run it knows
/// that none begins before, and skips the rest unseen.
pub(super) fn for_each(data: &[u8], mut take: impl FnMut(Range<usize>)) {
    let mut start = 0;
    while let Some(window) = data.get(start..start + LEAST) {
        if let Some(at) = window.iter().rposition(|byte| !is_in_run(*byte)) {
            start += at + 1;
            continue;
        }
        let rest = data.get(start + LEAST..).unwrap_or_default();
        let more = rest.iter().position(|byte| !is_in_run(*byte)).unwrap_or(rest.len());
        let end = start + LEAST + more;
        take(start..end);
        start = end + 1;
    }
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

    proptest! {
        #[test]
        fn it_agrees_with_the_naive_way(text in "([a-z0-9]{1,70}[ .=/]{0,2}){0,20}") {
            prop_assert_eq!(found(text.as_bytes()), naive(text.as_bytes()));
        }
    }
}
