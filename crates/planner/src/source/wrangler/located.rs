//! A configuration as a tree whose parts know their lines, whatever language it was written in.

/// A value and the line it begins in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Located {
    /// The line, from 1.
    pub(super) line: usize,
    /// The value.
    pub(super) value: Value,
}

/// A value, as far as the reader has a use for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// JSON's `null`: as good as not there.
    Null,
    /// A text.
    Text(String),
    /// `true` or `false`.
    Truth(bool),
    /// A number or a date.
    Other,
    /// A list.
    List(Vec<Located>),
    /// A table, in the order of the text.
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// The key.
    pub(super) key: String,
    /// The line of the key, from 1.
    pub(super) line: usize,
    /// What it is set to.
    pub(super) value: Located,
}

impl Located {
    /// What a table has under a key, where that is there and not null. Of a key that JSON gives twice the last counts.
    pub(super) fn find(&self, key: &str) -> Option<&Entry> {
        let found = self.entries().iter().rev().find(|entry| entry.key == key);
        found.filter(|entry| entry.value.value != Value::Null)
    }

    /// The text under a key; none where it is empty, as wrangler has it.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.find(key).and_then(|entry| entry.value.text()).filter(|text| !text.is_empty())
    }

    /// The keys of a table with their values; nothing where it is none.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The entries of a list; none where it is no list.
    pub(super) fn items(&self) -> Option<&[Located]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}
