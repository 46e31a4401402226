//! What is no leak because somebody says so, with a reason: a comment beside it.

use std::ops::Range;

/// The comment: `flarekeep:allow a token of the test's own emulator`.
const MARK: &[u8] = b"flarekeep:allow";
/// How much of a line is looked at.
const LINE: usize = 1024;
/// A reason has at least so many letters.
const LEAST_REASON: usize = 8;

/// Whether the line of what stands at `place`, or the line above it, allows it and says why.
#[must_use]
pub fn is_allowed(data: &[u8], place: Range<usize>) -> bool {
    let from = place.start.saturating_sub(LINE);
    let before = data.get(from..place.start).unwrap_or_default();
    let own = before.iter().rposition(|byte| *byte == b'\n');
    let above = own.and_then(|own| before.get(..own)).and_then(|before| before.iter().rposition(|byte| *byte == b'\n'));
    let start = match (own, above) {
        (_, Some(above)) => from + above + 1,
        (_, None) => from,
    };
    let behind = data.get(place.end..data.len().min(place.end.saturating_add(LINE))).unwrap_or_default();
    let end = place.end + behind.iter().position(|byte| *byte == b'\n').unwrap_or(behind.len());
    let lines = data.get(start..end).unwrap_or_default();
    lines.split(|byte| *byte == b'\n').any(has_reason)
}

fn has_reason(line: &[u8]) -> bool {
    let Some(at) = memchr::memmem::find(line, MARK) else { return false };
    let reason = line.get(at + MARK.len()..).unwrap_or_default();
    reason.iter().filter(|byte| byte.is_ascii_alphabetic()).count() >= LEAST_REASON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_with_a_reason_allows_its_line_and_the_next() {
        let allowed = |text: &str| {
            let at = text.find("VALUE").unwrap();
            is_allowed(text.as_bytes(), at..at + 5)
        };
        assert!(allowed("a = VALUE # flarekeep:allow of the emulator alone"));
        assert!(allowed("# flarekeep:allow of the emulator alone\na = VALUE\n"));
        assert!(!allowed("# flarekeep:allow of the emulator alone\n\na = VALUE\n"));
        assert!(!allowed("a = VALUE # flarekeep:allow"));
        assert!(!allowed("a = VALUE\n# flarekeep:allow of the emulator alone"));
        assert!(!allowed("VALUE"));
    }
}
