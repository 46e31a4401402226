//! The words of HCL. Expressions are not evaluated here: what stands between quotes is kept as it is written.

use crate::source::SourceError;

/// Texts in templates in texts deeper than this are refused.
const DEPTH: usize = 64;

/// A word with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub(super) word: Word<'a>,
    /// From 1.
    pub(super) line: usize,
    /// The byte where it begins.
    pub(super) at: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Word<'a> {
    /// A name, a number, `true`, `null`.
    Name(&'a str),
    /// What stands between quotes, with its escapes.
    Quoted(&'a str),
    /// A text of several lines; what is in it says nothing here.
    Heredoc,
    /// Anything else: `{`, `=`, `.`, an operator's character.
    Sign(u8),
    Newline,
}

/// The words of a text, without comments.
pub(super) fn tokens<'a>(name: &str, text: &'a str) -> Result<Vec<Token<'a>>, SourceError> {
    let mut reader = Reader { text, bytes: text.as_bytes(), at: 0, line: 1 };
    let mut tokens = Vec::new();
    while let Some(byte) = reader.peek(0) {
        let (at, line) = (reader.at, reader.line);
        let word = match byte {
            b'\n' => {
                reader.step();
                Word::Newline
            }
            b' ' | b'\t' | b'\r' => {
                reader.step();
                continue;
            }
            0xef if at == 0 && text.starts_with('\u{feff}') => {
                reader.at = '\u{feff}'.len_utf8();
                continue;
            }
            b'#' => {
                reader.skip_while(|byte| byte != b'\n');
                continue;
            }
            b'/' if reader.peek(1) == Some(b'/') => {
                reader.skip_while(|byte| byte != b'\n');
                continue;
            }
            b'/' if reader.peek(1) == Some(b'*') => {
                reader.comment().map_err(|what| fault(name, text, at, what))?;
                continue;
            }
            b'"' => reader.quoted().map_err(|what| fault(name, text, at, what))?,
            b'<' if reader.peek(1) == Some(b'<') => reader.heredoc().map_err(|what| fault(name, text, at, what))?,
            _ if is_name(byte) => {
                reader.skip_while(|byte| is_name(byte) || byte == b'-');
                Word::Name(text.get(at..reader.at).unwrap_or_default())
            }
            _ if byte < b' ' => return Err(fault(name, text, at, "a control character stands outside of texts")),
            _ => {
                reader.step();
                Word::Sign(byte)
            }
        };
        tokens.push(Token { word, line, at });
    }
    Ok(tokens)
}

/// A fault at a byte of a text.
pub(super) fn fault(name: &str, text: &str, at: usize, reason: &str) -> SourceError {
    let before = text.get(..at).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    SourceError { source: name.to_owned(), line: Some(line), column: Some(column), reason: reason.to_owned() }
}

/// A byte of a name; beyond ASCII every letter counts as one.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn step(&mut self) {
        if self.peek(0) == Some(b'\n') {
            self.line += 1;
        }
        self.at += 1;
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek(0).is_some_and(&wanted) {
            self.step();
        }
    }

    fn comment(&mut self) -> Result<(), &'static str> {
        self.at += 2;
        while !(self.peek(0) == Some(b'*') && self.peek(1) == Some(b'/')) {
            if self.peek(0).is_none() {
                return Err("a comment has no end");
            }
            self.step();
        }
        self.at += 2;
        Ok(())
    }

    /// From a quote to the one that closes it. In `${…}` and `%{…}` stand expressions, with texts of their own.
    fn quoted(&mut self) -> Result<Word<'a>, &'static str> {
        let from = self.at + 1;
        // What is open: a text, or an expression with so many braces.
        let mut open: Vec<Option<usize>> = vec![None];
        self.step();
        while let Some(inner) = open.last_mut() {
            let byte = self.peek(0).ok_or("a text has no end")?;
            match (inner, byte) {
                (None, b'\n') => return Err("a text does not end on its line"),
                (None, b'\\') => self.at += 1,
                (None, b'"') => drop(open.pop()),
                (None, b'$' | b'%') if self.peek(1) == Some(b'{') => {
                    let doubled = self.at > from && self.bytes.get(self.at - 1) == Some(&byte);
                    self.at += 1;
                    if !doubled {
                        open.push(Some(0));
                    }
                }
                (Some(_), b'"') => open.push(None),
                (Some(braces), b'{') => *braces += 1,
                (Some(0), b'}') => drop(open.pop()),
                (Some(braces), b'}') => *braces -= 1,
                _ => {}
            }
            if open.len() > DEPTH {
                return Err("texts are nested too deeply");
            }
            if self.peek(0).is_none() {
                return Err("a text has no end");
            }
            self.step();
        }
        Ok(Word::Quoted(self.text.get(from..self.at - 1).unwrap_or_default()))
    }

    /// From `<<EOT` to the line that says `EOT`. Two signs without a name are no such text.
    fn heredoc(&mut self) -> Result<Word<'a>, &'static str> {
        let from = self.at;
        self.at += 2;
        if self.peek(0) == Some(b'-') {
            self.at += 1;
        }
        let name_at = self.at;
        self.skip_while(|byte| is_name(byte) || byte == b'-');
        let name = self.text.get(name_at..self.at).unwrap_or_default();
        if name.is_empty() {
            self.at = from + 1;
            return Ok(Word::Sign(b'<'));
        }
        self.skip_while(|byte| byte != b'\n');
        while self.peek(0).is_some() {
            self.step();
            let line_at = self.at;
            self.skip_while(|byte| byte != b'\n');
            if self.text.get(line_at..self.at).unwrap_or_default().trim() == name {
                return Ok(Word::Heredoc);
            }
        }
        Err("a text of several lines has no end")
    }
}
