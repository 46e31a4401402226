//! Quick reading of JSON that is written plainly: no escape, no control character, no number with a fraction where a
//! number is passed over, little nesting. What the API and most programs write is plain. Anything else is refused
//! without a word, and `serde_json` reads it instead, or says what is wrong with it: so this reader must never take what
//! `serde_json` refuses, nor read it otherwise, and may refuse whatever it likes.
//!
//! It is quick because its whole text is looked over once for what is not plain: then a string ends at the next quote.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// Deeper nesting is not plain; `serde_json` takes more.
const DEEPEST: u8 = 32;

/// A text, read up to some byte.
pub(crate) struct Plain<'de> {
    text: &'de str,
    at: usize,
    depth: u8,
}

/// The text is not plain, or no JSON, or not what was expected there.
#[derive(Debug)]
pub(crate) struct NotPlain;

impl<'de> Plain<'de> {
    /// Begins to read a text; `None` where it is not plain.
    pub(crate) fn new(text: &'de str) -> Option<Self> {
        // No way out before the end, so that many bytes are looked at in one step.
        let plain = text.bytes().fold(true, |plain, byte| plain & (byte >= b' ') & (byte != b'\\'));
        plain.then_some(Self { text, at: 0, depth: 0 })
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'de str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over this text, if it comes next.
    pub(crate) fn pass(&mut self, text: &str) -> bool {
        let comes = self.rest().as_bytes().starts_with(text.as_bytes());
        if comes {
            self.at += text.len();
        }
        comes
    }

    /// Reads one value.
    pub(crate) fn value<T: Deserialize<'de>>(&mut self) -> Option<T> {
        T::deserialize(&mut *self).ok()
    }

    /// Reads one value, behind which there must be nothing.
    pub(crate) fn last_value<T: Deserialize<'de>>(&mut self) -> Option<T> {
        self.value().filter(|_| self.next_byte().is_none())
    }

    /// Reads what follows in an object of which a field was read already, and behind which there must be nothing.
    pub(crate) fn last_fields<T: Deserialize<'de>>(&mut self) -> Option<T> {
        let mut entries = Entries { from: self, first: false, ended: false };
        let value = T::deserialize(MapAccessDeserializer::new(&mut entries)).ok()?;
        (entries.ended && self.next_byte().is_none()).then_some(value)
    }

    /// The byte that comes next, behind spaces.
    fn next_byte(&mut self) -> Option<u8> {
        loop {
            match self.text.as_bytes().get(self.at) {
                Some(b' ') => self.at += 1,
                next => return next.copied(),
            }
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotPlain> {
        if self.next_byte() != Some(byte) {
            return Err(NotPlain);
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<&'de str, NotPlain> {
        self.expect(b'"')?;
        let start = self.at;
        let length = quote(self.text.as_bytes().get(start..).unwrap_or_default()).ok_or(NotPlain)?;
        self.at = start + length + 1;
        self.text.get(start..start + length).ok_or(NotPlain)
    }

    /// Passes over one value, and sees to it that it is one.
    fn skip(&mut self) -> Result<(), NotPlain> {
        match self.next_byte() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.inside(b'{', |from| {
                let mut first = true;
                while from.comes_another(b'}', &mut first)? {
                    from.string()?;
                    from.expect(b':')?;
                    from.skip()?;
                }
                Ok(())
            }),
            Some(b'[') => self.inside(b'[', |from| {
                let mut first = true;
                while from.comes_another(b']', &mut first)? {
                    from.skip()?;
                }
                Ok(())
            }),
            Some(b'0'..=b'9') => self.whole_number(),
            _ if self.pass("null") || self.pass("true") || self.pass("false") => Ok(()),
            _ => Err(NotPlain),
        }
    }

    fn whole_number(&mut self) -> Result<(), NotPlain> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let leading_zero = digits > 1 && self.rest().starts_with('0');
        self.at += digits;
        let goes_on = matches!(self.text.as_bytes().get(self.at), Some(b'.' | b'e' | b'E'));
        if leading_zero || goes_on || digits > 18 { Err(NotPlain) } else { Ok(()) }
    }

    /// Whether an object or a list goes on; its end is passed over, or the comma before what comes.
    fn comes_another(&mut self, end: u8, first: &mut bool) -> Result<bool, NotPlain> {
        let was_first = std::mem::replace(first, false);
        match self.next_byte() {
            Some(byte) if byte == end && was_first => {}
            Some(_) if was_first => return Ok(true),
            Some(byte) if byte == end => {}
            Some(b',') => {
                self.at += 1;
                // No value and no key begins as an object or a list ends, so that a comma before the end is found.
                return Ok(true);
            }
            _ => return Err(NotPlain),
        }
        self.at += 1;
        Ok(false)
    }

    /// Reads what is inside of an object or a list, up to and with its end.
    fn inside<T>(&mut self, start: u8, read: impl FnOnce(&mut Self) -> Result<T, NotPlain>) -> Result<T, NotPlain> {
        self.expect(start)?;
        if self.depth == DEEPEST {
            return Err(NotPlain);
        }
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        Ok(value)
    }
}

/// How many bytes stand before the first quote. Most strings are short: eight bytes at a time are quicker than a call
/// that would look at more.
fn quote(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 0xff;
    let mut before = 0;
    let mut rest = bytes;
    while let Some((eight, others)) = rest.split_first_chunk::<8>() {
        // A quote becomes a zero; the lowest zero byte is the first whose high bit is set here.
        let zero = u64::from_le_bytes(*eight) ^ (ONES * b'"' as u64);
        let found = zero.wrapping_sub(ONES) & !zero & (ONES << 7);
        if found != 0 {
            return Some(before + found.trailing_zeros() as usize / 8);
        }
        before += 8;
        rest = others;
    }
    rest.iter().position(|byte| *byte == b'"').map(|at| before + at)
}

impl<'de> Deserializer<'de> for &mut Plain<'de> {
    type Error = NotPlain;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        match self.next_byte() {
            Some(b'{') => self.inside(b'{', |from| {
                let mut entries = Entries { from, first: true, ended: false };
                let value = visitor.visit_map(&mut entries)?;
                if entries.ended { Ok(value) } else { Err(NotPlain) }
            }),
            Some(b'[') => self.inside(b'[', |from| {
                let mut elements = Elements { from, first: true, ended: false };
                let value = visitor.visit_seq(&mut elements)?;
                if elements.ended { Ok(value) } else { Err(NotPlain) }
            }),
            Some(b'"') => visitor.visit_borrowed_str(self.string()?),
            _ => Err(NotPlain),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        // `visit_none` is what a field gets that is not there; null is told apart from that.
        if self.next_byte() == Some(b'n') {
            return if self.pass("null") { visitor.visit_unit() } else { Err(NotPlain) };
        }
        visitor.visit_some(self)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NotPlain> {
        self.skip()?;
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NotPlain> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier
    }
}

/// The fields of an object.
struct Entries<'p, 'de> {
    from: &'p mut Plain<'de>,
    first: bool,
    ended: bool,
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = NotPlain;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, NotPlain> {
        if !self.from.comes_another(b'}', &mut self.first)? {
            self.ended = true;
            return Ok(None);
        }
        seed.deserialize(BorrowedStrDeserializer::new(self.from.string()?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, NotPlain> {
        self.from.expect(b':')?;
        seed.deserialize(&mut *self.from)
    }
}

/// The elements of a list.
struct Elements<'p, 'de> {
    from: &'p mut Plain<'de>,
    first: bool,
    ended: bool,
}

impl<'de> SeqAccess<'de> for Elements<'_, 'de> {
    type Error = NotPlain;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, NotPlain> {
        if !self.from.comes_another(b']', &mut self.first)? {
            self.ended = true;
            return Ok(None);
        }
        seed.deserialize(&mut *self.from).map(Some)
    }
}

impl de::Error for NotPlain {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl std::error::Error for NotPlain {}

impl fmt::Display for NotPlain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not written plainly")
    }
}

#[cfg(test)]
mod tests;
