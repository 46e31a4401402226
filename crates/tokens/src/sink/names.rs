//! What may be a name in the systems behind the sinks. A name becomes an argument of a program, so that none may look
//! like an option.

use super::BadSink;

/// The name of an environment variable: what a shell takes.
pub(super) fn is_variable(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit()) && is_made_of(name, "_")
}

/// Letters, digits and these others; not empty, and with no dash in front.
pub(super) fn is_made_of(name: &str, others: &str) -> bool {
    !name.is_empty() && !name.starts_with('-') && name.chars().all(|c| c.is_ascii_alphanumeric() || others.contains(c))
}

/// Fails, with the rule, unless the name is one.
pub(super) fn require(is: bool, name: &str, rule: &'static str) -> Result<(), BadSink> {
    if is { Ok(()) } else { Err(BadSink::Name { name: shown(name), rule }) }
}

/// The text as an error may show it: a token typed in the sink's place must not be printed whole.
pub(super) fn shown(text: &str) -> String {
    const SHOWN: usize = 24;
    let mut short: String = text.chars().take(SHOWN).flat_map(char::escape_default).collect();
    if text.chars().count() > SHOWN {
        short.push('…');
    }
    short
}
