//! The words of a shell, before variables are put in.

/// A word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) parts: Vec<Part>,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// What stands there.
    Text(String),
    /// The value of a variable; outside of quotes it can be several words.
    Variable {
        /// Its name.
        name: String,
        /// Whether it stands in double quotes.
        quoted: bool,
    },
    /// The folder that the script is in: `$(dirname "$0")`.
    OwnFolder,
    /// What only a run can tell.
    Unknown,
}

impl Word {
    pub(super) fn push(&mut self, c: char) {
        match self.parts.last_mut() {
            Some(Part::Text(text)) => text.push(c),
            _ => self.parts.push(Part::Text(c.to_string())),
        }
    }

    pub(super) fn push_text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(found)) => found.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    /// The word, if it is plain text.
    pub(super) fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The name and the value, if the word is `NAME=value`.
    pub(super) fn assignment(&self) -> Option<(String, Self)> {
        let Some(Part::Text(first)) = self.parts.first() else { return None };
        let (name, value) = first.split_once('=')?;
        let name = name.strip_suffix('+').unwrap_or(name);
        if !is_name(name) {
            return None;
        }
        let mut parts = vec![Part::Text(value.to_owned())];
        parts.extend(self.parts.iter().skip(1).cloned());
        Some((name.to_owned(), Self { parts }))
    }
}

/// Whether a text can be a variable's name.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// The word as a shell would need it.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}
