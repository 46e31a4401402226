//! Characters that a terminal obeys instead of showing them.

/// Whether a terminal would obey the character: the control characters, and those that turn the direction of text.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The character as it may be shown: a hostile one as Rust escapes it, every other as it is.
pub fn harmless(c: char) -> impl Iterator<Item = char> {
    let (kept, escape) = if is_hostile(c) { (None, Some(c.escape_default())) } else { (Some(c), None) };
    kept.into_iter().chain(escape.into_iter().flatten())
}
