//! Where the facts come from.

use crate::tables;

/// Where a part of the catalogue comes from; `catalogue/SOURCES.md` says more.
#[derive(Debug)]
pub struct Source {
    /// The part.
    pub part: &'static str,
    /// The documents or programs.
    pub source: &'static str,
    /// Their date, or the day on which they were read, as `2026-07-27`.
    pub date: &'static str,
}

/// Where the parts of the catalogue come from.
pub fn sources() -> &'static [Source] {
    tables::sources()
}
