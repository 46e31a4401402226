//! Why a source cannot be read.

use std::fmt;

/// A source that cannot be read, with the place of the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// The source's name, as it was given.
    pub source: String,
    /// The line, from 1; none where the fault is in no one line.
    pub line: Option<usize>,
    /// The column, from 1.
    pub column: Option<usize>,
    /// What is wrong, as a clause; it holds no control character and nothing of the source's values.
    pub reason: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` cannot be read", self.source)?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        if let Some(column) = self.column {
            write!(f, ", column {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

impl std::error::Error for SourceError {}
