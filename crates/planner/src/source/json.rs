//! JSON that is read as it comes, however long it is: what is not asked for is passed over and never kept.
//!
//! A HAR holds whole answers, and most of 100 MB is text inside strings: those are passed over sixteen bytes at a time.
//! `serde_json::from_reader` looks at each byte by itself and is several times slower (docs/sources.md).

use std::io::Read;

use super::SourceError;

/// How deep values may lie in one another.
const DEEPEST: u32 = 128;
/// How much is read at a time.
const CHUNK: usize = 1 << 16;
/// The longest key that a reader asks for; a longer one is none of them.
const LONGEST_KEY: usize = 32;

/// A result with the place of the fault.
pub(super) type Scanned<T> = Result<T, SourceError>;

/// A JSON text, and how far it was read.
pub(super) struct Json<'a, R> {
    source: &'a str,
    inner: R,
    buffer: Box<[u8]>,
    at: usize,
    end: usize,
    /// How many bytes lie before the buffer.
    before: u64,
    line: usize,
    /// The offset at which the line begins.
    line_start: u64,
}

/// A key, if it is short enough to be one that somebody asks for; else an empty one.
#[derive(Default)]
struct Key {
    bytes: [u8; LONGEST_KEY],
    length: usize,
}

impl<'a, R: Read> Json<'a, R> {
    /// Begins to read; a byte order mark is passed over.
    pub(super) fn new(source: &'a str, inner: R) -> Scanned<Self> {
        let mut json = Self {
            source,
            inner,
            buffer: vec![0; CHUNK].into_boxed_slice(),
            at: 0,
            end: 0,
            before: 0,
            line: 1,
            line_start: 0,
        };
        for mark in b"\xef\xbb\xbf" {
            if json.peek()? != Some(*mark) {
                break;
            }
            json.at += 1;
        }
        Ok(json)
    }

    /// The line that is being read, from 1.
    pub(super) fn line(&self) -> usize {
        self.line
    }

    /// The first byte of what comes next, past white space; none at the end.
    pub(super) fn next(&mut self) -> Scanned<Option<u8>> {
        loop {
            match self.peek()? {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\n') => {
                    self.at += 1;
                    self.line += 1;
                    self.line_start = self.offset();
                }
                byte => return Ok(byte),
            }
        }
    }

    /// Reads an object: `each` is given every key and must read its value.
    pub(super) fn members(&mut self, mut each: impl FnMut(&mut Self, &str) -> Scanned<()>) -> Scanned<()> {
        self.expect(b'{', "an object")?;
        if self.next()? == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let key = self.key()?;
            each(self, key.as_str())?;
            if !self.another(b'}')? {
                return Ok(());
            }
        }
    }

    /// Reads an array: `each` must read every element.
    pub(super) fn elements(&mut self, mut each: impl FnMut(&mut Self) -> Scanned<()>) -> Scanned<()> {
        self.expect(b'[', "an array")?;
        if self.next()? == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            each(self)?;
            if !self.another(b']')? {
                return Ok(());
            }
        }
    }

    /// Reads a string; none, passed over, where the value is something else or is longer than `longest` bytes as written.
    pub(super) fn text(&mut self, longest: usize) -> Scanned<Option<String>> {
        if self.next()? != Some(b'"') {
            self.skip()?;
            return Ok(None);
        }
        let mut written = vec![b'"'];
        self.string(|part| {
            if written.len() <= longest {
                written.extend_from_slice(part);
            }
        })?;
        if written.len() > longest {
            return Ok(None);
        }
        written.push(b'"');
        serde_json::from_slice(&written).map(Some).map_err(|_| self.fault("a string is not well formed"))
    }

    /// Reads a whole number that is not negative; none, passed over, where the value is something else.
    pub(super) fn number(&mut self) -> Scanned<Option<u64>> {
        match self.next()? {
            Some(b'0'..=b'9' | b'-') => Ok(self.scalar()?.as_str().parse().ok()),
            _ => self.skip().map(|()| None),
        }
    }

    /// Passes over a value.
    pub(super) fn skip(&mut self) -> Scanned<()> {
        // One bit for each open value: whether it is an object. The innermost is the lowest.
        let (mut objects, mut depth) = (0u128, 0u32);
        loop {
            let opened = match self.next()? {
                Some(b'{') => Some((1, b'}')),
                Some(b'[') => Some((0, b']')),
                Some(b'"') => {
                    self.string(|_| {})?;
                    None
                }
                _ => {
                    self.scalar()?;
                    None
                }
            };
            if let Some((object, close)) = opened {
                self.at += 1;
                if depth == DEEPEST {
                    return Err(self.fault(&format!("values lie more than {DEEPEST} deep in one another")));
                }
                (objects, depth) = (objects << 1 | object, depth + 1);
                if self.next()? != Some(close) {
                    if object == 1 {
                        self.key()?;
                    }
                    continue;
                }
                self.at += 1;
                (objects, depth) = (objects >> 1, depth - 1);
            }
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let object = objects & 1 == 1;
                if self.another(if object { b'}' } else { b']' })? {
                    if object {
                        self.key()?;
                    }
                    break;
                }
                (objects, depth) = (objects >> 1, depth - 1);
            }
        }
    }

    /// A fault at this place.
    pub(super) fn fault(&self, reason: &str) -> SourceError {
        let column = usize::try_from(self.offset().saturating_sub(self.line_start)).unwrap_or(usize::MAX);
        SourceError {
            source: self.source.to_owned(),
            line: Some(self.line),
            column: Some(column.saturating_add(1)),
            reason: reason.to_owned(),
        }
    }

    fn offset(&self) -> u64 {
        self.before + self.at as u64
    }

    fn peek(&mut self) -> Scanned<Option<u8>> {
        if self.at == self.end {
            self.before += self.end as u64;
            (self.at, self.end) = (0, 0);
            self.end = loop {
                match self.inner.read(&mut self.buffer) {
                    Ok(read) => break read.min(self.buffer.len()),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(self.fault(&format!("reading stopped: {}", error.kind()))),
                }
            };
        }
        Ok(self.unread().first().copied())
    }

    /// What is in the buffer and not yet read.
    fn unread(&self) -> &[u8] {
        self.buffer.get(self.at..self.end).unwrap_or_default()
    }

    fn expect(&mut self, wanted: u8, what: &str) -> Scanned<()> {
        match self.next()? {
            Some(found) if found == wanted => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.fault(&format!("{what} is expected here"))),
            None => Err(self.fault("the text ends too early")),
        }
    }

    /// Behind a value: whether another one follows before `close`.
    fn another(&mut self, close: u8) -> Scanned<bool> {
        match self.next()? {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == close => {
                self.at += 1;
                Ok(false)
            }
            Some(_) => Err(self.fault(&format!("`,` or `{}` is expected here", char::from(close)))),
            None => Err(self.fault("the text ends too early")),
        }
    }

    /// A key and the colon behind it.
    fn key(&mut self) -> Scanned<Key> {
        if self.next()? != Some(b'"') {
            return Err(match self.peek()? {
                Some(_) => self.fault("a key is expected here"),
                None => self.fault("the text ends too early"),
            });
        }
        let mut key = Key::default();
        let mut long = false;
        self.string(|part| {
            let free = key.bytes.get_mut(key.length..key.length + part.len());
            match free {
                Some(free) => {
                    free.copy_from_slice(part);
                    key.length += part.len();
                }
                None => long = true,
            }
        })?;
        if long {
            key.length = 0;
        }
        self.expect(b':', "`:`")?;
        Ok(key)
    }

    /// Reads a string and gives what lies between its quotes, as written, in parts.
    fn string(&mut self, mut part: impl FnMut(&[u8])) -> Scanned<()> {
        self.at += 1;
        loop {
            if self.peek()?.is_none() {
                return Err(self.fault("the text ends inside a string"));
            }
            let unread = self.unread();
            let found = memchr::memchr3(b'"', b'\\', b'\n', unread);
            let length = found.unwrap_or(unread.len());
            part(unread.get(..length).unwrap_or_default());
            let byte = found.and_then(|at| unread.get(at).copied());
            self.at += length;
            match byte {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    let escaped = self.peek()?.ok_or_else(|| self.fault("the text ends inside a string"))?;
                    if !b"\"\\/bfnrtu".contains(&escaped) {
                        return Err(self.fault("a string is not well formed"));
                    }
                    part(&[b'\\', escaped]);
                    self.at += 1;
                }
                Some(_) => return Err(self.fault("a line ends inside a string")),
                None => {}
            }
        }
    }

    /// Reads a number, `true`, `false` or `null`.
    fn scalar(&mut self) -> Scanned<Key> {
        match self.peek()? {
            Some(b'0'..=b'9' | b'-' | b't' | b'f' | b'n') => {}
            Some(_) => return Err(self.fault("a value is expected here")),
            None => return Err(self.fault("the text ends too early")),
        }
        let mut word = Key::default();
        while let Some(byte) = self.peek()? {
            if !byte.is_ascii_alphanumeric() && !matches!(byte, b'+' | b'-' | b'.') {
                break;
            }
            // A number that is too long keeps its beginning: it is none that anybody asks for.
            if let Some(free) = word.bytes.get_mut(word.length) {
                *free = byte;
                word.length += 1;
            }
            self.at += 1;
        }
        match word.as_str().as_bytes() {
            b"true" | b"false" | b"null" | [b'0'..=b'9', ..] | [b'-', b'0'..=b'9', ..] => Ok(word),
            _ => Err(self.fault("a value is expected here")),
        }
    }
}

impl Key {
    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives its bytes a few at a time, so that everything lies across the border of two reads.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let length = self.1.min(self.0.len()).min(out.len());
            out[..length].copy_from_slice(&self.0[..length]);
            self.0 = &self.0[length..];
            Ok(length)
        }
    }

    fn skipped(text: &[u8], drop: usize) -> Scanned<()> {
        let mut json = Json::new("x.json", Drops(text, drop))?;
        json.skip()?;
        match json.next()? {
            None => Ok(()),
            Some(_) => Err(json.fault("more")),
        }
    }

    fn value() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(Into::into),
            any::<i64>().prop_map(Into::into),
            any::<f64>().prop_map(Into::into),
            any::<String>().prop_map(Into::into),
        ];
        leaf.prop_recursive(6, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
                prop::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_json_is_passed_over_to_its_end(value in value(), pretty in any::<bool>(), drop in 1usize..9) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
            prop_assert_eq!(skipped(text.as_bytes(), drop), Ok(()));
            // Cut short it is none: every beginning but that of a bare number is refused.
            if !value.is_number() {
                let cut = text.len() / 2;
                prop_assert!(skipped(&text.as_bytes()[..cut], drop).is_err());
            }
        }

        #[test]
        fn a_string_is_read_as_serde_reads_it(text in any::<String>(), drop in 1usize..9) {
            let written = serde_json::to_string(&text).unwrap();
            let mut json = Json::new("x.json", Drops(written.as_bytes(), drop)).unwrap();
            prop_assert_eq!(json.text(1 << 20).unwrap(), Some(text));
        }

        #[test]
        fn nothing_panics_and_every_fault_has_its_place(text in "[\\[\\]{}\",:\\\\ \n0-9a-eltrufns-]{0,60}", drop in 1usize..9) {
            if let Err(error) = skipped(text.as_bytes(), drop) {
                prop_assert!(error.line.is_some() && error.column.is_some());
                prop_assert!(error.line.unwrap() <= text.matches('\n').count() + 1);
            }
        }
    }

    #[test]
    fn a_fault_says_line_and_column() {
        let error = skipped(b"{\n  \"a\": [1,\n    x]}", 100).unwrap_err();
        assert_eq!((error.line, error.column), (Some(3), Some(5)));
        assert_eq!(error.to_string(), "`x.json` cannot be read, line 3, column 5: a value is expected here");
    }

    #[test]
    fn depth_is_bounded_and_a_long_string_is_not_kept() {
        assert!(skipped("[".repeat(1 << 20).as_bytes(), 4096).unwrap_err().reason.contains("deep"));
        let ok = "[".repeat(128) + &"]".repeat(128);
        assert_eq!(skipped(ok.as_bytes(), 7), Ok(()));
        let long = format!("\"{}\"", "a".repeat(1000));
        assert_eq!(Json::new("x", long.as_bytes()).unwrap().text(100), Ok(None));
        assert_eq!(Json::new("x", b"\xef\xbb\xbf\"a\"".as_slice()).unwrap().text(100), Ok(Some("a".into())));
        assert_eq!(Json::new("x", b"200 ".as_slice()).unwrap().number(), Ok(Some(200)));
        assert_eq!(Json::new("x", b"-1".as_slice()).unwrap().number(), Ok(None));
    }
}
