//! Characters that a terminal obeys instead of showing them.

/// Whether a terminal would obey the character: the control characters, and those that turn the direction of text.
#[must_use]
pub fn is_hostile(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
