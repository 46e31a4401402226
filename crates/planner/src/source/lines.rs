//! Lines of a text that may be of any length, and need not be UTF-8.

use std::io::BufRead;

use super::SourceError;

/// How much of a line is kept.
const LONGEST: usize = 1 << 20;

/// The lines of a text.
pub(super) struct Lines<'a, R> {
    source: &'a str,
    inner: R,
    buffer: Vec<u8>,
    number: usize,
}

/// A line, without its end.
pub(super) struct TextLine<'a> {
    /// Its number, from 1.
    pub(super) number: usize,
    pub(super) text: &'a [u8],
    /// Whether it was longer than what is kept.
    pub(super) is_cut: bool,
}

impl<'a, R: BufRead> Lines<'a, R> {
    pub(super) fn new(source: &'a str, inner: R) -> Self {
        Self { source, inner, buffer: Vec::new(), number: 0 }
    }

    /// The next line; none at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<TextLine<'_>>, SourceError> {
        self.buffer.clear();
        let (mut any, mut is_cut) = (false, false);
        self.number += 1;
        loop {
            let chunk = match self.inner.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let reason = format!("reading stopped: {}", error.kind());
                    return Err(SourceError {
                        source: self.source.to_owned(),
                        line: Some(self.number),
                        column: None,
                        reason,
                    });
                }
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk);
            let line = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            let free = LONGEST - self.buffer.len();
            is_cut |= line.len() > free;
            self.buffer.extend_from_slice(line.get(..free).unwrap_or(line));
            let read = end.map_or(chunk.len(), |end| end + 1);
            self.inner.consume(read);
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        let text = self.buffer.strip_suffix(b"\r").unwrap_or(&self.buffer);
        let text = if self.number == 1 { text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text) } else { text };
        Ok(Some(TextLine { number: self.number, text, is_cut }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn lines_are_whole_across_chunks_and_cut_where_too_long() {
        let long = "x".repeat(LONGEST + 5);
        let text = format!("\u{feff}one\r\n\n{long}\nlast");
        let mut lines = Lines::new("x", BufReader::with_capacity(3, text.as_bytes()));
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            found.push((line.number, line.text.len(), line.is_cut));
        }
        assert_eq!(found, [(1, 3, false), (2, 0, false), (3, LONGEST, true), (4, 4, false)]);
    }
}
