//! Where a source says something.

use std::fmt;

/// Where a source says something: `wrangler.jsonc:12`, `plan.json: cloudflare_dns_record.www`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin {
    /// The source's name.
    pub source: String,
    /// The line, from 1, where lines tell a reader anything.
    pub line: Option<usize>,
    /// The thing in it, by the name that its own language has for it.
    pub item: Option<String>,
}

impl Origin {
    /// A line of a source.
    #[must_use]
    pub fn line(source: &str, line: usize) -> Self {
        Self { source: source.to_owned(), line: Some(line), item: None }
    }

    /// A thing in a source.
    #[must_use]
    pub fn item(source: &str, item: impl Into<String>) -> Self {
        Self { source: source.to_owned(), line: None, item: Some(item.into()) }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        match &self.item {
            Some(item) => write!(f, ": {item}"),
            None => Ok(()),
        }
    }
}
